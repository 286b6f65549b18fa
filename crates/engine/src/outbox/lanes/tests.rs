//! The order inside a lane, the independence of lanes, the limits, and what is read from the store.

use domain::outbox::Notice;
use domain::outbox::breaker::Sign;
use proptest::prelude::*;

use super::*;
use crate::outbox::sample;

const fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn delivery(id: i64, call: i64) -> PendingDelivery {
    sample::delivery(1, id, call)
}

fn filled(deliveries: impl IntoIterator<Item = PendingDelivery>) -> Lanes {
    let mut lanes = Lanes::behind(false);
    refill(&mut lanes, Vec::new(), 1);
    deliveries.into_iter().for_each(|delivery| push(&mut lanes, delivery, 0));
    lanes
}

fn refill(lanes: &mut Lanes, pending: Vec<PendingDelivery>, limit: usize) {
    let (after, _) = lanes.ask();
    lanes.refill(answer(after, limit, pending), at(0));
}

/// What the store answers that was asked for so many.
fn answer(after: DeliveryId, limit: usize, pending: Vec<PendingDelivery>) -> Refill {
    Refill { after, has_more: pending.len() >= limit, pending }
}

/// A delivery is planned of a call that nobody else has changed.
fn push(lanes: &mut Lanes, delivery: PendingDelivery, second: i64) {
    assert_eq!(lanes.push(delivery, Knowledge::AtHand, at(second)), Pushed::Noted);
}

/// Realtime that was planned at that second.
fn realtime(id: i64, call: i64, second: i64) -> PendingDelivery {
    let (planned, expires) = (at(second), at(second + 600));
    let notice = Notice::CallFinished { at: planned };
    PendingDelivery { notice, created_at: planned, expires_at: Some(expires), ..delivery(id, call) }
}

fn settle(lanes: &mut Lanes, delivery: PendingDelivery, again_at: Option<Timestamp>, now: Timestamp) {
    lanes.settle(&Settled::unasked(delivery, again_at, now), now);
}

fn next(lanes: &mut Lanes, second: i64) -> Option<i64> {
    lanes.next(at(second), 10).map(|delivery| delivery.id.0)
}

