//! The order inside a lane, the independence of lanes, and the limits.

use domain::id::InstanceId;
use domain::outbox::{DestinationKind, Notice};

use super::*;

const fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn delivery(id: i64, call: i64) -> PendingDelivery {
    PendingDelivery {
        id: DeliveryId(id),
        instance: InstanceId(1),
        destination: DestinationKind::Kontur,
        call: CallId(call),
        notice: Notice::Register,
        created_at: at(0),
        due_at: at(0),
        expires_at: None,
        attempts: 0,
        first_attempt_at: None,
        suspect: false,
        progress: None,
    }
}

fn filled(deliveries: impl IntoIterator<Item = PendingDelivery>) -> Lanes {
    let mut lanes = Lanes::behind();
    lanes.refill(Vec::new(), 1, at(0));
    deliveries.into_iter().for_each(|delivery| lanes.push(delivery, at(0)));
    lanes
}

fn next(lanes: &mut Lanes, second: i64) -> Option<i64> {
    lanes.next(at(second), 10).map(|delivery| delivery.id.0)
}

#[test]
fn one_at_a_time_and_in_order_within_a_lane() {
    let mut lanes = filled([delivery(1, 7), delivery(2, 7)]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    assert_eq!(next(&mut lanes, 0), None);
    lanes.settle(&delivery(1, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(2));
}

#[test]
fn a_waiting_lane_keeps_its_order_and_holds_nobody_else_up() {
    let mut lanes = filled([delivery(1, 7), delivery(2, 7), delivery(3, 8)]);
    assert_eq!((next(&mut lanes, 0), next(&mut lanes, 0)), (Some(1), Some(3)));
    lanes.settle(&delivery(1, 7), Some(at(5)), at(0));
    assert_eq!((next(&mut lanes, 4), lanes.next_due(10)), (None, Some(at(5))));
    assert_eq!(next(&mut lanes, 5), Some(1));
    lanes.settle(&delivery(1, 7), None, at(5));
    assert_eq!(next(&mut lanes, 5), Some(2));
}

#[test]
fn no_more_than_the_limit_is_under_way() {
    let mut lanes = filled((1..=5).map(|id| delivery(id, id)));
    assert_eq!((0..5).filter_map(|_| lanes.next(at(0), 2)).count(), 2);
    assert_eq!(lanes.next_due(2), None);
    lanes.settle(&delivery(1, 1), None, at(0));
    assert_eq!((0..5).filter_map(|_| lanes.next(at(0), 2)).count(), 1);
}

#[test]
fn realtime_is_looked_at_when_it_expires() {
    let mut lanes = filled([PendingDelivery { expires_at: Some(at(3)), ..delivery(1, 7) }]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    lanes.settle(&PendingDelivery { expires_at: Some(at(3)), ..delivery(1, 7) }, Some(at(60)), at(0));
    assert_eq!((next(&mut lanes, 2), next(&mut lanes, 3)), (None, Some(1)));
}

#[test]
fn a_revived_delivery_goes_before_later_ones_but_not_before_one_under_way() {
    let mut lanes = filled([delivery(1, 7), delivery(2, 7), delivery(3, 7)]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    lanes.settle(&delivery(1, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(2));
    lanes.revive(delivery(1, 7), at(0));
    lanes.settle(&delivery(2, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(1));
    lanes.settle(&delivery(1, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(3));
}

#[test]
fn reviving_makes_a_waiting_delivery_due() {
    let mut lanes = filled([delivery(1, 7)]);
    assert_eq!(next(&mut lanes, 0), Some(1));
    lanes.settle(&delivery(1, 7), Some(at(900)), at(0));
    lanes.revive(delivery(1, 7), at(1));
    assert_eq!(next(&mut lanes, 1), Some(1));
    lanes.settle(&delivery(1, 7), None, at(1));
    assert_eq!((next(&mut lanes, 1_000), lanes.next_due(10)), (None, None));
}

#[test]
fn what_is_planned_while_the_store_has_more_is_left_to_the_refill() {
    let mut lanes = Lanes::behind();
    lanes.push(delivery(3, 7), at(0));
    assert_eq!(next(&mut lanes, 0), None);
    assert!(lanes.wants_refill());
    lanes.refill(vec![delivery(2, 7), delivery(3, 7)], 10, at(0));
    lanes.push(delivery(3, 7), at(0));
    assert_eq!(next(&mut lanes, 0), Some(2));
    lanes.settle(&delivery(2, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), Some(3));
    lanes.settle(&delivery(3, 7), None, at(0));
    assert_eq!(next(&mut lanes, 0), None, "the news of what was read is not taken twice");
}

#[test]
fn memory_stays_bounded_and_nothing_is_skipped() {
    let count = i64::try_from(CAPACITY).unwrap() + 10;
    let mut lanes = filled((1..=count).map(|id| delivery(id, id)));
    assert!(lanes.behind && lanes.held == CAPACITY);
    let mut seen = Vec::new();
    while let Some(head) = lanes.next(at(0), 1) {
        seen.push(head.id.0);
        lanes.settle(&head, None, at(0));
        if lanes.wants_refill() {
            let after = lanes.last_known().0;
            lanes.refill((after + 1..=count).map(|id| delivery(id, id)).collect(), 100, at(0));
        }
    }
    assert_eq!(seen, (1..=count).collect::<Vec<_>>());
}
