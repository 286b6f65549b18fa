//! Looks: many at once, ones that panic, and ones that nobody waits for any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use storage::error::StorageError;

use super::store;

/// More than there are readers.
const MANY: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn more_looks_than_readers_are_all_answered() {
    let (store, _folder) = store();
    let looks = (0..MANY).map(|number| store.read(move |tx| Ok((number, tx.settling_calls()?.len()))));
    let expected: Vec<_> = (0..MANY).map(|number| Ok((number, 0))).collect();
    assert_eq!(join_all(looks).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_panics_or_fails_leaves_the_others_alone() {
    let (store, _folder) = store();
    let looks = (0..MANY).map(|number| {
        store.read(move |tx| match number % 4 {
            0 => panic!("on purpose"),
            1 => Err(StorageError::Busy),
            _ => Ok(tx.settling_calls()?.len()),
        })
    });
    for (number, found) in join_all(looks).await.into_iter().enumerate() {
        let expected = match number % 4 {
            0 => Err(StorageError::Closed),
            1 => Err(StorageError::Busy),
            _ => Ok(0),
        };
        assert_eq!(found, expected, "look {number}");
    }
}

/// Looks that were given up before their turn cost nothing.
#[tokio::test(flavor = "current_thread")]
async fn nobody_looks_for_somebody_who_has_gone_away() {
    let (store, _folder) = store();
    let looked = Arc::new(AtomicUsize::new(0));
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = Arc::new(std::sync::Mutex::new(gate));
    // As many as there are readers, or more, which all wait.
    let blocking: Vec<_> = (0..16)
        .map(|_| {
            let (store, gate) = (store.clone(), Arc::clone(&gate));
            tokio::spawn(async move { store.read(move |_| Ok(gate.lock().unwrap().recv())).await })
        })
        .collect();
    tokio::task::yield_now().await;
    for _ in 0..MANY {
        let (store, looked) = (store.clone(), Arc::clone(&looked));
        let given_up = store.read(move |_| Ok(looked.fetch_add(1, Ordering::SeqCst))).now_or_never();
        assert_eq!(given_up, None);
    }
    drop(release);
    for look in blocking {
        assert!(look.await.unwrap().is_ok());
    }
    assert_eq!(store.read(|_| Ok(())).await, Ok(()));
    assert_eq!(looked.load(Ordering::SeqCst), 0);
}
