//! Pruning: what is old goes with all that belongs to it; what is young, open, pending or newest stays.

use domain::call::Call;
use domain::call::event::{Happening, LegChange, LegEvent};
use domain::clock::Timestamp;
use domain::id::{CallId, InstanceId};
use domain::outbox::{Cause, DestinationKind, Notice};
use domain::plan::Told;
use domain::port::destination::UnreturnedThread;
use domain::port::provider::Window;
use domain::recording::Tracked;
use domain::retention::{Limit, Prunable};
use domain::sync::Purpose;
use storage::calls::NewCall;
use storage::deliveries::{Attempt, NewDelivery, PendingDelivery, Settlement};
use storage::parked::Parked;
use storage::prune::Oldest;
use storage::sync_jobs::NewSyncJob;
use storage::{Store, Tx};
use testkit::TempStore;

use super::{at, client, event, store};

const INSTANCE: InstanceId = InstanceId(1);

/// Rows from before second 100 are old at second 1000.
const LIMIT: Limit = Limit { before: at(100), now: at(1_000) };

/// How many rows a table has.
pub(super) fn rows(database: &TempStore, table: &str) -> i64 {
    database.number(&format!("SELECT COUNT(*) FROM {table}"))
}

/// Looks from the first row on, in looks of `rows` rows, and prunes what was found.
async fn prune(store: &Store, what: Prunable, rows: u32) -> usize {
    let (mut after, mut pruned) = (Some(0), 0);
    while let Some(from) = after {
        let Oldest { ids, next } = store.read(move |tx| tx.oldest(what, LIMIT, from, rows)).await.unwrap();
        assert!(ids.len() <= rows as usize, "a look is bounded");
        pruned += store.write(move |tx| tx.prune(what, &ids, LIMIT)).await.unwrap();
        after = next;
    }
    pruned
}

/// A call of one leg that began at `second`, came in as it happened, and is over if `is_over`.
fn insert_call(tx: &Tx<'_>, name: &str, second: i64, is_over: bool) -> CallId {
    let rings = LegEvent {
        id: format!("{name}-l").as_str().into(),
        from: None,
        to: None,
        change: LegChange::Ringing,
    };
    let mut events = vec![
        event(second, name, Happening::CallStarted),
        event(second + 1, name, Happening::Leg(rings.clone())),
    ];
    if is_over {
        events.push(event(second + 2, name, Happening::CallFinished(None)));
    }
    let mut call = Call::default();
    for event in &events {
        call.fold(event);
    }
    let (external_id, told) = (name.into(), Told::default());
    let new = NewCall { instance: INSTANCE, external_id, call, told, settle_at: None, look_at: None };
    let id = tx.insert_call(new).unwrap().id;
    for event in &events {
        tx.insert_event(id, event, event.at, None).unwrap();
    }
    tx.insert_leg(INSTANCE, &rings.id, id).unwrap();
    id
}

pub(super) async fn call(store: &Store, name: &'static str, second: i64) -> CallId {
    store.write(move |tx| Ok(insert_call(tx, name, second, true))).await.unwrap()
}

pub(super) async fn plan(store: &Store, call: CallId, second: i64) -> PendingDelivery {
    let (destination, notice, created_at) = (DestinationKind::Kontur, Notice::Register, at(second));
    let new = NewDelivery {
        instance: INSTANCE,
        destination,
        call,
        notice,
        created_at,
        expires_at: None,
        background: false,
    };
    store.write(move |tx| tx.insert_delivery(new.clone())).await.unwrap()
}

pub(super) async fn settle(store: &Store, delivery: PendingDelivery, second: i64, settlement: Settlement) {
    let attempt =
        Attempt { at: at(second), ended_at: at(second), http_status: None, answer: None, progress: None };
    store
        .write(move |tx| tx.settle_delivery(delivery.id, delivery.attempts, &attempt, &settlement))
        .await
        .unwrap();
}

