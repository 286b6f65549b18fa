//! The store whose steps are taken by hand: the same rules, without threads.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::id::{InstanceId, RawRequestId};
use domain::port::crash::{AtCrashPoint, CrashPoint, CrashPoints};
use storage::error::StorageError;
use storage::{Asked, Mishap, Stepper, Store};

use super::at;

async fn insert(store: &Store, text: &'static str) -> Result<RawRequestId, StorageError> {
    store.write(move |tx| tx.insert_raw_request(InstanceId(1), "generic", at(1), text.as_bytes(), None)).await
}

async fn is_kept(stepper: &mut Stepper, store: &Store, row: i64) -> bool {
    let look = store.read(move |tx| Ok(tx.raw_request(RawRequestId(row))?.is_some()));
    let answer = async {
        let Asked::Look(look) = stepper.asked().await else { panic!("no look was asked for") };
        stepper.answer(look, None);
    };
    tokio::join!(look, answer).0.unwrap()
}

/// Waits for the changes and commits them together.
async fn commit(stepper: &mut Stepper, mishap: Option<Mishap>) {
    assert!(matches!(stepper.asked().await, Asked::Change));
    stepper.commit(mishap);
}

#[tokio::test]
async fn changes_of_one_step_stand_and_fall_each_by_itself() {
    let mut stepper = Stepper::in_memory(CrashPoints::default()).unwrap();
    let store = stepper.store(8);
    let fails = store.write(|tx| {
        tx.insert_raw_request(InstanceId(1), "generic", at(1), b"lost", None)?;
        Err::<(), _>(StorageError::Busy)
    });
    let (kept, failed, kept_too, ()) =
        tokio::join!(insert(&store, "kept"), fails, insert(&store, "kept too"), commit(&mut stepper, None));
    assert_eq!((kept, failed, kept_too), (Ok(RawRequestId(1)), Err(StorageError::Busy), Ok(RawRequestId(2))));
    assert!(is_kept(&mut stepper, &store, 2).await);
}

#[tokio::test]
async fn nothing_is_kept_of_what_did_not_begin_or_commit() {
    let mut stepper = Stepper::in_memory(CrashPoints::default()).unwrap();
    let store = stepper.store(8);
    for mishap in [Mishap::ToBegin(StorageError::Busy), Mishap::ToCommit(StorageError::Full)] {
        let (Mishap::ToBegin(error) | Mishap::ToCommit(error)) = mishap.clone();
        let (a, b, ()) =
            tokio::join!(insert(&store, "a"), insert(&store, "b"), commit(&mut stepper, Some(mishap)));
        assert_eq!([a, b], [Err(error.clone()), Err(error)]);
        assert!(!is_kept(&mut stepper, &store, 1).await);
    }
}

/// Dies at every point that is passed inside a commit.
struct DiesAt(CrashPoint);

impl AtCrashPoint for DiesAt {
    fn reached(&self, point: CrashPoint) {
        if point == self.0 {
            std::panic::resume_unwind(Box::new(point));
        }
    }
}

#[tokio::test]
async fn a_death_in_a_commit_tells_nobody_and_keeps_all_or_nothing() {
    for (point, kept) in [(CrashPoint::Written, false), (CrashPoint::Committed, true)] {
        let dies = CrashPoints::heard_by(Arc::new(DiesAt(point)));
        let mut stepper = Stepper::in_memory(dies).unwrap();
        let store = stepper.store(8);
        let (unheard, after) = tokio::join!(insert(&store, "a"), async {
            assert!(matches!(stepper.asked().await, Asked::Change));
            let death = std::panic::catch_unwind(AssertUnwindSafe(|| stepper.commit(None)));
            assert!(death.is_err(), "{point}");
            stepper.store(8)
        });
        assert_eq!(unheard, Err(StorageError::Closed), "{point}");
        assert_eq!(is_kept(&mut stepper, &after, 1).await, kept, "{point}");
    }
}

#[tokio::test]
async fn what_was_not_done_dies_with_its_store() {
    let mut stepper = Stepper::in_memory(CrashPoints::default()).unwrap();
    let store = stepper.store(8);
    let (forgotten, after) = tokio::join!(insert(&store, "a"), async {
        assert!(matches!(stepper.asked().await, Asked::Change));
        stepper.store(8)
    });
    assert_eq!(forgotten, Err(StorageError::Closed));
    assert!(!is_kept(&mut stepper, &after, 1).await);
}
