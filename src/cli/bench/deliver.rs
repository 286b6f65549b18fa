//! `bench deliver`: deliveries per second ÷ what the HTTP client does in a loop that does nothing else: while a backlog
//! drains, and while as many events come in as are taken.

mod posts;

use std::time::Duration;

use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round, per_second};
use super::load;
use super::process;
use super::server::{Plan, Server, workspace};
use super::sink::Sink;
pub(super) use posts::{Options as PostsOptions, run as run_posts};

/// Events of the backlog for each second that a round takes.
const BACKLOG_PER_SECOND: f64 = 6_000.0;

/// A finished call is handed on after half a second of quiet; the disk comes to rest meanwhile.
const QUIET: Duration = Duration::from_secs(1);

/// Deliveries that take longer are stuck.
const WITHIN: Duration = Duration::from_mins(2);

/// `bench deliver`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
}

/// One round.
#[derive(Debug, Clone, Copy)]
struct Measured {
    /// Deliveries per second while a backlog drained.
    draining: f64,
    /// Deliveries per second while events came in.
    saturated: f64,
    /// Seconds from the last event to the last delivery.
    gone_after: f64,
    /// Requests per second of the loop.
    posts: f64,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let server = Plan::with(sink.address()).start()?;
    let bench = Bench { sink: &sink, server: &server, seconds: options.run.seconds };
    let rounds = options.run.measure(|round| {
        let draining = bench.drain(round)?;
        let posts = posts::measure(sink.address(), options.run.seconds)?;
        let (saturated, gone_after) = bench.saturate(round)?;
        Ok(Measured { draining, saturated, gone_after, posts })
    })?;
    figure::print(&figures(&rounds), options.run.json)
}

fn figures(rounds: &[Measured]) -> [Figure; 2] {
    let of = |value: fn(&Measured) -> f64| {
        rounds.iter().map(|round| Round { ours: value(round), reference: round.posts }).collect()
    };
    let unit = "deliveries/s";
    let draining = Figure::new("deliver", unit, Goal::at_least(0.45), of(|round| round.draining));
    let saturated = Figure::new("deliver-saturated", unit, Goal::at_least(0.33), of(|round| round.saturated));
    let gone_after = rounds.iter().map(|round| round.gone_after);
    [draining, saturated.with("backlog gone after", "s", Goal::at_most(1.0), gone_after)]
}

struct Bench<'a> {
    sink: &'a Sink,
    server: &'a Server,
    seconds: f64,
}

impl Bench<'_> {
    /// Takes events in while deliveries are held back, then lets go.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some seconds of some thousand"
    )]
    fn drain(&self, round: usize) -> anyhow::Result<f64> {
        self.server.pause(&workspace(0))?;
        let load = load::Options::to(self.server, &workspace(0), format!("d{round}"), self.seconds);
        let events = (self.seconds * BACKLOG_PER_SECOND) as usize;
        let done = load::Options { events: Some(events), ..load }.run()?;
        std::thread::sleep(QUIET);
        self.sink.forget()?;
        let began = process::now();
        self.server.resume(&workspace(0))?;
        // Each event gives a callback, each call is registered.
        let seen = self.sink.wait_for(done.accepted + done.calls, WITHIN)?;
        Ok(per_second(seen.count, seconds(began, seen.last)))
    }

    /// Deliveries per second while events come in, and how many seconds later all were delivered.
    fn saturate(&self, round: usize) -> anyhow::Result<(f64, f64)> {
        self.sink.forget()?;
        let done = load::Options::to(self.server, &workspace(0), format!("s{round}"), self.seconds).run()?;
        let seen = self.sink.wait_for(done.accepted + done.calls, WITHIN)?;
        let meanwhile = self.sink.arrivals()?.iter().filter(|arrival| arrival.at <= done.ended).count();
        Ok((per_second(meanwhile, done.seconds), seconds(done.ended, seen.last)))
    }
}

/// From one time of the shared clock to another.
fn seconds(from: u64, to: u64) -> f64 {
    Duration::from_nanos(to.saturating_sub(from)).as_secs_f64()
}
