//! `bench growth`: events per second with millions of finished calls stored ÷ with none, and how long a start takes with
//! each. The stored calls are copies of real ones, as retention leaves them: deliveries of the last 90 days only, and
//! requests of the last 30.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use domain::clock::{Clock as _, SystemClock};
use domain::retention::Retention;
use rustix::fs::statvfs;
use storage::filling::{Filled, Filling, fill};
use tempfile::TempDir;

use super::Run;
use super::figure::{self, Figure, Goal, Round};
use super::load;
use super::server::{Plan, Server, database, workspace};
use super::sink::Sink;

/// Callbacks that are not there by then stay away.
const WITHIN: Duration = Duration::from_mins(1);

/// Calls that are copied.
const ORIGINALS: usize = 1_000;

/// Bytes of disk for each call at most; with less room the bench does not begin.
const BYTES_PER_CALL: u64 = 2_500;

/// `bench growth`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// Finished calls that are stored.
    #[arg(long, default_value_t = 5_000_000)]
    calls: u64,
}

/// Where the databases are, and what they are served with.
struct Bench {
    plan: Plan,
    full: Option<TempDir>,
    empty: Option<TempDir>,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let plan = Plan::with(sink.address());
    let (full, filled) = options.filled(&plan, &sink)?;
    let note = described(filled, &full)?;
    let empty = plan.start()?.kill();
    let mut bench = Bench { plan, full: Some(full), empty: Some(empty) };
    let starts = options.run.measure(|_| bench.start())?;
    let (full, empty) = (bench.serve_full()?, bench.serve_empty()?);
    for server in [&full, &empty] {
        // Deliveries are planned and stored, but not sent: `bench deliver` measures those.
        server.pause(&workspace(0))?;
    }
    let rounds = options.run.measure(|round| {
        let ours = options.per_second(&full, round)?;
        Ok(Round { ours, reference: options.per_second(&empty, round)? })
    })?;
    let growth = Figure::new("growth", "events/s", Goal::at_least(0.85), rounds).noting(note);
    figure::print(&[growth, start_figure(starts)], options.run.json)
}

/// The goal of the ratio is that of its two sides.
fn start_figure(starts: Vec<Round>) -> Figure {
    let (full, empty): (Vec<f64>, Vec<f64>) =
        starts.iter().map(|round| (round.ours, round.reference)).unzip();
    let figure = Figure::new("growth-start", "ms", Goal::at_most(500.0 / 40.0), starts);
    figure.with("start to ready, calls stored", "ms", Goal::at_most(500.0), full).with(
        "start to ready, empty",
        "ms",
        Goal::at_most(40.0),
        empty,
    )
}

impl Bench {
    fn serve_full(&mut self) -> anyhow::Result<Server> {
        self.plan.start_in(self.full.take().context("the database is in use")?)
    }

    fn serve_empty(&mut self) -> anyhow::Result<Server> {
        self.plan.start_in(self.empty.take().context("the database is in use")?)
    }

    /// Milliseconds from the start of the process until it is ready, of both sides.
    fn start(&mut self) -> anyhow::Result<Round> {
        let full = self.serve_full()?;
        let ours = full.started_in.as_secs_f64() * 1e3;
        self.full = Some(full.kill());
        let empty = self.serve_empty()?;
        let reference = empty.started_in.as_secs_f64() * 1e3;
        self.empty = Some(empty.kill());
        Ok(Round { ours, reference })
    }
}

impl Options {
    /// A database with so many calls: some real ones, then copies of them.
    fn filled(&self, plan: &Plan, sink: &Sink) -> anyhow::Result<(TempDir, Filled)> {
        let server = plan.start()?;
        let load = self.load(&server, "real".to_owned());
        let events = ORIGINALS * load.calls.steps().len();
        let done = load::Options { events: Some(events), ..load }.run()?;
        sink.wait_for(done.accepted + done.calls, WITHIN)?;
        server.drained()?;
        let folder = server.kill();
        has_room(folder.path(), self.calls)?;
        let filling = Filling { calls: self.calls, now: SystemClock.now(), retention: Retention::default() };
        let filled = fill(&database(folder.path()), &filling).context("the database cannot be filled")?;
        Ok((folder, filled))
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

fn described(filled: Filled, folder: &TempDir) -> anyhow::Result<String> {
    let megabytes = database(folder.path()).metadata()?.len() / 1_000_000;
    let Filled { calls, with_deliveries, with_requests } = filled;
    Ok(format!(
        "{calls} calls stored, {with_deliveries} of them with deliveries, {with_requests} with requests: {megabytes} MB"
    ))
}
