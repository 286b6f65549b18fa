//! `bench`: measures this build on this machine. Both sides of a ratio are measured in alternating rounds of one run.
//! The server, what it is compared with, the load and the remote systems are processes of their own on loopback, so
//! that the figures hold when the machine's speed drifts. What each bench means is in `docs/performance.md`.

#![expect(dead_code, reason = "shared by benches that are still to come")]

mod bare;
mod control;
mod figure;
mod http;
mod ingest;
mod load;
mod process;
mod server;
mod sink;

use clap::{Args, Subcommand};

/// `bench WHAT`.
#[derive(Debug, Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Durable accepted events per second ÷ requests per second of a bare JSON handler; CPU and p99 likewise.
    Ingest(ingest::Options),
    /// A handler that reads JSON and does nothing else, in a process of its own.
    #[command(hide = true)]
    Bare,
    /// The load of the other benches, in a process of its own.
    #[command(hide = true)]
    Load(load::Options),
    /// The remote systems of the other benches, in a process of their own.
    #[command(hide = true)]
    Sink,
}

/// What every bench can be told.
#[derive(Debug, Clone, Args)]
struct Run {
    /// Print one line of JSON for each figure.
    #[arg(long)]
    json: bool,
    /// Rounds; each measures both sides.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds per side and round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.what {
            What::Ingest(options) => ingest::run(&options),
            What::Bare => bare::run(),
            What::Load(options) => load::run(&options),
            What::Sink => sink::run(),
        }
    }
}

impl Run {
    /// Measures every round. The one before the first warms both sides up and is thrown away.
    fn measure<T>(&self, mut round: impl FnMut(usize) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
        round(0)?;
        (1..=self.rounds).map(round).collect()
    }
}
