//! `bench group-commit`: durable events per second, many in a transaction ÷ the same server with one transaction for
//! each event.

use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round};
use super::load;
use super::server::{Plan, Server, workspace};
use super::sink::Sink;

/// `bench group-commit`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let plan = Plan::with(sink.address());
    let grouped = plan.start()?;
    let one_by_one = Plan { command: &["serve", "--largest-batch=1"], ..plan }.start()?;
    for server in [&grouped, &one_by_one] {
        // Deliveries are planned and stored, but not sent: what they store would be in the same transactions.
        server.pause(&workspace(0))?;
    }
    let rounds = options.run.measure(|round| {
        let ours = options.per_second(&grouped, round)?;
        Ok(Round { ours, reference: options.per_second(&one_by_one, round)? })
    })?;
    let figure = Figure::new("group-commit", "events/s", Goal::at_least(8.0), rounds);
    figure::print(&[figure], options.run.json)
}

impl Options {
    fn per_second(&self, server: &Server, round: usize) -> anyhow::Result<f64> {
        let load = load::Options::to(server, &workspace(0), format!("g{round}"), self.run.seconds);
        Ok(load.run()?.per_second())
    }
}
