//! `bench sync`: calls per second that are read from a provider's history and registered ÷ a loop that makes the same
//! requests and does nothing else.

mod requests;

use std::time::Duration;

use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round, per_second};
use super::process;
use super::server::{Plan, Server, workspace};
use super::sink::Sink;
pub(super) use requests::{Options as RequestsOptions, run as run_requests};

/// An import that takes longer is stuck.
const WITHIN: Duration = Duration::from_mins(10);

/// `bench sync`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// Calls of the history, per side and round.
    #[arg(long, default_value_t = 100_000)]
    calls: usize,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let server = Plan::with_history(sink.address()).start()?;
    let rounds = options.run.measure(|round| {
        let ours = import(&server, &sink, &format!("r{round}"), options.calls)?;
        Ok(Round { ours, reference: requests::measure(sink.address(), options.calls)? })
    })?;
    figure::print(&[Figure::new("sync", "calls/s", Goal::at_least(0.6), rounds)], options.run.json)
}

/// Has the server read a history of calls that it does not know; gives the calls per second until the last of them was
/// registered.
pub(super) fn import(server: &Server, sink: &Sink, name: &str, calls: usize) -> anyhow::Result<f64> {
    sink.has_history(name, calls)?;
    sink.forget()?;
    let began = process::now();
    server.begin_sync(&workspace(0))?;
    let seen = sink.wait_for(calls, WITHIN)?;
    server.drained()?;
    Ok(per_second(calls, Duration::from_nanos(seen.last.saturating_sub(began)).as_secs_f64()))
}
