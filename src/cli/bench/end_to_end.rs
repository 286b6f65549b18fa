//! `bench end-to-end`: events per second that were accepted and told to Kontur, in order, with two callbacks each.
//!
//! A call has two events here. The first is a leg that rings; since the call was not known it gives call-started and
//! call-event `appeared`. The second is the end; since the leg is open it gives call-event `disconnected` and
//! call-finished. The four are one lane. The register-call that follows is delivered as well, but not counted.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round, per_second};
use super::load::{self, Calls};
use super::process::Helper;
use super::server::{Plan, workspace};
use super::sink::{Arrival, Sink};

/// Messages per second that Svix accepted and delivered twice, as measured on the machine that the goals were set on.
pub(super) const SVIX: f64 = 780.0;

/// 8,000 events per second on that machine, where the bare handler took 105,000 requests.
const GOAL_OF_BARE: f64 = 0.076;

/// What Kontur is told of a call, in this order.
const CALLBACKS: [&str; 5] = ["call-started", "appeared", "disconnected", "call-finished", REGISTRATION];

const REGISTRATION: &str = "register-call";

/// Deliveries that take longer are stuck.
const WITHIN: Duration = Duration::from_mins(2);

/// `bench end-to-end`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let server = Plan::with(sink.address()).start()?;
    let bare = Helper::start("bare")?;
    let rounds = options.run.measure(|round| {
        let load = load::Options::to(&server, &workspace(0), format!("e{round}"), options.run.seconds);
        let reference = load.clone().sent_to_bare(&bare).run()?.per_second();
        let ours = told(&sink, &load::Options { calls: Calls::Brief, ..load })?.per_second;
        Ok(Round { ours, reference })
    })?;
    figure::print(&figures(rounds), options.run.json)
}

fn figures(rounds: Vec<Round>) -> [Figure; 2] {
    let to_svix = rounds.iter().map(|round| Round { reference: SVIX, ..*round }).collect();
    let events: Vec<f64> = rounds.iter().map(|round| round.ours).collect();
    [
        Figure::new("end-to-end", "events/s", Goal::at_least(10.0), to_svix)
            .with("events", "/s", Goal::at_least(8_000.0), events)
            .noting("the reference is Svix as it was measured once, not in this run"),
        Figure::new("end-to-end-bare", "events/s", Goal::at_least(GOAL_OF_BARE), rounds)
            .noting("the reference is a bare JSON handler in this run"),
    ]
}

/// Events that were accepted and told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) events: f64,
    /// From the first that was sent until the last callback was there.
    pub(super) per_second: f64,
}

/// Sends events and waits until all is told of them.
pub(super) fn told(sink: &Sink, load: &load::Options) -> anyhow::Result<Told> {
    sink.forget()?;
    let done = load.run()?;
    sink.wait_for(2 * done.accepted + done.calls, WITHIN)?;
    let arrivals = sink.arrivals()?;
    check_order(&arrivals)?;
    let realtime = arrivals.iter().filter(|arrival| arrival.what != REGISTRATION);
    let last = realtime.map(|arrival| arrival.at).max().unwrap_or(done.ended);
    let took = Duration::from_nanos(last.saturating_sub(done.began));
    let events = per_second(done.accepted, 1.0);
    Ok(Told { events, per_second: per_second(done.accepted, took.as_secs_f64()) })
}

/// What is out of order, missing or doubled does not count as fast.
fn check_order(arrivals: &[Arrival]) -> anyhow::Result<()> {
    let mut told = HashMap::<&str, usize>::new();
    for Arrival { what, call, .. } in arrivals {
        let next = told.entry(call).or_default();
        ensure!(CALLBACKS.get(*next) == Some(&what.as_str()), "{what} is out of order for {call}");
        *next += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_of_each_call() {
        let arrival = |(what, call): (&str, &str)| Arrival { at: 0, what: what.into(), call: call.into() };
        let check = |all: &[(&str, &str)]| check_order(&all.iter().copied().map(arrival).collect::<Vec<_>>());
        let good = [("call-started", "a"), ("call-started", "b"), ("appeared", "a"), ("appeared", "b")];
        check(&good).unwrap();
        check(&[("call-started", "a"), ("disconnected", "a")]).unwrap_err();
        check(&[("call-started", "a"), ("call-started", "a")]).unwrap_err();
        check(&[("appeared", "a")]).unwrap_err();
    }
}
