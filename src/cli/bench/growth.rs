//! `bench growth`: events per second with millions of finished calls stored ÷ with none, and how long a start takes with
//! each. The calls are copies of a thousand real ones, as retention leaves them: deliveries of the last 90 days only, and
//! requests of the last 30.

mod side;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use domain::clock::{Clock as _, SystemClock};
use domain::retention::Retention;
use rustix::fs::statvfs;
use storage::filling::{Filled, Filling, fill};

use self::side::Side;
use super::Run;
use super::figure::{self, Figure, Goal, Round};
use super::load;
use super::server::{Server, workspace};
use super::sink::Sink;

/// Callbacks that are not there by then stay away.
const WITHIN: Duration = Duration::from_mins(1);

/// Calls that are copied.
const ORIGINALS: usize = 1_000;

/// Bytes of disk for each call at most; with less room the bench does not begin.
const BYTES_PER_CALL: u64 = 3_000;

/// `bench growth`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// Finished calls that are stored.
    #[arg(long, default_value_t = 5_000_000)]
    calls: u64,
    /// With PostgreSQL; one is started for each side.
    #[arg(long)]
    postgres: bool,
    /// A setting of the PostgreSQL that is started, such as `shared_buffers=1GB`.
    #[arg(long, requires = "postgres")]
    setting: Vec<String>,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let mut full = options.side(&sink)?;
    let note = described(options.fill(&mut full, &sink)?);
    let mut empty = options.side(&sink)?;
    let server = empty.start()?;
    empty.stop(server);
    let starts = options
        .run
        .measure(|_| Ok(Round { ours: milliseconds(&mut full)?, reference: milliseconds(&mut empty)? }))?;
    let (full, empty) = (full.serve()?, empty.serve()?);
    for server in [&full, &empty] {
        // Deliveries are planned and stored, but not sent: `bench deliver` measures those.
        server.pause(&workspace(0))?;
    }
    let rounds = options.run.measure(|round| {
        let ours = options.per_second(&full, round)?;
        Ok(Round { ours, reference: options.per_second(&empty, round)? })
    })?;
    let growth = Figure::new(options.named("growth"), "events/s", Goal::at_least(0.85), rounds).noting(note);
    figure::print(&[growth, start_figure(options.named("growth-start"), starts)], options.run.json)
}

/// From the start of the process until it is ready.
fn milliseconds(side: &mut Side) -> anyhow::Result<f64> {
    let server = side.serve()?;
    let took = server.started_in.as_secs_f64() * 1e3;
    side.stop(server);
    Ok(took)
}

/// The goal of the ratio is that of its two sides.
fn start_figure(name: String, starts: Vec<Round>) -> Figure {
    let (full, empty): (Vec<f64>, Vec<f64>) =
        starts.iter().map(|round| (round.ours, round.reference)).unzip();
    let figure = Figure::new(name, "ms", Goal::at_most(500.0 / 40.0), starts);
    figure.with("start to ready, calls stored", "ms", Goal::at_most(500.0), full).with(
        "start to ready, empty",
        "ms",
        Goal::at_most(40.0),
        empty,
    )
}

impl Options {
    fn named(&self, figure: &str) -> String {
        if self.postgres { format!("postgres-{figure}") } else { figure.to_owned() }
    }

    fn side(&self, sink: &Sink) -> anyhow::Result<Side> {
        if self.postgres { Side::with_postgres(sink, &self.setting) } else { Ok(Side::with_sqlite(sink)) }
    }

    /// Puts so many calls into the database: some real ones, then copies of them.
    fn fill(&self, side: &mut Side, sink: &Sink) -> anyhow::Result<Filled> {
        let server = side.start()?;
        let load = self.load(&server, "real".to_owned());
        let events = ORIGINALS * load.calls.steps().len();
        let done = load::Options { events: Some(events), ..load }.run()?;
        sink.wait_for(done.accepted + done.calls, WITHIN)?;
        server.drained()?;
        side.stop(server);
        has_room(&std::env::temp_dir(), self.calls)?;
        let filling = Filling { calls: self.calls, now: SystemClock.now(), retention: Retention::default() };
        let filled = fill(&side.place()?, &filling).context("the database cannot be filled")?;
        side.settle()?;
        Ok(filled)
    }

    fn load(&self, server: &Server, name: String) -> load::Options {
        let load = load::Options::to(server, &workspace(0), name, self.run.seconds);
        load::Options { scattered: true, ..load }
    }

    fn per_second(&self, server: &Server, round: usize) -> anyhow::Result<f64> {
        Ok(self.load(server, format!("g{round}")).run()?.per_second())
    }
}

fn has_room(folder: &Path, calls: u64) -> anyhow::Result<()> {
    let space = statvfs(folder)?;
    let (free, needed) =
        (space.f_bavail.saturating_mul(space.f_frsize), calls.saturating_mul(BYTES_PER_CALL));
    ensure!(
        free >= needed,
        "{} has {} MB left, and {calls} calls may need {} MB; set TMPDIR to a folder with more room, or --calls to fewer",
        folder.display(),
        free / 1_000_000,
        needed / 1_000_000
    );
    Ok(())
}

fn described(filled: Filled) -> String {
    let Filled { calls, with_deliveries, with_requests, bytes } = filled;
    let megabytes = bytes / 1_000_000;
    format!(
        "{calls} calls stored, {with_deliveries} of them with deliveries, {with_requests} with requests: {megabytes} MB"
    )
}
