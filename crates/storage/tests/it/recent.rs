//! Calls at hand: whoever delivers sees what is committed of them, never what may still come to nothing.
//! Only where nobody else changes them: what another process may have changed is read.

use std::sync::{Arc, Mutex};

use domain::call::Call;
use domain::call::event::Happening;
use domain::id::{CallId, CommunicationId, InstanceId};
use domain::plan::Told;
use storage::calls::{NewCall, StoredCall};
use storage::error::StorageError;
use storage::{Store, Tx};

use testkit::TempStore;

use super::event;

const INSTANCE: InstanceId = InstanceId(1);

/// Stores a new call that has begun, and keeps it in hand.
pub(crate) fn open(tx: &Tx<'_>, external_id: &str) -> Result<CallId, StorageError> {
    let mut call = Call::default();
    call.fold(&event(1, external_id, Happening::CallStarted));
    let (external_id, told) = (external_id.into(), Told::default());
    let new = NewCall { instance: INSTANCE, external_id, call, told, settle_at: None, look_at: None };
    let stored = tx.insert_call(new)?;
    let id = stored.id;
    tx.put_back(stored);
    Ok(id)
}

pub(crate) fn end(tx: &Tx<'_>, id: CallId) -> Result<(), StorageError> {
    let mut stored = tx.take_call(id)?.expect("the call is stored");
    stored.call.fold(&event(9, "a", Happening::CallFinished(None)));
    tx.update_call(stored)
}

/// The call as the database has it.
async fn read(store: &Store, id: CallId) -> Arc<StoredCall> {
    Arc::new(store.read(move |tx| tx.call(id)).await.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_hand_is_what_is_stored() {
    let file = TempStore::file();
    let store = file.open();
    let id = store.write(|tx| open(tx, "a")).await.unwrap();
    assert_eq!(store.recent_call(id), Some(read(&store, id).await));
    store.write(move |tx| end(tx, id)).await.unwrap();
    let ended = store.recent_call(id).unwrap();
    assert!(ended.call.is_closed());
    assert_eq!(ended, read(&store, id).await);
    store.write(move |tx| tx.set_communication(id, &CommunicationId::from("k-1"))).await.unwrap();
    assert_eq!(store.recent_call(id).unwrap().communication, Some("k-1".into()));
    assert_eq!(store.recent_call(id), Some(read(&store, id).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_not_seen_before_it_is_committed() {
    let file = TempStore::file();
    let store = file.open();
    let id = store.write(|tx| open(tx, "a")).await.unwrap();
    let (outside, meanwhile) = (store.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&meanwhile);
    let changed = store.write(move |tx| {
        let stored = tx.take_call(id)?.expect("the call is stored");
        seen.lock().unwrap().push(outside.recent_call(id));
        tx.put_back(stored);
        end(tx, id)?;
        seen.lock().unwrap().push(outside.recent_call(id));
        Ok(())
    });
    changed.await.unwrap();
    assert_eq!(*meanwhile.lock().unwrap(), [None, None]);
    assert!(store.recent_call(id).unwrap().call.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_came_to_nothing_is_not_seen() {
    let file = TempStore::file();
    let store = file.open();
    let id = store.write(|tx| open(tx, "a")).await.unwrap();
    let failed: Result<(), _> = store
        .write(move |tx| {
            end(tx, id)?;
            Err(StorageError::Driver("on purpose".to_owned()))
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(store.recent_call(id), None);
    store.write(|tx| open(tx, "b")).await.unwrap();
    assert_eq!(store.recent_call(id), None, "nor after the next commit");
    assert!(!read(&store, id).await.call.is_closed());
}

/// Far more calls than are kept: what is at hand stays what is stored, and the rest is not at hand.
#[tokio::test(flavor = "multi_thread")]
async fn old_calls_make_room_for_new_ones() {
    const CALLS: i64 = 10_000;
    let file = TempStore::file();
    let store = file.open();
    let ids =
        store.write(|tx| (0..CALLS).map(|call| open(tx, &format!("c{call}"))).collect::<Result<Vec<_>, _>>());
    let ids = ids.await.unwrap();
    let at_hand = ids.iter().filter(|id| store.recent_call(**id).is_some()).count();
    assert!((1_000..9_000).contains(&at_hand), "{at_hand}");
    assert_eq!(store.recent_call(ids[0]), None);
    let last = *ids.last().unwrap();
    assert_eq!(store.recent_call(last), Some(read(&store, last).await));
    let found = store.write(|tx| {
        let (old, new) = (tx.find_call(INSTANCE, &"c0".into())?, tx.find_call(INSTANCE, &"c9999".into())?);
        Ok([old, new].map(|call| call.map(|call| call.id)))
    });
    assert_eq!(found.await.unwrap(), [Some(ids[0]), Some(last)]);
}
