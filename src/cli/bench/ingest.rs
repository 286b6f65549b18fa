//! `bench ingest`: the real path (signature, parse, dedupe, fold, plan, commit to disk) ÷ a bare JSON handler.

use std::time::Duration;

use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round, per_second};
use super::load;
use super::process::Helper;
use super::server::{Plan, Server, workspace};
use super::sink::Sink;

/// `bench ingest`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// Connections, each with one event under way.
    #[arg(long, default_value_t = 64)]
    connections: usize,
}

/// What one side did in one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    /// Events that were accepted.
    pub(super) events: f64,
    pub(super) per_second: f64,
    /// Microseconds of processor time for each event.
    pub(super) cpu_us: f64,
    p99_ms: f64,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let server = Plan::with(sink.address()).start()?;
    // Deliveries are planned and stored, but not sent: `bench deliver` measures those.
    server.pause(&workspace(0))?;
    let bare = Helper::start("bare")?;
    let rounds = options.run.measure(|round| {
        let load = options.load(&server, round);
        let ours = Side::measure(&load, || server.process.cpu())?;
        Ok((ours, Side::measure(&load.sent_to_bare(&bare), || bare.process.cpu())?))
    })?;
    figure::print(&figures(options, &rounds), options.run.json)
}

impl Options {
    fn load(&self, server: &Server, round: usize) -> load::Options {
        let load = load::Options::to(server, &workspace(0), format!("r{round}"), self.run.seconds);
        load::Options { connections: self.connections, ..load }
    }
}

impl Side {
    /// Runs the load; `cpu` says what processor time was spent so far by whoever takes it.
    pub(super) fn measure(
        load: &load::Options,
        cpu: impl Fn() -> anyhow::Result<Duration>,
    ) -> anyhow::Result<Self> {
        let load = load.prepare()?;
        let before = cpu()?;
        let done = load.go().wait()?;
        let cpu = cpu()?.saturating_sub(before);
        let events = per_second(done.accepted, 1.0);
        let cpu_us = cpu.as_secs_f64() * 1e6 / events;
        Ok(Self { events, per_second: done.per_second(), cpu_us, p99_ms: done.p99_ms })
    }
}

fn figures(options: &Options, rounds: &[(Side, Side)]) -> [Figure; 3] {
    let of = |value: fn(Side) -> f64| {
        let round =
            |(ours, reference): &(Side, Side)| Round { ours: value(*ours), reference: value(*reference) };
        rounds.iter().map(round).collect()
    };
    let goal = if options.connections >= 256 { 0.40 } else { 0.35 };
    [
        Figure::new("ingest", "events/s", Goal::at_least(goal), of(|side| side.per_second)),
        Figure::new(
            "ingest-cpu",
            "µs of processor time per event",
            Goal::at_most(3.0),
            of(|side| side.cpu_us),
        ),
        Figure::new("ingest-p99", "ms", Goal::at_most(1.5), of(|side| side.p99_ms)),
    ]
}
