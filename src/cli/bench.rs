//! `bench`: measures this build on this machine. Both sides of a ratio are measured in alternating rounds of one run.
//! The server, what it is compared with, the load and the remote systems are processes of their own on loopback, so
//! that the figures hold when the machine's speed drifts. What each bench means is in `docs/performance.md`.

mod apart;
mod bare;
mod cluster;
mod control;
mod deliver;
mod end_to_end;
mod figure;
mod group_commit;
mod growth;
mod http;
mod ingest;
mod latency;
mod load;
mod memory;
mod neighbours;
mod postgres;
mod process;
mod server;
mod sink;
mod sync;

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
    /// Durable events per second with group commit ÷ with one transaction per event.
    GroupCommit(group_commit::Options),
    /// Deliveries per second, from a backlog and beside a full load ÷ a loop around the HTTP client.
    Deliver(deliver::Options),
    /// Events per second, each accepted and told in order with two callbacks ÷ Svix.
    EndToEnd(end_to_end::Options),
    /// From when an event is sent until its callback arrives, at a steady rate.
    Latency(latency::Options),
    /// Calls per second that are read from a provider's history and registered ÷ a loop of the same requests.
    Sync(sync::Options),
    /// Events per second, and the time to start, with millions of finished calls stored ÷ with none.
    Growth(growth::Options),
    /// Durable accepted events per second on PostgreSQL ÷ a bare JSON handler; two replicas ÷ one; told events ÷ Svix.
    Postgres(postgres::Options),
    /// Memory of the server: idle, under load, with many open calls, with many workspaces.
    Memory(memory::Options),
    /// How much later callbacks arrive because another workspace's or destination's remote system is in trouble.
    Neighbours(neighbours::Options),
    /// A handler that reads JSON and does nothing else, in a process of its own.
    #[command(hide = true)]
    Bare,
    /// The load of the other benches, in a process of its own.
    #[command(hide = true)]
    Load(load::Options),
    /// A loop around the HTTP client, in a process of its own.
    #[command(hide = true)]
    Posts(deliver::PostsOptions),
    /// A loop that makes the requests of an import, in a process of its own.
    #[command(hide = true)]
    Requests(sync::RequestsOptions),
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
            What::GroupCommit(options) => group_commit::run(&options),
            What::Deliver(options) => deliver::run(&options),
            What::EndToEnd(options) => end_to_end::run(&options),
            What::Latency(options) => latency::run(&options),
            What::Sync(options) => sync::run(&options),
            What::Growth(options) => growth::run(&options),
            What::Postgres(options) => postgres::run(&options),
            What::Memory(options) => memory::run(&options),
            What::Neighbours(options) => neighbours::run(&options),
            What::Bare => bare::run(),
            What::Load(options) => load::run(&options),
            What::Posts(options) => deliver::run_posts(&options),
            What::Requests(options) => sync::run_requests(&options),
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