fn dead() -> Settlement {
    Settlement::Dead { cause: Cause::Validation, reason: "no good".into(), suspect: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_requests_go_and_young_ones_stay() {
    let (store, folder) = store();
    store
        .write(|tx| {
            (0..200).try_for_each(|second| {
                tx.insert_raw_request(INSTANCE, "generic", at(second), b"{}", None).map(drop)
            })
        })
        .await
        .unwrap();
    assert_eq!(prune(&store, Prunable::RawRequests, 7).await, 100);
    assert_eq!(rows(&folder, "raw_request"), 100);
    assert_eq!(prune(&store, Prunable::RawRequests, 7).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_ends_at_what_is_young() {
    let (store, _folder) = store();
    let insert =
        |second| move |tx: &mut Tx<'_>| tx.insert_raw_request(INSTANCE, "generic", at(second), b"{}", None);
    for second in [1, 2, 500, 3, 600] {
        store.write(insert(second)).await.unwrap();
    }
    let look = store.read(|tx| tx.oldest(Prunable::RawRequests, LIMIT, 0, 100)).await.unwrap();
    assert_eq!(look, Oldest { ids: vec![1, 2], next: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_wrong_clock_dated_ahead_does_not_keep_the_rest() {
    let (store, _folder) = store();
    for second in [1, 5_000, 2, 500] {
        store
            .write(move |tx| tx.insert_raw_request(INSTANCE, "generic", at(second), b"{}", None))
            .await
            .unwrap();
    }
    assert_eq!(prune(&store, Prunable::RawRequests, 2).await, 2);
}

/// It is over and still to be registered.
#[tokio::test(flavor = "multi_thread")]
async fn a_parked_call_stays_with_its_deliveries_until_it_is_registered() {
    let (store, folder) = store();
    let parked = call(&store, "a", 1).await;
    let delivery = plan(&store, parked, 2).await;
    settle(&store, delivery, 3, Settlement::Delivered).await;
    let newest = call(&store, "b", 500).await;
    plan(&store, newest, 500).await;
    let (instance, until, extensions) = (INSTANCE, at(900), vec!["105".into()]);
    let parked = Parked { call: parked, instance, until, extensions };
    store.write(move |tx| tx.park(&parked)).await.unwrap();
    assert_eq!(prune(&store, Prunable::Deliveries, 7).await, 0);
    assert_eq!(prune(&store, Prunable::Calls, 7).await, 0);
    store.write(|tx| tx.unpark(INSTANCE, CallId(1))).await.unwrap();
    assert_eq!(prune(&store, Prunable::Calls, 7).await, 1);
    assert_eq!(["call", "delivery"].map(|table| rows(&folder, table)), [1, 1]);
}

/// A number that came twice would be taken for what it was before: for a delivery that memory has seen already.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_row_stays_so_that_no_number_comes_twice() {
    let (store, folder) = store();
    let first = call(&store, "a", 1).await;
    let second = call(&store, "b", 2).await;
    for call in [first, second] {
        let delivery = plan(&store, call, 3).await;
        settle(&store, delivery, 4, Settlement::Delivered).await;
    }
    for _ in 0..3 {
        store.write(|tx| tx.insert_raw_request(INSTANCE, "generic", at(1), b"{}", None)).await.unwrap();
    }
    for what in Prunable::ALL {
        prune(&store, what, 10).await;
    }
    for table in ["raw_request", "call", "delivery"] {
        assert_eq!(rows(&folder, table), 1, "{table}");
    }
    assert_eq!(call(&store, "c", 200).await, CallId(second.0 + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deliveries_of_a_call_go_together_when_the_last_was_settled_long_ago() {
    let (store, folder) = store();
    let calls = [call(&store, "a", 1).await, call(&store, "b", 2).await, call(&store, "c", 3).await];
    for (of, settled_at) in calls.iter().zip([10, 500, 10]) {
        let first = plan(&store, *of, 4).await;
        settle(&store, first, 5, Settlement::Delivered).await;
        let last = plan(&store, *of, 6).await;
        settle(&store, last, settled_at, dead()).await;
    }
    assert_eq!(prune(&store, Prunable::Deliveries, 3).await, 2, "those of a; of c the newest is one");
    assert_eq!(rows(&folder, "attempt"), 2, "the attempts went with them");
    for (of, left) in calls.into_iter().zip([0, 2, 2]) {
        assert_eq!(store.read(move |tx| tx.deliveries_of(of)).await.unwrap().len(), left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_is_pending_all_deliveries_of_its_call_stay() {
    let (store, folder) = store();
    let of = call(&store, "a", 1).await;
    let first = plan(&store, of, 2).await;
    settle(&store, first, 3, Settlement::Delivered).await;
    let waits = plan(&store, of, 4).await;
    let newest = call(&store, "b", 200).await;
    let newest = plan(&store, newest, 200).await;
    settle(&store, newest, 200, Settlement::Delivered).await;
    assert_eq!(prune(&store, Prunable::Deliveries, 10).await, 0);
    assert_eq!(prune(&store, Prunable::Calls, 10).await, 0);
    settle(&store, waits, 5, Settlement::Delivered).await;
    assert_eq!(prune(&store, Prunable::Deliveries, 10).await, 2);
    assert_eq!((rows(&folder, "delivery"), rows(&folder, "call")), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_with_all_that_belongs_to_it() {
    let (store, folder) = store();
    let old = call(&store, "a", 1).await;
    let delivery = plan(&store, old, 2).await;
    settle(&store, delivery, 3, dead()).await;
    let young = call(&store, "b", 150).await;
    let delivery = plan(&store, young, 151).await;
    settle(&store, delivery, 152, Settlement::Delivered).await;
    let waits = |thread: &str, second| UnreturnedThread { thread_id: thread.into(), missed_at: at(second) };
    store
        .write(move |tx| {
            for call in [old, young] {
                let tracked = Tracked::available(None, None);
                tx.insert_recording(INSTANCE, call, &"leg-1".into(), &tracked, at(3))?;
            }
            tx.insert_unreturned(INSTANCE, &client(), &waits("t1", 1))?;
            tx.insert_unreturned(INSTANCE, &client(), &waits("t2", 150))
        })
        .await
        .unwrap();
    assert_eq!(prune(&store, Prunable::Calls, 10).await, 1);
    let left = ["call", "call_event", "call_leg", "delivery", "attempt", "recording", "unreturned_thread"];
    assert_eq!(left.map(|table| rows(&folder, table)), [1, 3, 1, 1, 0, 1, 1]);
    assert!(store.read(move |tx| tx.call(young)).await.unwrap().is_some());
    assert_eq!(store.read(|tx| tx.pruned_until()).await, Ok(Some(at(3))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_settles_or_came_lately_stays() {
    let (store, folder) = store();
    store
        .write(|tx| {
            insert_call(tx, "goes-on", 1, false);
            insert_call(tx, "settles", 2, true);
            let mut settles = tx.find_call(INSTANCE, &"settles".into())?.unwrap();
            settles.settle_at = Some(at(5));
            tx.update_call(settles)?;
            let late = insert_call(tx, "late", 3, true);
            let recorded = event(9, "late", Happening::CallFinished(None));
            tx.insert_event(late, &recorded, at(300), None)?;
            insert_call(tx, "newest", 4, true);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(prune(&store, Prunable::Calls, 10).await, 0);
    assert_eq!(rows(&folder, "call"), 4);
    assert_eq!(store.read(|tx| tx.pruned_until()).await, Ok(None));
}

/// The writer keeps calls at hand; one that is gone must not be written to.
#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_call_is_not_found_in_memory_either() {
    let (store, _folder) = store();
    call(&store, "a", 1).await;
    call(&store, "b", 2).await;
    store
        .write(|tx| {
            let found = tx.find_call(INSTANCE, &"a".into())?.unwrap();
            tx.put_back(found);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(prune(&store, Prunable::Calls, 10).await, 1);
    assert_eq!(store.write(|tx| tx.find_call(INSTANCE, &"a".into())).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_the_sync_go_but_for_those_under_way() {
    let (store, folder) = store();
    let window = Window { from: Timestamp::default(), to: at(1) };
    let new = NewSyncJob { instance: INSTANCE, purpose: Purpose::Span, window, calls_per_minute: None };
    for second in [1, 2, 3, 4, 5] {
        store.write(move |tx| tx.insert_sync_job(new, at(second))).await.unwrap();
    }
    store.write(|tx| tx.finish_sync_job(1, at(9), None)).await.unwrap();
    assert!(store.write(|tx| tx.pause_sync_job(2)).await.unwrap());
    assert!(store.write(|tx| tx.cancel_sync_job(3, at(9))).await.unwrap());
    assert_eq!(prune(&store, Prunable::SyncJobs, 10).await, 2);
    assert_eq!(rows(&folder, "sync_job"), 3, "paused, running, and the newest");
}

#[tokio::test(flavor = "multi_thread")]
async fn freed_pages_are_given_back_in_steps() {
    let file = TempStore::file();
    let store = file.open();
    let body = vec![b' '; 3_000];
    store
        .write(move |tx| {
            (0..400)
                .try_for_each(|_| tx.insert_raw_request(INSTANCE, "generic", at(1), &body, None).map(drop))
        })
        .await
        .unwrap();
    prune(&store, Prunable::RawRequests, 100).await;
    let full = store.read(|tx| tx.space()).await.unwrap();
    assert!(full.free_pages > 300, "{full:?}");
    store.write(|tx| tx.give_back(100)).await.unwrap();
    let after = store.read(|tx| tx.space()).await.unwrap();
    assert_eq!((full.pages - after.pages, full.free_pages - after.free_pages), (100, 100));
    store.shrink().await.unwrap();
    assert_eq!(std::fs::metadata(file.path().unwrap()).unwrap().len(), after.bytes());
}
