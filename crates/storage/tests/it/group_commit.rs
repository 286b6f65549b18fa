//! Many changes, one commit: they stand and fall each by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::id::{InstanceId, RawRequestId};
use storage::error::StorageError;
use storage::{Store, StoreOptions};

use testkit::TempStore;

use super::{at, store};

const INSTANCE: InstanceId = InstanceId(1);

async fn insert(store: &Store, text: &'static str) -> Result<RawRequestId, StorageError> {
    store.write(move |tx| tx.insert_raw_request(INSTANCE, "generic", at(1), text.as_bytes(), None)).await
}

async fn body(store: &Store, id: RawRequestId) -> Option<Vec<u8>> {
    store.read(move |tx| Ok(tx.raw_request(id)?.map(|request| request.body))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_or_panics_takes_no_other_with_it() {
    let (store, _folder) = store();
    let fails = store.write(|tx| {
        tx.insert_raw_request(INSTANCE, "generic", at(1), b"lost", None)?;
        Err::<(), _>(StorageError::Busy)
    });
    let panics = store.write(|_| -> Result<(), StorageError> { panic!("a fault of ours") });
    let (kept, failed, panicked, kept_too) =
        tokio::join!(insert(&store, "kept"), fails, panics, insert(&store, "kept too"));
    assert_eq!(failed, Err(StorageError::Busy));
    assert!(matches!(panicked, Err(StorageError::Driver(_))));
    assert_eq!(body(&store, kept.unwrap()).await.as_deref(), Some(&b"kept"[..]));
    assert_eq!(body(&store, kept_too.unwrap()).await.as_deref(), Some(&b"kept too"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_once_and_only_after_a_commit() {
    let (store, _folder) = store();
    let ran = Arc::new(AtomicUsize::new(0));
    for fails in [false, true] {
        let ran = Arc::clone(&ran);
        let outcome = store.write(move |tx| {
            let ran = Arc::clone(&ran);
            tx.after_commit(move || {
                ran.fetch_add(1, Ordering::SeqCst);
            });
            if fails { Err(StorageError::Busy) } else { Ok(()) }
        });
        assert_eq!(outcome.await.is_err(), fails);
    }
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_opening_again() {
    let (store, database) = store();
    let id = insert(&store, "kept").await.unwrap();
    store.close().await;
    let again = database.open();
    assert_eq!(body(&again, id).await.as_deref(), Some(&b"kept"[..]));
}

#[tokio::test]
async fn a_full_queue_refuses_instead_of_growing() {
    let database = TempStore::default();
    let store = Store::open(&StoreOptions { queue: 1, ..database.options() }).unwrap();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let started = Arc::new(tokio::sync::Notify::new());
    let begun = Arc::clone(&started);
    let blocking = tokio::spawn({
        let store = store.clone();
        async move {
            let change = move |_: &mut storage::Tx<'_>| {
                begun.notify_one();
                wait.recv().ok();
                Ok(())
            };
            store.write(change).await
        }
    });
    started.notified().await;
    // The writer is busy with the first; of two more, one fits the queue.
    let (one, other) = (insert(&store, "one"), insert(&store, "other"));
    tokio::pin!(one, other);
    let refused = tokio::select! {
        biased;
        first = &mut one => first,
        second = &mut other => second,
    };
    assert_eq!(refused, Err(StorageError::Busy));
    release.send(()).unwrap();
    assert_eq!(blocking.await.unwrap(), Ok(()));
    assert!(one.await.is_ok());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_not_a_panic() {
    assert!(matches!(Store::open(&StoreOptions::at("/nowhere/at/all.db")), Err(StorageError::Driver(_))));
}

#[tokio::test]
async fn two_that_serve_do_not_share_a_database() {
    let file = TempStore::file();
    let options = file.options();
    let serving = Store::open(&options.clone().alone()).unwrap();
    assert_eq!(Store::open(&options.clone().alone()).err(), Some(StorageError::InUse));
    assert!(Store::open(&options).is_ok(), "others may look on");
    serving.close().await;
    assert!(Store::open(&options.alone()).is_ok());
}

/// Somebody else holds the database: whoever waits is refused together, not one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_held_refuses_everybody_at_once() {
    let file = TempStore::file();
    let store = file.open();
    let other = rusqlite::Connection::open(file.path().unwrap()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let (a, b, c) = tokio::join!(insert(&store, "a"), insert(&store, "b"), insert(&store, "c"));
    // Two at most: the first alone, and those that came while it waited.
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    assert_eq!([a, b, c], [const { Err(StorageError::Busy) }; 3]);
    other.execute_batch("ROLLBACK").unwrap();
    insert(&store, "d").await.unwrap();
}
