//! Whose turn it is, and that it costs nothing to have queues that are not due.

use domain::outbox::breaker::Sign;
use proptest::prelude::*;
use storage::calls::Knowledge;

use super::*;
use crate::outbox::sample;

const LIMITS: Limits = Limits { per_queue: 8, per_destination: 16, total: 24 };

const fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn delivery(instance: i64, id: i64) -> PendingDelivery {
    sample::delivery(instance, id, id)
}

/// Queues that have all that the store has, which is nothing.
fn queues(instances: impl IntoIterator<Item = i64>) -> Queues {
    let mut queues = Queues::new(LIMITS, RetrySchedule::default(), false);
    for instance in instances {
        for destination in DestinationKind::ALL {
            queues.load((InstanceId(instance), destination), at(0));
        }
    }
    for (key, after, _) in queues.ask(|_| false) {
        queues.refill(key, Refill { after, has_more: false, pending: Vec::new() }, at(0));
    }
    queues
}

fn push(queues: &mut Queues, instance: i64, ids: impl IntoIterator<Item = i64>) {
    ids.into_iter().for_each(|id| plan(queues, delivery(instance, id), 0));
}

/// A delivery is planned of a call that nobody else has changed.
fn plan(queues: &mut Queues, delivery: PendingDelivery, second: i64) {
    let planned = Planned { delivery, knowledge: Knowledge::AtHand };
    assert_eq!(queues.push(planned, at(second)), Pushed::Noted);
}

fn next(queues: &mut Queues) -> Option<PendingDelivery> {
    queues.next(at(0), |_| false).map(|(delivery, _)| delivery)
}

fn end(queues: &mut Queues, delivery: PendingDelivery, again_at: Option<Timestamp>, now: Timestamp) {
    let change = queues.settle(Settled::unasked(delivery, again_at, now), now, 0.5);
    assert_eq!(change, None);
}

fn settle(queues: &mut Queues, delivery: PendingDelivery) {
    end(queues, delivery, None, at(0));
}

/// Whose deliveries are handed out until the limits bind.
fn handed_out(queues: &mut Queues) -> Vec<i64> {
    std::iter::from_fn(|| next(queues)).map(|delivery| delivery.instance.0).collect()
}

#[test]
fn memory_has_room_for_so_many() {
    let mut queues = Queues::new(LIMITS, RetrySchedule::default(), true);
    let mut planned = 0;
    while queues.have_room(InstanceId(1)) {
        planned += 1;
        assert!(planned < 100_000, "memory has an end");
        let planned = Planned { delivery: delivery(1, planned), knowledge: Knowledge::New };
        assert_eq!(queues.push(planned, at(0)), Pushed::Noted);
    }
    assert!(planned > 1_000, "{planned}");
    assert!(queues.have_room(InstanceId(2)), "others have room");
    let head = next(&mut queues).unwrap();
    settle(&mut queues, head);
    assert!(queues.have_room(InstanceId(1)));
}

#[test]
fn what_is_held_back_is_read_when_it_is_not_any_more() {
    let mut queues = Queues::new(LIMITS, RetrySchedule::default(), true);
    for instance in 1..=2 {
        queues.leave_in_store(InstanceId(instance), CallId(1), at(0));
    }
    let asked = queues.ask(|instance| instance.0 == 1);
    assert_eq!(asked.len(), DestinationKind::ALL.len());
    assert!(asked.iter().all(|((instance, _), ..)| instance.0 == 2));
    assert_eq!(queues.ask(|instance| instance.0 == 1), []);
    assert_eq!(queues.ask(|_| panic!("nobody asks again and again who is held back")), []);
    queues.wake(at(0));
    let asked = queues.ask(|_| false);
    assert!(!asked.is_empty() && asked.iter().all(|((instance, _), ..)| instance.0 == 1));
}

#[test]
fn a_single_call_goes_before_the_next_turn_of_a_backlog() {
    let mut queues = queues(1..=2);
    push(&mut queues, 1, 1..=1_000);
    let under_way: Vec<_> = std::iter::from_fn(|| next(&mut queues)).collect();
    assert_eq!(under_way.len(), 8);
    push(&mut queues, 2, [1_001]);
    assert_eq!(handed_out(&mut queues), [2], "it does not wait for anybody to end");
}

#[test]
fn a_single_call_waits_for_one_turn_when_everything_is_under_way() {
    let mut queues = queues(1..=20);
    (1..=16).for_each(|instance| push(&mut queues, instance, instance * 100..instance * 100 + 50));
    let mut under_way: Vec<_> = std::iter::from_fn(|| next(&mut queues)).collect();
    assert_eq!(under_way.len(), LIMITS.per_destination);
    push(&mut queues, 20, [9_000]);
    assert_eq!(next(&mut queues), None);
    settle(&mut queues, under_way.pop().unwrap());
    assert_eq!(handed_out(&mut queues), [20]);
}

#[test]
fn queues_take_turns() {
    let mut queues = queues(1..=3);
    (1..=3).for_each(|instance| push(&mut queues, instance, instance * 100..instance * 100 + 50));
    assert_eq!(handed_out(&mut queues)[..6], [1, 2, 3, 1, 2, 3]);
}

#[test]
fn one_destination_does_not_use_up_what_others_need() {
    let mut queues = queues(1..=10);
    (1..=10).for_each(|instance| push(&mut queues, instance, instance * 100..instance * 100 + 50));
    while next(&mut queues).is_some() {}
    plan(&mut queues, PendingDelivery { destination: DestinationKind::Workonflow, ..delivery(1, 9_000) }, 0);
    assert_eq!(next(&mut queues).map(|delivery| delivery.destination), Some(DestinationKind::Workonflow));
}