#[test]
fn one_at_a_time_and_in_order_within_a_lane() {
    let mut lanes = filled([delivery(1, 7), delivery(2, 7)]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    assert_eq!(next(&mut lanes, 0), None);
    settle(&mut lanes, delivery(1, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(2));
}

#[test]
fn a_waiting_lane_keeps_its_order_and_holds_nobody_else_up() {
    let mut lanes = filled([delivery(1, 7), delivery(2, 7), delivery(3, 8)]);
    assert_eq!((next(&mut lanes, 0), next(&mut lanes, 0)), (Some(1), Some(3)));
    settle(&mut lanes, delivery(1, 7), Some(at(5)), at(0));
    assert_eq!((next(&mut lanes, 4), lanes.next_due(10)), (None, Some(at(5))));
    assert_eq!(next(&mut lanes, 5), Some(1));
    settle(&mut lanes, delivery(1, 7), None, at(5));
    assert_eq!(next(&mut lanes, 5), Some(2));
}

#[test]
fn no_more_than_the_limit_is_under_way() {
    let mut lanes = filled((1..=5).map(|id| delivery(id, id)));
    assert_eq!((0..5).filter_map(|_| lanes.next(at(0), 2)).count(), 2);
    assert_eq!(lanes.next_due(2), None);
    settle(&mut lanes, delivery(1, 1), None, at(0));
    assert_eq!((0..5).filter_map(|_| lanes.next(at(0), 2)).count(), 1);
}

#[test]
fn realtime_is_looked_at_when_it_expires() {
    let mut lanes = filled([PendingDelivery { expires_at: Some(at(3)), ..delivery(1, 7) }]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    settle(&mut lanes, PendingDelivery { expires_at: Some(at(3)), ..delivery(1, 7) }, Some(at(60)), at(0));
    assert_eq!((next(&mut lanes, 2), next(&mut lanes, 3)), (None, Some(1)));
}

#[test]
fn a_revived_delivery_goes_before_later_ones_but_not_before_one_under_way() {
    let mut lanes = filled([delivery(1, 7), delivery(2, 7), delivery(3, 7)]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    settle(&mut lanes, delivery(1, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(2));
    lanes.revive(delivery(1, 7), false, at(0));
    settle(&mut lanes, delivery(2, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(1));
    settle(&mut lanes, delivery(1, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(3));
}

#[test]
fn reviving_makes_a_waiting_delivery_due() {
    let mut lanes = filled([delivery(1, 7)]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    settle(&mut lanes, delivery(1, 7), Some(at(900)), at(0));
    lanes.revive(delivery(1, 7), false, at(1));
    assert_eq!(next(&mut lanes, 1), Some(1));
    settle(&mut lanes, delivery(1, 7), None, at(1));
    assert_eq!((next(&mut lanes, 1_000), lanes.next_due(10)), (None, None));
}

#[test]
fn what_is_planned_while_the_store_has_more_is_left_to_the_refill() {
    let mut lanes = Lanes::behind(false);
    push(&mut lanes, delivery(3, 7), 0);
    assert_eq!(next(&mut lanes, 0), None);
    assert!(lanes.wants_refill());
    refill(&mut lanes, vec![delivery(2, 7), delivery(3, 7)], 10);
    push(&mut lanes, delivery(3, 7), 0);
    assert_eq!(next(&mut lanes, 0), Some(2));
    settle(&mut lanes, delivery(2, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(3));
    settle(&mut lanes, delivery(3, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), None, "the news of what was read is not taken twice");
}

#[test]
fn memory_stays_bounded_and_nothing_is_skipped() {
    let count = i64::try_from(CAPACITY).unwrap() + 10;
    let mut lanes = filled((1..=count).map(|id| delivery(id, id)));
    assert_eq!(lanes.held, CAPACITY);
    let mut seen = Vec::new();
    while let Some(head) = lanes.next(at(0), 1) {
        seen.push(head.id.0);
        settle(&mut lanes, head.clone(), None, at(0));
        if lanes.wants_refill() {
            let (after, _) = lanes.ask();
            let pending = (after.0 + 1..=count).map(|id| delivery(id, id)).collect();
            lanes.refill(answer(after, 100, pending), at(0));
        }
    }
    assert_eq!(seen, (1..=count).collect::<Vec<_>>());
}

#[test]
fn what_is_planned_while_the_store_is_read_is_not_lost() {
    let mut lanes = Lanes::behind(false);
    let (after, _) = lanes.ask();
    push(&mut lanes, delivery(5, 7), 0);
    assert!(!lanes.wants_refill(), "it is asked already");
    lanes.refill(answer(after, 10, vec![delivery(4, 7)]), at(0));
    assert!(lanes.wants_refill(), "5 was planned after the store was read");
    refill(&mut lanes, vec![delivery(5, 7)], 10);
    assert!(!lanes.wants_refill());
    assert_eq!(next(&mut lanes, 0), Some(4));
}

#[test]
fn what_is_revived_while_the_store_is_read_is_not_lost() {
    let mut lanes = Lanes::behind(false);
    let (after, _) = lanes.ask();
    lanes.revive(delivery(3, 7), false, at(0));
    lanes.refill(answer(after, 10, vec![delivery(4, 7)]), at(0));
    assert!(lanes.wants_refill(), "3 was no pending row yet when the store was read");
    refill(&mut lanes, vec![delivery(3, 7), delivery(4, 7)], 10);
    assert_eq!(next(&mut lanes, 0), Some(3));
}

#[test]
fn what_is_revived_beyond_the_known_rows_is_read_from_the_store() {
    let mut lanes = filled([delivery(1, 7)]);
    lanes.revive(delivery(9, 8), false, at(0));
    push(&mut lanes, delivery(10, 8), 0);
    assert!(lanes.wants_refill());
    refill(&mut lanes, vec![delivery(9, 8), delivery(10, 8)], 10);
    let order: Vec<_> = std::iter::from_fn(|| next(&mut lanes, 0)).collect();
    assert_eq!(order, [1, 9]);
}

#[test]
fn the_answer_to_a_question_of_forgotten_lanes_is_ignored() {
    let mut lanes = Lanes::behind(false);
    let (after, _) = lanes.ask();
    lanes.refill(answer(DeliveryId(100), 10, vec![delivery(101, 7)]), at(0));
    assert_eq!(next(&mut lanes, 0), None);
    lanes.refill(answer(after, 10, vec![delivery(1, 7)]), at(0));
    assert_eq!(next(&mut lanes, 0), Some(1));
}

#[test]
fn realtime_of_a_call_that_goes_on_goes_before_a_backlog() {
    let backlog = (1..=8).map(|id| realtime(id, id, 0));
    let mut lanes = filled(backlog);
    push(&mut lanes, realtime(9, 9, 300), 300);
    assert_eq!(next(&mut lanes, 300), Some(9));
    assert_eq!(next(&mut lanes, 300), Some(1));
}

#[test]
fn a_backlog_gets_its_share_however_much_is_fresh() {
    let mut lanes = filled((1..=20).map(|id| delivery(id, id)));
    (21..=60).for_each(|id| push(&mut lanes, realtime(id, id, 0), 0));
    let served: Vec<_> = (0..20).filter_map(|_| lanes.next(at(0), 100)).map(|head| head.id.0).collect();
    assert_eq!(served.iter().filter(|&&id| id <= 20).count(), 5, "{served:?}");
    assert_eq!(served[..5], [21, 22, 23, 1, 24]);
}

/// A delivery is planned beside other processes that plan as well.
fn plan(lanes: &mut Lanes, id: i64, call: i64, knowledge: Knowledge) -> Pushed {
    lanes.push(delivery(id, call), knowledge, at(0))
}

#[test]
fn beside_others_a_lane_that_may_lack_something_is_read_first() {
    let mut lanes = Lanes::behind(true);
    assert_eq!(plan(&mut lanes, 1, 7, Knowledge::AtHand), Pushed::Unclear, "nobody knows what is stored");
    assert_eq!(plan(&mut lanes, 2, 8, Knowledge::New), Pushed::Noted);
    refill(&mut lanes, vec![delivery(1, 7), delivery(2, 8)], 10);
    assert_eq!(plan(&mut lanes, 5, 7, Knowledge::AtHand), Pushed::Noted);
    assert_eq!(plan(&mut lanes, 9, 8, Knowledge::Read), Pushed::Unclear, "somebody else may have planned 4");
    lanes.merge(delivery(4, 8), at(0));
    lanes.merge(delivery(9, 8), at(0));
    let mut order = Vec::new();
    while let Some(head) = lanes.next(at(0), 1) {
        order.push((head.call.0, head.id.0));
        settle(&mut lanes, head, None, at(0));
    }
    let of = |call| order.iter().filter(|(of, _)| *of == call).map(|(_, id)| *id).collect::<Vec<_>>();
    assert_eq!((of(7), of(8)), (vec![1, 5], vec![2, 4, 9]));
}

#[test]
fn a_lane_that_is_wholly_in_memory_is_not_read_whatever_else_is_stored() {
    let mut lanes = Lanes::behind(true);
    assert_eq!(plan(&mut lanes, 1, 7, Knowledge::New), Pushed::Noted);
    assert_eq!(plan(&mut lanes, 2, 7, Knowledge::AtHand), Pushed::Noted);
    assert_eq!(plan(&mut lanes, 3, 7, Knowledge::Read), Pushed::Unclear);
    for id in [1, 2] {
        assert_eq!(next(&mut lanes, 0), Some(id));
        settle(&mut lanes, delivery(id, 7), None, at(0));
    }
    assert_eq!(plan(&mut lanes, 4, 7, Knowledge::AtHand), Pushed::Unclear, "what is forgotten is not known");
    // Read from the store, with all others.
    lanes.merge(delivery(4, 7), at(0));
    assert_eq!(plan(&mut lanes, 5, 7, Knowledge::AtHand), Pushed::Noted);
}

#[test]
fn a_lane_that_had_no_room_is_read_before_it_goes_on() {
    let mut lanes = Lanes::behind(true);
    refill(&mut lanes, Vec::new(), 10);
    assert_eq!(plan(&mut lanes, 1, 1, Knowledge::New), Pushed::Noted);
    for id in 2..=i64::try_from(CAPACITY).unwrap() {
        plan(&mut lanes, id, id, Knowledge::New);
    }
    assert_eq!(plan(&mut lanes, 90_000, 1, Knowledge::AtHand), Pushed::Noted, "it stays in the store");
    assert_eq!((next(&mut lanes, 0), next(&mut lanes, 0)), (Some(1), Some(2)));
    settle(&mut lanes, delivery(2, 2), None, at(0));
    assert_eq!(plan(&mut lanes, 90_001, 1, Knowledge::AtHand), Pushed::Unclear);
    assert_eq!(plan(&mut lanes, 90_002, 3, Knowledge::AtHand), Pushed::Noted, "this one lacks nothing");
    settle(&mut lanes, delivery(3, 3), None, at(0));
    lanes.leave_in_store(CallId(4));
    assert_eq!(plan(&mut lanes, 90_003, 4, Knowledge::AtHand), Pushed::Unclear);
}

#[test]
fn what_is_read_again_is_there_once_and_what_others_made_due_is_due() {
    let mut lanes = Lanes::behind(true);
    refill(&mut lanes, vec![delivery(1, 7)], 10);
    assert_eq!(next(&mut lanes, 0), Some(1));
    lanes.merge(delivery(1, 7), at(0));
    assert_eq!(lanes.held(), 1, "it is under way");
    settle(&mut lanes, delivery(1, 7), Some(at(900)), at(0));
    lanes.merge(PendingDelivery { due_at: at(900), ..delivery(1, 7) }, at(1));
    assert_eq!(next(&mut lanes, 1), None);
    lanes.merge(PendingDelivery { due_at: at(1), ..delivery(1, 7) }, at(1));
    assert_eq!((next(&mut lanes, 1), lanes.held()), (Some(1), 1));
}

#[test]
fn what_was_read_before_the_news_of_its_planning_came_is_made_once() {
    for knowledge in [Knowledge::New, Knowledge::AtHand] {
        let mut lanes = Lanes::behind(true);
        refill(&mut lanes, vec![delivery(1, 7)], 10);
        assert_eq!(next(&mut lanes, 0), Some(1));
        assert_eq!(plan(&mut lanes, 1, 7, knowledge), Pushed::Noted);
        settle(&mut lanes, delivery(1, 7), None, at(0));
        assert_eq!((next(&mut lanes, 0), lanes.held()), (None, 0), "{knowledge:?}");
    }
}

#[test]
fn what_others_take_over_is_forgotten_but_for_what_is_under_way() {
    let mut lanes = Lanes::behind(true);
    refill(&mut lanes, vec![delivery(1, 7), delivery(2, 7), delivery(3, 8)], 10);
    assert_eq!(next(&mut lanes, 0), Some(1));
    lanes.forget();
    assert_eq!((lanes.held(), lanes.under_way(), next(&mut lanes, 0)), (1, 1, None));
    settle(&mut lanes, delivery(1, 7), None, at(0));
    assert!(lanes.wants_refill());
    refill(&mut lanes, vec![delivery(2, 7)], 10);
    assert_eq!(next(&mut lanes, 0), Some(2));
}

const DAY: Duration = Duration::from_hours(24);

/// The attempt failed because the destination did.
fn fail(lanes: &mut Lanes, delivery: PendingDelivery, again_at: Timestamp, now: Timestamp) {
    let settled = Settled::unasked(delivery, Some(again_at), now);
    lanes.settle(&Settled { sign: Sign::Failing, ..settled }, now);
}

#[test]
fn who_waits_because_the_destination_is_away_waits_for_its_return_alone() {
    let mut lanes = filled([delivery(1, 7), delivery(2, 8), delivery(3, 9)]);
    assert_eq!([next(&mut lanes, 0), next(&mut lanes, 0), next(&mut lanes, 0)], [Some(1), Some(2), Some(3)]);
    fail(&mut lanes, delivery(1, 7), at(900), at(0));
    settle(&mut lanes, delivery(2, 8), Some(at(900)), at(0));
    assert_eq!(next(&mut lanes, 0), None);
    lanes.shut(DAY, at(0));
    fail(&mut lanes, delivery(3, 9), at(900), at(0));
    assert_eq!((next(&mut lanes, 0), next(&mut lanes, 0)), (Some(1), Some(3)));
    assert_eq!(next(&mut lanes, 0), None, "the reason of 2 is its own");
}

#[test]
fn who_asks_to_be_left_alone_is_even_if_he_was_away_before() {
    let mut lanes = filled([delivery(1, 7)]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    fail(&mut lanes, delivery(1, 7), at(900), at(0));
    lanes.shut(DAY, at(0));
    assert_eq!(next(&mut lanes, 1), Some(1), "it asks whether he is back");
    let retry_after = Some(Duration::from_secs(4));
    let settled = Settled::unasked(delivery(1, 7), Some(at(5)), at(1));
    lanes.settle(&Settled { retry_after, ..settled }, at(1));
    assert_eq!((next(&mut lanes, 4), next(&mut lanes, 5)), (None, Some(1)));
}

#[test]
fn while_the_destination_is_away_realtime_expires_and_retries_end() {
    let tried = PendingDelivery { first_attempt_at: Some(at(0)), attempts: 3, ..delivery(3, 9) };
    let mut lanes = filled([delivery(1, 7), realtime(2, 8, 0), tried]);
    lanes.shut(DAY, at(0));
    assert_eq!((lanes.next_end(10), lanes.next_ended(at(599), 10)), (Some(at(600)), None));
    let expired = lanes.next_ended(at(600), 10).unwrap();
    assert_eq!((expired.id.0, lanes.next_end(10)), (2, Some(at(86_400))));
    settle(&mut lanes, expired, None, at(600));
    assert_eq!(lanes.next_ended(at(86_400), 10).map(|one| one.id.0), Some(3));
    assert_eq!(
        lanes.next_ended(at(1_000_000), 10),
        None,
        "what was never sent waits for as long as it takes"
    );
    assert_eq!(next(&mut lanes, 600), Some(1));
}

#[test]
fn what_is_planned_while_the_destination_is_away_expires_as_well() {
    let mut lanes = filled([realtime(1, 7, 0)]);
    lanes.shut(DAY, at(0));
    assert_eq!(next(&mut lanes, 0), Some(1));
    push(&mut lanes, realtime(2, 8, 5), 5);
    assert_eq!(lanes.next_ended(at(600), 10), None, "1 is under way");
    settle(&mut lanes, realtime(1, 7, 0), Some(at(700)), at(601));
    let ended: Vec<_> = std::iter::from_fn(|| lanes.next_ended(at(605), 10)).map(|one| one.id.0).collect();
    assert_eq!(ended, [1, 2]);
}

#[test]
fn what_an_administrator_asks_for_goes_before_all() {
    let mut lanes = filled([realtime(1, 1, 0), delivery(2, 2), delivery(3, 3)]);
    lanes.revive(delivery(3, 3), true, at(0));
    assert_eq!((next(&mut lanes, 0), next(&mut lanes, 0)), (Some(3), Some(1)));
    assert_eq!((next(&mut lanes, 0), next(&mut lanes, 0)), (Some(2), None));
}

proptest! {
    /// Whatever happens in whatever order: within a call rows go in order, one at a time, and none is lost or doubled.
    #[test]
    fn lanes_keep_their_order(calls in prop::collection::vec(0_i64..4, 1..40), steps in prop::collection::vec(0_u8..4, 0..200)) {
        let mut planned = calls.iter().zip(1..).map(|(call, id)| delivery(id, *call));
        let mut lanes = filled([]);
        let (mut second, mut busy, mut done) = (0, Vec::<PendingDelivery>::new(), Vec::new());
        let endless = steps.into_iter().chain(std::iter::repeat([0, 1, 2, 3]).flatten());
        for step in endless.take(2_000) {
            match step {
                0 => planned.next().into_iter().for_each(|new| push(&mut lanes, new, second)),
                1 => busy.extend(lanes.next(at(second), 3)),
                2 => {
                    if let Some(head) = (!busy.is_empty()).then(|| busy.remove(0)) {
                        settle(&mut lanes, head.clone(), None, at(second));
                        done.push(head);
                    }
                }
                _ => {
                    second += 1;
                    if let Some(head) = busy.pop() {
                        settle(&mut lanes, head.clone(), Some(at(second + 2)), at(second));
                    }
                }
            }
            let mut open: Vec<_> = busy.iter().map(|head| head.call).collect();
            open.sort_unstable();
            open.dedup();
            prop_assert_eq!(open.len(), busy.len(), "one at a time");
            prop_assert!(busy.len() <= 3);
        }
        for call in 0..4 {
            let told: Vec<_> = done.iter().filter(|head| head.call == CallId(call)).map(|head| head.id.0).collect();
            let expected: Vec<_> =
                calls.iter().zip(1_i64..).filter(|(of, _)| **of == call).map(|(_, id)| id).collect();
            prop_assert_eq!(told, expected);
        }
    }
}

/// A year of history is behind the call that was hung up a moment ago, whichever was planned first.
#[test]
fn what_is_past_goes_when_there_is_nothing_else() {
    let past = |id: i64| PendingDelivery { background: true, ..delivery(id, id) };
    let mut lanes = filled([past(1), past(2), delivery(3, 3), realtime(4, 4, 0), past(5)]);
    let order: Vec<_> =
        std::iter::from_fn(|| lanes.next(at(0), usize::MAX)).map(|delivery| delivery.id.0).collect();
    assert_eq!(order, [4, 3, 1, 2, 5]);
}
