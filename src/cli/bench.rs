//! `bench`: measures this build on this machine. Both sides of a ratio are measured in alternating rounds of one run,
//! with the load from another process, so that the figures hold when the machine's speed drifts.

mod ingest;
mod load;

use clap::{Args, Subcommand};
use serde::Serialize;

/// `bench WHAT`.
#[derive(Debug, Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Durable accepted events per second ÷ requests per second of a bare JSON handler.
    Ingest(ingest::Options),
    /// The load of the other benches, in a process of its own.
    #[command(hide = true)]
    Load(load::Options),
}

/// What a bench prints.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    /// Median over the rounds of ours ÷ reference.
    ratio: f64,
    goal: f64,
    rounds: Vec<Round>,
}

/// One round: both sides, one after the other.
#[derive(Debug, Clone, Copy, Serialize)]
struct Round {
    ours: f64,
    reference: f64,
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.what {
            What::Ingest(options) => ingest::run(&options),
            What::Load(options) => load::run(&options),
        }
    }
}

impl Figure {
    fn new(name: &'static str, goal: f64, rounds: Vec<Round>) -> Self {
        let mut ratios: Vec<f64> = rounds.iter().map(|round| round.ours / round.reference).collect();
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
        Self { name, ratio, goal, rounds }
    }

    #[expect(clippy::print_stdout, reason = "the bench's answer")]
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        println!("{}: ratio {:.3} (goal {:.2})", self.name, self.ratio, self.goal);
        for Round { ours, reference } in &self.rounds {
            println!("  ours {ours:>10.0}/s   reference {reference:>10.0}/s   {:.3}", ours / reference);
        }
        Ok(())
    }
}
