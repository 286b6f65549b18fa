//! A database filled for measurements is one that traffic and retention might have left.

use domain::id::InstanceId;
use domain::retention::{Prunable, Retention, days};
use storage::deliveries::Settlement;
use storage::filling::{Filled, Filling, fill};
use storage::{Store, StoreOptions};
use testkit::TempStore;

use super::at;
use super::prune::{call, plan, rows, settle};

const INSTANCE: InstanceId = InstanceId(1);

const RETENTION: Retention =
    Retention { raw_requests: Some(days(10)), calls: Some(days(100)), deliveries: Some(days(50)) };

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_what_traffic_and_retention_would_have_left() {
    let folder = TempStore::file();
    let store = folder.open();
    for name in ["a", "b"] {
        let call = call(&store, name, 1).await;
        let delivery = plan(&store, call, 2).await;
        settle(&store, delivery, 3, Settlement::Delivered).await;
    }
    store.write(|tx| tx.insert_raw_request(INSTANCE, "generic", at(1), b"{}", None).map(drop)).await.unwrap();
    store.close().await;
    let path = folder.path().unwrap();
    let filling = Filling { calls: 200, now: at(1_800_000_000), retention: RETENTION };
    assert_eq!(fill(&path, &filling), Ok(Filled { calls: 200, with_deliveries: 100, with_requests: 20 }));
    let tables = ["call", "call_event", "call_leg", "delivery", "raw_request"];
    assert_eq!(tables.map(|table| rows(&folder, table)), [200, 600, 200, 100, 10]);

    let store = Store::open(&StoreOptions::at(&path)).unwrap();
    assert_eq!(store.read(|tx| tx.settling_calls()).await, Ok(vec![]));
    assert_eq!(store.read(|tx| tx.pending_destinations()).await, Ok(vec![]));
    for what in Prunable::ALL {
        let limit = RETENTION.limit(what, filling.now).unwrap();
        let oldest = store.read(move |tx| tx.oldest(what, limit, 0, 1_000)).await.unwrap();
        assert_eq!(oldest.ids, Vec::<i64>::new(), "{what:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_go_on_are_not_multiplied() {
    let folder = TempStore::file();
    let store = folder.open();
    let open = call(&store, "a", 1).await;
    plan(&store, open, 2).await;
    store.close().await;
    let filling = Filling { calls: 10, now: at(1_000), retention: RETENTION };
    assert!(fill(&folder.path().unwrap(), &filling).is_err());
    assert_eq!(rows(&folder, "call"), 1);
}
