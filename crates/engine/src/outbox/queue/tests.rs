//! What goes out while the destination is away, and how it comes back.

use domain::outbox::breaker::Sign;
use proptest::prelude::*;

use super::*;
use crate::outbox::lanes::Refill;
use crate::outbox::sample;

const LIMIT: usize = 64;

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn delivery(id: i64) -> PendingDelivery {
    sample::delivery(1, id, id)
}

/// A queue with so many calls.
fn filled(calls: i64) -> Queue {
    let mut queue = Queue::behind(false);
    let (after, _) = queue.lanes.ask();
    queue
        .lanes
        .refill(Refill { after, has_more: false, pending: (1..=calls).map(delivery).collect() }, at(0));
    queue
}

/// Hands out whatever may go.
fn hand_out(queue: &mut Queue, millis: i64) -> Vec<PendingDelivery> {
    let next = || match queue.wants(at(millis), LIMIT) {
        Want::Turn => queue.next(at(millis), LIMIT),
        Want::Probe => queue.next_probe(at(millis)),
        Want::Nothing | Want::Later(_) => None,
    };
    std::iter::from_fn(next).map(|(delivery, _)| delivery).collect()
}

fn settle(queue: &mut Queue, delivery: PendingDelivery, sign: Sign, millis: i64) -> Option<Change> {
    // Its own next time is far off, as after many attempts.
    let again_at = sign.is_ill().then(|| at(millis + 900_000));
    let settled = Settled { sign, ..Settled::unasked(delivery, again_at, at(millis)) };
    queue.settle(&settled, &RetrySchedule::default(), at(millis), 0.5)
}

/// A queue of which everything under way failed, half a second before the first probe.
fn shut(calls: i64) -> Queue {
    let mut queue = filled(calls);
    for delivery in hand_out(&mut queue, 0) {
        settle(&mut queue, delivery, Sign::Failing, 0);
    }
    assert!(queue.breaker.is_open());
    queue
}

#[test]
fn while_the_destination_is_away_one_probe_at_a_time_asks_whether_it_is_back() {
    let mut queue = shut(1_000);
    assert_eq!(queue.wants(at(0), LIMIT), Want::Later(at(500)));
    let mut probed = Vec::new();
    for millis in 0..600_000 {
        let probe = hand_out(&mut queue, millis);
        assert!(probe.len() <= 1);
        for delivery in probe {
            probed.push(delivery.call);
            assert!(hand_out(&mut queue, millis).is_empty());
            settle(&mut queue, delivery, Sign::Failing, millis);
        }
    }
    assert!((20..30).contains(&probed.len()), "{} attempts in ten minutes", probed.len());
    let count = probed.len();
    probed.sort_unstable();
    probed.dedup();
    assert_eq!(probed.len(), count, "each time another call, lest one bad call keeps the destination shut");
}

#[test]
fn what_waited_follows_at_once_but_slowly() {
    let mut queue = shut(1_000);
    let probe = hand_out(&mut queue, 500).remove(0);
    assert_eq!(settle(&mut queue, probe, Sign::Well, 501), Some(Change::Closed));
    let mut told = 1;
    for expected in [2, 4, 8, 16, 32, 64, 64] {
        let under_way = hand_out(&mut queue, 502);
        assert_eq!(under_way.len(), expected);
        told += under_way.len();
        for delivery in under_way {
            assert_eq!(settle(&mut queue, delivery, Sign::Well, 503), None);
        }
    }
    assert!(told < 1_000);
}

#[test]
fn an_administrators_retry_goes_as_the_probe() {
    let mut queue = shut(100);
    queue.revive(delivery(90), true, at(100));
    assert_eq!(hand_out(&mut queue, 100).first().map(|one| one.id.0), Some(90));
}

#[test]
fn a_replay_waits_for_the_next_probe() {
    let mut queue = shut(100);
    queue.revive(delivery(90), false, at(100));
    assert!(hand_out(&mut queue, 100).is_empty());
}

#[test]
fn a_probe_that_asked_nobody_does_not_spin() {
    let mut queue = shut(10);
    let mut probes = 0;
    for millis in 500..1_500 {
        for delivery in hand_out(&mut queue, millis) {
            probes += 1;
            let unasked = Settled::unasked(delivery, Some(at(millis)), at(millis));
            queue.settle(&unasked, &RetrySchedule::default(), at(millis), 0.5);
        }
    }
    assert_eq!(probes, 2, "at 500 ms and at 1 s");
}

proptest! {
    /// The destination goes away and comes back as it likes; in the end everything was told within seconds, but for a few.
    #[test]
    fn it_comes_back(outages in prop::collection::vec((1_i64..5_000, 1_i64..5_000), 0..8), calls in 1_i64..200) {
        let mut queue = filled(calls);
        let mut told = 0;
        let mut ends = Vec::new();
        let mut end = 0;
        for (well, away) in outages {
            end += well + away;
            ends.push((end - away, end));
        }
        for millis in (0..end + 40_000).step_by(20) {
            let is_away = ends.iter().any(|(from, to)| (*from..*to).contains(&millis));
            for delivery in hand_out(&mut queue, millis) {
                let sign = if is_away { Sign::Away } else { Sign::Well };
                told += i64::from(!is_away);
                settle(&mut queue, delivery, sign, millis);
            }
        }
        // An outage too short to open the breaker leaves those that failed to their own time.
        prop_assert!(calls - told < 5, "{told} of {calls}");
        prop_assert!(!queue.breaker.is_open());
    }
}
