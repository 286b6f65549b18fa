//! `bench memory`: what the server holds ÷ what it may hold. Each measurement has a server and a database of its own;
//! what it is compared with is the goal.

use std::time::Duration;

use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round};
use super::load::{self, Calls};
use super::server::{Plan, Server, workspace};
use super::sink::Sink;
use super::sync;

/// `bench memory`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// Calls that go on.
    #[arg(long, default_value_t = 10_000)]
    open_calls: usize,
    /// Workspaces.
    #[arg(long, default_value_t = 2_000)]
    workspaces: usize,
    /// Calls of a history that is read.
    #[arg(long, default_value_t = 100_000)]
    calls: usize,
}

/// What the server is measured in the middle of, and what it may hold then, in MiB.
#[derive(Debug, Clone, Copy)]
enum State {
    /// Set up, and nothing going on.
    Idle,
    /// 64 connections that send as many events as are taken; each is delivered.
    Loaded,
    /// Calls that go on, of which everything was told.
    OpenCalls,
    /// Workspaces that are set up, and nothing going on.
    Workspaces,
    /// A long history that is read: what the server grows by, once its caches are full.
    Import,
}

const STATES: [(&str, State, f64); 5] = [
    ("memory-idle", State::Idle, 16.0),
    ("memory-loaded", State::Loaded, 64.0),
    ("memory-open-calls", State::OpenCalls, 96.0),
    ("memory-workspaces", State::Workspaces, 64.0),
    ("memory-import", State::Import, 16.0),
];

/// What is let go of after a start is let go of by then.
const QUIET: Duration = Duration::from_secs(1);

/// MiB; memory is counted in pages of 4 KiB.
const SMALLEST: f64 = 4.0 / 1024.0;

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let rounds = options.run.measure(|_| {
        let round =
            |(_, state, goal): &(_, _, _)| Ok(Round { ours: options.held(*state)?, reference: *goal });
        STATES.iter().map(round).collect::<anyhow::Result<Vec<Round>>>()
    })?;
    let figures = STATES.iter().enumerate().map(|(index, (name, ..))| {
        let rounds = rounds.iter().filter_map(|round| round.get(index).copied()).collect();
        Figure::new(*name, "MiB", Goal::at_most(1.0), rounds)
    });
    figure::print(&figures.collect::<Vec<_>>(), options.run.json)
}

impl Options {
    /// MiB that the server holds in that state: under load the most it ever held, else what it holds at the end.
    fn held(&self, state: State) -> anyhow::Result<f64> {
        let sink = Sink::start()?;
        let workspaces = if matches!(state, State::Workspaces) { self.workspaces } else { 1 };
        let server = Plan { workspaces, ..Plan::with_history(sink.address()) }.start()?;
        match state {
            State::Idle | State::Workspaces => {}
            State::Loaded => {
                self.load(&server).run()?;
                return server.process.most_memory();
            }
            State::Import => return self.grown(&server, &sink),
            State::OpenCalls => {
                let load = load::Options { calls: Calls::Open, ..self.load(&server) };
                let events = self.open_calls * Calls::Open.steps().len();
                load::Options { events: Some(events), ..load }.run()?;
                server.drained()?;
            }
        }
        std::thread::sleep(QUIET);
        server.process.memory()
    }

    /// MiB that the most memory held during an import is above that after a first tenth of it.
    fn grown(&self, server: &Server, sink: &Sink) -> anyhow::Result<f64> {
        sync::import(server, sink, "first", self.calls / 10)?;
        let before = server.process.memory()?;
        sync::import(server, sink, "all", self.calls)?;
        Ok((server.process.most_memory()? - before).max(SMALLEST))
    }

    fn load(&self, server: &Server) -> load::Options {
        load::Options::to(server, &workspace(0), "m", self.run.seconds)
    }
}
