//! The outbox's rows: order, settling, reviving.

use domain::id::{CallId, DeliveryId, InstanceId};
use domain::outbox::{Cause, DeliveryState, DestinationKind, Notice};
use storage::Store;
use storage::deliveries::{Attempt, NewDelivery, PendingDelivery, Settlement};

use super::{at, store};

const INSTANCE: InstanceId = InstanceId(1);
const KONTUR: DestinationKind = DestinationKind::Kontur;

async fn plan(store: &Store, notice: Notice) -> PendingDelivery {
    let new = NewDelivery {
        instance: INSTANCE,
        destination: KONTUR,
        call: CallId(7),
        notice,
        created_at: at(1),
        expires_at: None,
        background: false,
    };
    store.write(move |tx| tx.insert_delivery(new.clone())).await.unwrap()
}

async fn pending(store: &Store) -> Vec<PendingDelivery> {
    store.read(|tx| tx.pending_deliveries(INSTANCE, KONTUR, DeliveryId(0), 10)).await.unwrap()
}

async fn settle(store: &Store, delivery: &PendingDelivery, settlement: Settlement) {
    let (id, attempts) = (delivery.id, delivery.attempts);
    let attempt = Attempt {
        at: at(2),
        ended_at: at(3),
        http_status: Some(503),
        answer: None,
        progress: Some("{}".into()),
    };
    store.write(move |tx| tx.settle_delivery(id, attempts, &attempt, &settlement)).await.unwrap();
}

fn dead() -> Settlement {
    Settlement::Dead { cause: Cause::Validation, reason: "no good".into(), suspect: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_deliveries_come_in_the_order_they_were_planned() {
    let (store, _folder) = store();
    let planned =
        [plan(&store, Notice::CallStarted { at: at(1) }).await, plan(&store, Notice::Register).await];
    let read = planned.map(|planned| PendingDelivery { call_at_hand: false, ..planned });
    assert_eq!(pending(&store).await, read);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_is_not_pending_and_its_attempts_are_kept() {
    let (store, _folder) = store();
    let first = plan(&store, Notice::Register).await;
    settle(&store, &first, Settlement::Retry { due_at: at(9), reason: "busy".into(), suspect: true }).await;
    let again = pending(&store).await.remove(0);
    assert_eq!(
        (again.attempts, again.due_at, again.suspect, again.first_attempt_at),
        (1, at(9), true, Some(at(2)))
    );
    settle(&store, &again, Settlement::Delivered).await;
    assert!(pending(&store).await.is_empty());
    let id = first.id;
    let attempts = store.read(move |tx| tx.attempts_of(id)).await.unwrap();
    let outcomes: Vec<_> =
        attempts.iter().map(|attempt| (attempt.number, attempt.outcome.as_str())).collect();
    assert_eq!(outcomes, [(1, "busy"), (2, "delivered")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_settled_once() {
    let (store, _folder) = store();
    let delivery = plan(&store, Notice::Register).await;
    settle(&store, &delivery, Settlement::Delivered).await;
    settle(&store, &delivery, dead()).await;
    let id = delivery.id;
    let record = store.read(move |tx| tx.delivery(id)).await.unwrap().unwrap();
    assert_eq!(record.state, DeliveryState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revived_dead_letter_is_pending_again_and_suspect() {
    let (store, _folder) = store();
    let delivery = plan(&store, Notice::Register).await;
    settle(&store, &delivery, dead()).await;
    assert_eq!(store.read(|tx| tx.has_dead_deliveries(INSTANCE, KONTUR)).await, Ok(true));
    let id = delivery.id;
    assert_eq!(store.write(move |tx| tx.revive_delivery(id, at(5))).await, Ok(true));
    let revived = pending(&store).await.remove(0);
    assert_eq!((revived.attempts, revived.due_at, revived.suspect), (0, at(5), true));
    assert_eq!(store.read(|tx| tx.has_dead_deliveries(INSTANCE, KONTUR)).await, Ok(false));
    settle(&store, &revived, Settlement::Delivered).await;
    assert_eq!(store.write(move |tx| tx.revive_delivery(id, at(6))).await, Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_start_only_what_creates_something_is_suspect() {
    let (store, _folder) = store();
    plan(&store, Notice::CallFinished { at: at(1) }).await;
    plan(&store, Notice::Register).await;
    store.write(|tx| tx.suspect_deliveries()).await.unwrap();
    let suspects: Vec<_> = pending(&store).await.iter().map(|delivery| delivery.suspect).collect();
    assert_eq!(suspects, [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_destinations_with_pending_deliveries_are_told() {
    let (store, _folder) = store();
    assert_eq!(store.read(|tx| tx.pending_destinations()).await, Ok(vec![]));
    let delivery = plan(&store, Notice::Register).await;
    plan(&store, Notice::CallFinished { at: at(1) }).await;
    assert_eq!(store.read(|tx| tx.pending_destinations()).await, Ok(vec![(INSTANCE, KONTUR)]));
    for one in pending(&store).await {
        settle(&store, &one, Settlement::Delivered).await;
    }
    assert_eq!(store.read(|tx| tx.pending_destinations()).await, Ok(vec![]), "{delivery:?}");
}
