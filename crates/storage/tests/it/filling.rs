//! A database filled for measurements is one that traffic and retention might have left.

use domain::id::InstanceId;
use domain::retention::{Prunable, Retention, days};
use storage::deliveries::Settlement;
use storage::filling::{Filled, Filling, fill};
use testkit::TempStore;

use super::at;
use super::prune::{call, plan, rows, settle};

const INSTANCE: InstanceId = InstanceId(1);

const RETENTION: Retention =
    Retention { raw_requests: Some(days(10)), calls: Some(days(100)), deliveries: Some(days(50)) };

/// Fills outside of the runtime, since that waits.
async fn fill_by(database: &TempStore, filling: Filling) -> Option<Filled> {
    let place = database.options().place;
    tokio::task::spawn_blocking(move || fill(&place, &filling).ok()).await.unwrap()
}

async fn it_holds_what_traffic_and_retention_would_have_left(database: &TempStore) {
    let store = database.open();
    for name in ["a", "b"] {
        let call = call(&store, name, 1).await;
        let delivery = plan(&store, call, 2).await;
        settle(&store, delivery, 3, Settlement::Delivered).await;
    }
    store.write(|tx| tx.insert_raw_request(INSTANCE, "generic", at(1), b"{}", None).map(drop)).await.unwrap();
    store.close().await;
    let filling = Filling { calls: 200, now: at(1_800_000_000), retention: RETENTION };
    let filled = fill_by(database, filling).await.unwrap();
    assert_eq!([filled.calls, filled.with_deliveries, filled.with_requests], [200, 100, 20]);
    assert!(filled.bytes > 200 * 100, "{filled:?}");
    let tables = ["call", "call_event", "call_leg", "delivery", "raw_request"];
    assert_eq!(tables.map(|table| rows(database, table)), [200, 600, 200, 100, 10]);

    let store = database.open();
    assert_eq!(store.read(|tx| tx.settling_calls()).await, Ok(vec![]));
    assert_eq!(store.read(|tx| tx.pending_destinations()).await, Ok(vec![]));
    for what in Prunable::ALL {
        let limit = RETENTION.limit(what, filling.now).unwrap();
        let oldest = store.read(move |tx| tx.oldest(what, limit, 0, 1_000)).await.unwrap();
        assert_eq!(oldest.ids, Vec::<i64>::new(), "{what:?}");
    }
    let largest = database.number("SELECT MAX(id) FROM call");
    let next = call(&store, "c", 4).await;
    assert!(next.0 > largest, "{next:?} comes after {largest}");
}

async fn calls_that_go_on_are_not_multiplied(database: TempStore) {
    let store = database.open();
    let open = call(&store, "a", 1).await;
    plan(&store, open, 2).await;
    store.close().await;
    let filling = Filling { calls: 10, now: at(1_000), retention: RETENTION };
    assert_eq!(fill_by(&database, filling).await, None);
    assert_eq!(rows(&database, "call"), 1);
}

mod file {
    use testkit::TempStore;

    #[tokio::test(flavor = "multi_thread")]
    async fn it_holds_what_traffic_and_retention_would_have_left() {
        super::it_holds_what_traffic_and_retention_would_have_left(&TempStore::file()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn calls_that_go_on_are_not_multiplied() {
        super::calls_that_go_on_are_not_multiplied(TempStore::file()).await;
    }
}

mod real_postgres {
    use testkit::TempStore;
    use testkit::postgres::Database;

    /// What stands for all indexes and keys as they are defined, in the order in which they were made.
    const INDEXES: &str = "
        SELECT hashtext(string_agg(pg_get_indexdef(indexrelid) || indisprimary, ',' ORDER BY indexrelid))::bigint
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace
          AND relname IN ('call', 'call_event', 'call_leg', 'recording', 'delivery', 'attempt', 'raw_request')";

    #[tokio::test(flavor = "multi_thread")]
    async fn it_holds_what_traffic_and_retention_would_have_left() {
        let database = TempStore::Postgres(Database::fresh());
        database.open().close().await;
        let indexes = database.number(INDEXES);
        super::it_holds_what_traffic_and_retention_would_have_left(&database).await;
        assert_eq!(database.number(INDEXES), indexes, "they are made again when the rows are there");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn calls_that_go_on_are_not_multiplied() {
        super::calls_that_go_on_are_not_multiplied(TempStore::Postgres(Database::fresh())).await;
    }
}
