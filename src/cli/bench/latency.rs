//! `bench latency`: from when an event was due to be sent until its callback arrived, at a steady rate. The reference is
//! the same load sent straight to whom the callbacks go.

mod trip;

use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round, median, quantile};
use super::load;
use super::server::{Plan, workspace};
use super::sink::Sink;
pub(super) use trip::trips;

/// What is asked for, in milliseconds.
const P50: f64 = 2.5;
const P99: f64 = 5.0;

/// Connections: enough for events not to wait for each other.
pub(super) const CONNECTIONS: usize = 16;

/// `bench latency`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// Events per second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
}

/// Milliseconds of one side in one round.
#[derive(Debug, Clone, Copy)]
struct Side {
    p50: f64,
    p99: f64,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let server = Plan::with(sink.address()).start()?;
    let rounds = options.run.measure(|round| {
        let load = load::Options::to(&server, &workspace(0), format!("l{round}"), options.run.seconds);
        let load = load::Options { rate: Some(options.rate), connections: CONNECTIONS, ..load };
        sink.forget()?;
        let took = trips(&sink, load.run()?.events)?;
        let ours = Side { p50: median(took.iter().copied()), p99: quantile(took, 0.99) };
        let path = "/api/v1/raw/communications/callbacks/telephony/call-event".to_owned();
        let direct = load::Options { addresses: vec![sink.address()], path, ..load }.run()?;
        Ok((ours, Side { p50: direct.p50_ms, p99: direct.p99_ms }))
    })?;
    let figures = [
        figure("latency-p50", &rounds, P50, |side| side.p50),
        figure("latency-p99", &rounds, P99, |side| side.p99),
    ];
    figure::print(&figures, options.run.json)
}

/// The goal is in milliseconds; as a ratio it is what so many milliseconds come to in this run.
fn figure(name: &'static str, rounds: &[(Side, Side)], goal_ms: f64, of: fn(Side) -> f64) -> Figure {
    let reference = median(rounds.iter().map(|(_, reference)| of(*reference)));
    let both = |(ours, reference): &(Side, Side)| Round { ours: of(*ours), reference: of(*reference) };
    Figure::new(name, "ms", Goal::at_most(goal_ms / reference), rounds.iter().map(both).collect())
        .with("ours", "ms", Goal::at_most(goal_ms), rounds.iter().map(|(ours, _)| of(*ours)))
        .noting("the goal is one in ms; that of the ratio is what it comes to in this run")
}