#[test]
fn what_is_held_back_is_served_when_it_is_not_any_more() {
    let mut queues = queues(1..=2);
    push(&mut queues, 1, [1]);
    push(&mut queues, 2, [2]);
    let holds = |instance| instance == InstanceId(1);
    assert_eq!(queues.next(at(0), holds).map(|(delivery, _)| delivery.id.0), Some(2));
    assert_eq!((queues.next(at(0), holds), queues.next_due()), (None, None));
    assert_eq!(next(&mut queues), None, "nobody looks before something changes");
    queues.wake(at(0));
    assert_eq!(handed_out(&mut queues), [1]);
}

#[test]
fn a_retry_is_due_when_its_time_has_come() {
    let mut queues = queues([1]);
    push(&mut queues, 1, [1]);
    let delivery = next(&mut queues).unwrap();
    end(&mut queues, delivery, Some(at(5)), at(0));
    assert_eq!((next(&mut queues), queues.next_due()), (None, Some(at(5))));
    assert!(queues.next(at(5), |_| false).is_some());
}

/// Found when a clock was set back by an hour: retries waited until it was that time again.
#[test]
fn a_clock_that_is_set_back_takes_what_waits_with_it() {
    let mut queues = queues([1]);
    push(&mut queues, 1, [1, 2]);
    let (waiting, under_way) = (next(&mut queues).unwrap(), next(&mut queues).unwrap());
    end(&mut queues, waiting, Some(at(4_005)), at(4_000));
    queues.bring_forward(Duration::from_hours(1), at(400));
    assert_eq!((next(&mut queues), queues.next_due()), (None, Some(at(405))));
    let first = queues.next(at(405), |_| false).map(|(delivery, _)| delivery.id.0);
    // Its attempt ended before the clock was set, and the news of it came after.
    queues.settle(Settled::unasked(under_way, Some(at(4_002)), at(4_000)), at(400), 0.5);
    assert_eq!((first, queues.next_due()), (Some(1), Some(at(402))));
}

/// The news of its planning came after the clock was set back.
#[test]
fn what_was_planned_before_the_clock_was_set_back_is_due_at_once() {
    let mut queues = queues([1]);
    let planned = PendingDelivery { created_at: at(4_000), due_at: at(4_000), ..delivery(1, 1) };
    plan(&mut queues, planned, 400);
    assert!(queues.next(at(400), |_| false).is_some());
}

#[test]
fn what_is_under_way_of_a_forgotten_instance_still_counts_until_it_ends() {
    let mut queues = queues(1..=2);
    push(&mut queues, 1, [1, 2]);
    let under_way = next(&mut queues).unwrap();
    queues.forget(InstanceId(1));
    assert_eq!(queues.under_way, 1);
    settle(&mut queues, under_way);
    assert_eq!((queues.under_way, queues.shares[&DestinationKind::Kontur].under_way), (0, 0));
}

#[test]
fn probes_of_many_that_are_away_get_a_quarter() {
    let mut queues = queues(1..=10);
    for instance in 1..=10 {
        push(&mut queues, instance, instance * 100..instance * 100 + 6);
        let under_way: Vec<_> = std::iter::from_fn(|| next(&mut queues)).collect();
        for delivery in under_way {
            let away = Settled { sign: Sign::Away, ..Settled::unasked(delivery, Some(at(900)), at(0)) };
            queues.settle(away, at(0), 0.5);
        }
    }
    let probes: Vec<_> = std::iter::from_fn(|| queues.next(at(1), |_| false)).collect();
    assert_eq!(probes.len(), LIMITS.per_destination / 4);
    let (delivery, _) = probes.into_iter().next().unwrap();
    let whose = delivery.instance;
    let well = Settled { sign: Sign::Well, ..Settled::unasked(delivery, None, at(1)) };
    assert_eq!(queues.settle(well, at(1), 0.5), Some(Change::Closed));
    let next: Vec<_> =
        std::iter::from_fn(|| queues.next(at(1), |_| false)).map(|(one, _)| one.instance).collect();
    assert_eq!(next.iter().filter(|&&instance| instance == whose).count(), 2, "who is back goes on slowly");
    assert_eq!(next.len(), 3, "and another one may ask");
}

proptest! {
    /// Whatever is pushed, settled and put off: the limits hold, the counts are right, and in the end everything was told.
    #[test]
    fn the_limits_hold_and_everything_is_told(steps in prop::collection::vec((0_u8..4, 1_i64..6), 1..300)) {
        let mut queues = queues(1..=5);
        let (mut second, mut planned, mut told) = (0, 0, 0);
        let mut under_way: Vec<PendingDelivery> = Vec::new();
        let rest = std::iter::repeat_n([(1, 1), (2, 1), (3, 1)], 1_000).flatten();
        for (step, instance) in steps.into_iter().chain(rest) {
            match step {
                0 => {
                    planned += 1;
                    plan(&mut queues, delivery(instance, planned), second);
                }
                1 => under_way.extend(queues.next(at(second), |_| false).map(|(delivery, _)| delivery)),
                2 if !under_way.is_empty() => {
                    let delivery = under_way.remove(0);
                    let again_at = (delivery.id.0 % 3 == 0 && delivery.attempts == 0).then(|| at(second + instance));
                    told += i64::from(again_at.is_none());
                    let delivery = PendingDelivery { attempts: 1, ..delivery };
                    end(&mut queues, delivery, again_at, at(second));
                }
                _ => second += 1,
            }
            prop_assert_eq!(queues.under_way, under_way.len());
            prop_assert!(under_way.len() <= LIMITS.per_destination);
            for instance in 1..=5 {
                let own = under_way.iter().filter(|one| one.instance == InstanceId(instance)).count();
                prop_assert!(own <= LIMITS.per_queue);
            }
        }
        prop_assert_eq!(told, planned);
    }
}
