//! `bench load`: signed events of calls that go on side by side, one per request, over keep-alive connections. All
//! requests are made ready before the first is sent, since the load shares the processors with what it measures.

mod closed;
mod open;
mod prepare;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use self::prepare::Requests;
use super::bare;
use super::figure::per_second;
use super::process::{Helper, Process, first_line, program};
use super::server::{Server, WEBHOOK_SECRET, webhook_path};

/// `bench load`.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// Where to send. Events of each connection, and so those of a call, go to each of several in turn.
    #[arg(long = "address", required = true)]
    pub(super) addresses: Vec<SocketAddr>,
    /// Which path to post to.
    #[arg(long)]
    pub(super) path: String,
    /// Makes the calls of this load differ from those of others.
    #[arg(long)]
    pub(super) name: String,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 64)]
    pub(super) connections: usize,
    /// For how long.
    #[arg(long)]
    pub(super) seconds: f64,
    /// What happens in each call.
    #[arg(long, value_enum, default_value = "whole")]
    pub(super) calls: Calls,
    /// Makes the calls' ids, and the numbers of their clients, fall all over those of millions of calls.
    #[arg(long)]
    pub(super) scattered: bool,
    /// Sends so many events a second, whether or not earlier ones were answered. As many as are taken, if not given.
    #[arg(long)]
    pub(super) rate: Option<u32>,
    /// Ends after so many events. As many as are taken in the time, if not given.
    #[arg(long)]
    pub(super) events: Option<usize>,
}

/// What happens in each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Calls {
    /// Started, rang, answered, ended, finished: five events, each with one callback of its own.
    Whole,
    /// Rang, finished: two events, each with two callbacks of its own.
    Brief,
    /// Started, rang, answered: three events of a call that goes on.
    Open,
}

/// What a load did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Done {
    /// Requests answered with 200.
    pub(super) accepted: usize,
    /// Calls whose last event was among them; not counted with a rate.
    pub(super) calls: usize,
    /// In so many seconds.
    pub(super) seconds: f64,
    /// When the first was sent and when the last was answered, on the clock that all processes share.
    pub(super) began: u64,
    pub(super) ended: u64,
    /// From sending a request (with a rate: from when it was due) to its answer, in milliseconds.
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// With a rate: every event.
    pub(super) events: Vec<Sent>,
}

/// An event of a load with a rate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sent {
    /// The telephony's id of the call.
    pub(super) call: String,
    /// Which of the call's events, counted from 0.
    pub(super) step: usize,
    /// When it was due, on the clock that all processes share.
    pub(super) due: u64,
}

impl Done {
    /// Events accepted per second.
    pub(super) fn per_second(&self) -> f64 {
        per_second(self.accepted, self.seconds)
    }
}

impl Calls {
    /// The events of a call: their type, and whether they are about its leg.
    pub(super) fn steps(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Whole => &[
                ("call.started", false),
                ("leg.ringing", true),
                ("leg.answered", true),
                ("leg.ended", true),
                ("call.finished", false),
            ],
            Self::Brief => &[("leg.ringing", true), ("call.finished", false)],
            Self::Open => &[("call.started", false), ("leg.ringing", true), ("leg.answered", true)],
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Brief => "brief",
            Self::Open => "open",
        }
    }
}

impl Options {
    /// Whole calls to a workspace of the server, as many as it takes.
    pub(super) fn to(server: &Server, workspace: &str, name: impl Into<String>, seconds: f64) -> Self {
        Self {
            addresses: vec![server.address],
            path: webhook_path(workspace),
            name: name.into(),
            connections: 64,
            seconds,
            calls: Calls::Whole,
            scattered: false,
            rate: None,
            events: None,
        }
    }

    /// The same sent to a handler that does nothing with it.
    pub(super) fn sent_to_bare(self, bare: &Helper) -> Self {
        Self { addresses: vec![bare.address], path: bare::PATH.to_owned(), ..self }
    }

    fn arguments(&self) -> Vec<String> {
        let number = |name: &str, value: Option<String>| value.map(|value| format!("--{name}={value}"));
        let mut arguments: Vec<_> =
            self.addresses.iter().map(|address| format!("--address={address}")).collect();
        arguments.extend([
            format!("--path={}", self.path),
            format!("--name={}", self.name),
            format!("--connections={}", self.connections),
            format!("--seconds={}", self.seconds),
            format!("--calls={}", self.calls.word()),
        ]);
        arguments.extend(self.scattered.then(|| "--scattered".to_owned()));
        arguments.extend(number("rate", self.rate.map(|rate| rate.to_string())));
        arguments.extend(number("events", self.events.map(|events| events.to_string())));
        arguments
    }

    /// Starts the load in a process of its own; it waits for [`Load::go`].
    pub(super) fn prepare(&self) -> anyhow::Result<Load> {
        let mut process = Process::start(
            program()?
                .args(["bench", "load"])
                .args(self.arguments())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
        )?;
        let ready = first_line(process.child().stdout.as_mut())?;
        ensure!(ready == READY, "the load did not start; see above");
        Ok(Load(process))
    }

    /// The whole load.
    pub(super) fn run(&self) -> anyhow::Result<Done> {
        self.prepare()?.go().wait()
    }
}

/// A load that is ready, or under way.
pub(super) struct Load(Process);

impl Load {
    /// Begins to send.
    pub(super) fn go(mut self) -> Self {
        drop(self.0.child().stdin.take());
        self
    }

    /// Waits until all is sent.
    pub(super) fn wait(mut self) -> anyhow::Result<Done> {
        let output = io::read_to_string(self.0.child().stdout.take().context("the load is gone")?)?;
        serde_json::from_str(&output).context("the load failed; see above")
    }
}

/// What the load says when it is.
const READY: &str = "ready";

/// Makes the requests, waits until standard input ends, sends, and prints what was done as JSON.
#[expect(clippy::print_stdout, reason = "read by the process that asked for the load")]
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let requests = Requests::prepare(options, WEBHOOK_SECRET)?;
    println!("{READY}");
    io::stdout().flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    let done = match options.rate {
        Some(rate) => open::send(options, &requests, rate)?,
        None => closed::send(options, &requests)?,
    };
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

/// Whether an answer says that the event was accepted.
fn accepted(answer: &[u8]) -> anyhow::Result<()> {
    ensure!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "an event was not accepted: {}",
        String::from_utf8_lossy(answer).lines().next().unwrap_or_default()
    );
    Ok(())
}
