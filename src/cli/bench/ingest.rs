//! `bench ingest`: the real path (signature, parse, dedupe, fold, plan, commit to disk) ÷ a bare JSON handler.

use clap::Args;

use super::figure::{self, Figure, Goal, Round, per_second};
use super::load;
use super::process::{Helper, Process};
use super::server::{Plan, Server, workspace};
use super::sink::Sink;
use super::{Run, bare};

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
struct Side {
    per_second: f64,
    /// Microseconds of processor time for each event.
    cpu_us: f64,
    p99_ms: f64,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let server = Plan::with(sink.address()).start()?;
    // Deliveries are planned and stored, but not sent: `bench deliver` measures those.
    server.pause(&workspace(0))?;
    let bare = Helper::start("bare")?;
    let rounds = options
        .run
        .measure(|round| Ok((options.ours(&server, round)?, options.reference(&server, &bare, round)?)))?;
    figure::print(&figures(options, &rounds), options.run.json)
}

impl Options {
    fn ours(&self, server: &Server, round: usize) -> anyhow::Result<Side> {
        let load = load::Options::to(server, &workspace(0), format!("r{round}"), self.run.seconds);
        measure(&load::Options { connections: self.connections, ..load }, &server.process)
    }

    fn reference(&self, server: &Server, bare: &Helper, round: usize) -> anyhow::Result<Side> {
        let load = load::Options::to(server, &workspace(0), format!("r{round}"), self.run.seconds);
        let load = load::Options { address: bare.address, path: bare::PATH.to_owned(), ..load };
        measure(&load::Options { connections: self.connections, ..load }, &bare.process)
    }
}

fn measure(load: &load::Options, process: &Process) -> anyhow::Result<Side> {
    let load = load.prepare()?;
    let before = process.cpu()?;
    let done = load.go().wait()?;
    let cpu = process.cpu()?.saturating_sub(before);
    let events_of_a_second = per_second(done.accepted, cpu.as_secs_f64());
    Ok(Side { per_second: done.per_second(), cpu_us: 1e6 / events_of_a_second, p99_ms: done.p99_ms })
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
