//! `bench postgres`: the real path with PostgreSQL, on this machine as well ÷ a bare JSON handler; two replicas of the
//! server ÷ one; events that were accepted and told ÷ Svix.

use anyhow::{Context, ensure};
use clap::Args;

use super::Run;
use super::cluster::Cluster;
use super::end_to_end::{SVIX, Told, told};
use super::figure::{self, Figure, Goal, Round};
use super::ingest::Side;
use super::load::{self, Calls};
use super::process::Helper;
use super::server::{Plan, Server, workspace};
use super::sink::Sink;

/// Connections of the two loads, with what is to be reached of the bare handler.
const LOADS: [(usize, &str, f64); 2] = [(64, "postgres-64", 0.22), (256, "postgres-256", 0.35)];

/// Its deliveries are held back: `bench deliver` measures those.
const PAUSED: usize = 0;

/// Its deliveries are made.
const TOLD: usize = 1;

const CPU: &str = "µs of processor time per event";

/// `bench postgres`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// An empty database, `postgres://USER:PASSWORD@HOST/NAME`. A server of PostgreSQL is started for the bench if none is
    /// given.
    #[arg(long, conflicts_with = "setting")]
    database_url: Option<String>,
    /// A setting of the PostgreSQL that is started, such as `shared_buffers=1GB`.
    #[arg(long)]
    setting: Vec<String>,
}

/// What is measured.
struct Bench {
    sink: Sink,
    bare: Helper,
    plan: Plan,
    one: Server,
    /// None if the database is somebody else's. It ends after those who use it.
    cluster: Option<Cluster>,
    seconds: f64,
}

/// What one server told.
#[derive(Debug, Clone, Copy)]
struct Alone {
    told: Told,
    /// Microseconds of processor time for each event.
    server_us: f64,
    database_us: f64,
}

/// What two replicas came to.
#[derive(Debug, Clone, Copy)]
struct Replicas {
    /// Of events that are held back; the reference is one replica.
    accepted: Round,
    /// Events per second that were accepted and told.
    told: f64,
}

/// What became of a load.
#[derive(Debug, Clone, Copy)]
struct Ingest {
    ours: Side,
    /// Microseconds of PostgreSQL's processor time for each event.
    database_us: f64,
    bare: Side,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let bench = Bench::start(options)?;
    // Before anything is held back: that stays in the database.
    let told = options.run.measure(|round| bench.told(round))?;
    bench.one.pause(&workspace(PAUSED))?;
    let loads = LOADS.map(|(connections, ..)| options.run.measure(|round| bench.ingest(connections, round)));
    let [few, many] = loads;
    let replicas = options.run.measure(|round| bench.replicas(round))?;
    figure::print(&figures([&few?, &many?], &replicas, &told), options.run.json)
}

impl Bench {
    fn start(options: &Options) -> anyhow::Result<Self> {
        let (sink, bare) = (Sink::start()?, Helper::start("bare")?);
        let (cluster, database_url) = if let Some(url) = &options.database_url {
            (None, url.clone())
        } else {
            let cluster = Cluster::start(&options.setting)?;
            let url = cluster.url();
            (Some(cluster), url)
        };
        let plan = Plan { workspaces: 2, database_url: Some(database_url), ..Plan::with(sink.address()) };
        let one = plan.start()?;
        ensure!(!one.has_calls()?, "the database has calls; name an empty one");
        Ok(Self { sink, bare, cluster, plan, one, seconds: options.run.seconds })
    }

    /// Events that were accepted and told by one server.
    fn told(&self, round: usize) -> anyhow::Result<Alone> {
        let load = load::Options { calls: Calls::Brief, ..self.load(TOLD, &format!("told-{round}")) };
        let before = (self.one.process.cpu()?.as_secs_f64(), self.database_cpu()?);
        let told = told(&self.sink, &load)?;
        let after = (self.one.process.cpu()?.as_secs_f64(), self.database_cpu()?);
        let of_event = |seconds: f64| seconds * 1e6 / told.events;
        Ok(Alone { told, server_us: of_event(after.0 - before.0), database_us: of_event(after.1 - before.1) })
    }

    /// One replica, and then two that share the same load.
    fn replicas(&self, round: usize) -> anyhow::Result<Replicas> {
        let reference = self.load(PAUSED, &format!("one-{round}")).run()?.per_second();
        let other =
            self.plan.start_in(tempfile::tempdir().context("there is no place for a second server")?)?;
        let by_both =
            |load: load::Options| load::Options { addresses: vec![self.one.address, other.address], ..load };
        let ours = by_both(self.load(PAUSED, &format!("two-{round}"))).run()?.per_second();
        let load = load::Options { calls: Calls::Brief, ..self.load(TOLD, &format!("told-by-two-{round}")) };
        let told = told(&self.sink, &by_both(load))?.per_second;
        other.end();
        Ok(Replicas { accepted: Round { ours, reference }, told })
    }

    /// Both sides, one after the other.
    fn ingest(&self, connections: usize, round: usize) -> anyhow::Result<Ingest> {
        let load = self.load(PAUSED, &format!("{connections}-{round}"));
        let load = load::Options { connections, ..load };
        let before = self.database_cpu()?;
        let ours = Side::measure(&load, || self.one.process.cpu())?;
        let database_us = (self.database_cpu()? - before) * 1e6 / ours.events;
        let bare = Side::measure(&load.sent_to_bare(&self.bare), || self.bare.process.cpu())?;
        Ok(Ingest { ours, database_us, bare })
    }

    /// Seconds of processor time that PostgreSQL has spent; 0 if it is somebody else's.
    fn database_cpu(&self) -> anyhow::Result<f64> {
        Ok(self.cluster.as_ref().map(Cluster::cpu).transpose()?.unwrap_or_default().as_secs_f64())
    }

    fn load(&self, number: usize, name: &str) -> load::Options {
        load::Options::to(&self.one, &workspace(number), name, self.seconds)
    }
}

fn figures(loads: [&[Ingest]; 2], replicas: &[Replicas], told: &[Alone]) -> Vec<Figure> {
    let unit = "events/s";
    let of_loads = LOADS
        .iter()
        .zip(loads)
        .map(|((_, name, goal), rounds)| ingest_figure(name, Goal::at_least(*goal), rounds));
    let to_svix = told.iter().map(|round| Round { ours: round.told.per_second, reference: SVIX }).collect();
    let accepted = replicas.iter().map(|round| round.accepted).collect();
    of_loads
        .chain([
            Figure::new("postgres-replicas", unit, Goal::at_least(1.0), accepted).beside(
                "accepted and told by two",
                unit,
                replicas.iter().map(|round| round.told),
            ),
            Figure::new("postgres-svix", unit, Goal::at_least(8.0), to_svix)
                .beside("server", CPU, told.iter().map(|round| round.server_us))
                .beside("PostgreSQL", CPU, told.iter().map(|round| round.database_us))
                .noting("the reference is Svix as it was measured once, not in this run"),
        ])
        .collect()
}

fn ingest_figure(name: &str, goal: Goal, rounds: &[Ingest]) -> Figure {
    let both = |round: &Ingest| Round { ours: round.ours.per_second, reference: round.bare.per_second };
    let of = |value: fn(&Ingest) -> f64| rounds.iter().map(value);
    Figure::new(name, "events/s", goal, rounds.iter().map(both).collect())
        .beside("server", CPU, of(|round| round.ours.cpu_us))
        .beside("PostgreSQL", CPU, of(|round| round.database_us))
        .beside("bare handler", CPU, of(|round| round.bare.cpu_us))
}
