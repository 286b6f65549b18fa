//! Calls and their events.

use std::time::Duration;

use domain::call::Call;
use domain::call::event::{CallEvent, Happening, LegChange, LegEvent, Party};
use domain::call::healing::Quiet;
use domain::id::{CallId, Extension, InstanceId};
use domain::outbox::{DestinationKind, Notice};
use domain::phone::{Country, Phone};
use domain::plan::Told;
use storage::Tx;
use storage::calls::{CallFilter, NewCall};
use storage::deliveries::{Attempt, NewDelivery, Settlement};
use storage::error::StorageError;

use super::{at, client, event, store};

const INSTANCE: InstanceId = InstanceId(1);

fn insert(tx: &Tx<'_>, external_id: &str, events: &[CallEvent]) -> Result<CallId, StorageError> {
    let mut call = Call::default();
    for event in events {
        call.fold(event);
    }
    let (external_id, told) = (external_id.into(), Told::default());
    Ok(tx
        .insert_call(NewCall {
            instance: INSTANCE,
            external_id,
            call,
            told,
            settle_at: None,
            look_at: Some(at(600)),
        })?
        .id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_reads_as_it_was_written() {
    let (store, _folder) = store();
    let events = [event(1, "a", Happening::CallStarted), event(5, "a", Happening::CallFinished(None))];
    let of_write = events.clone();
    store.write(move |tx| insert(tx, "a", &of_write)).await.unwrap();
    let stored = store.read(|tx| tx.find_call(INSTANCE, &"a".into())).await.unwrap().unwrap();
    let mut expected = Call::default();
    for event in &events {
        expected.fold(event);
    }
    assert_eq!(stored.call, expected);
    assert_eq!(store.read(|tx| tx.find_call(InstanceId(2), &"a".into())).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_noted_once() {
    let (store, _folder) = store();
    let noted = store.write(|tx| {
        let started = event(1, "a", Happening::CallStarted);
        let call = insert(tx, "a", std::slice::from_ref(&started))?;
        Ok([tx.insert_event(call, &started, at(2), None)?, tx.insert_event(call, &started, at(3), None)?])
    });
    assert_eq!(noted.await, Ok([true, false]));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_listed_by_filter_the_latest_first() {
    let (store, _folder) = store();
    store
        .write(|tx| {
            insert(tx, "a", &[event(1, "a", Happening::CallStarted)])?;
            insert(tx, "b", &[event(2, "b", Happening::CallFinished(None))])?;
            insert(tx, "c", &[event(3, "c", Happening::CallStarted)])
        })
        .await
        .unwrap();
    let listed = async |filter: CallFilter| {
        let calls = store.read(move |tx| tx.list_calls(&CallFilter { limit: 10, ..filter })).await.unwrap();
        calls.iter().map(|stored| stored.external_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(CallFilter::default()).await, ["c", "b", "a"]);
    assert_eq!(listed(CallFilter { state: Some("active".into()), ..Default::default() }).await, ["c", "a"]);
    assert_eq!(listed(CallFilter { state: Some("finished".into()), ..Default::default() }).await, ["b"]);
    assert_eq!(listed(CallFilter { state: Some("missed".into()), ..Default::default() }).await, ["b"]);
    assert_eq!(listed(CallFilter { from: Some(at(2)), to: Some(at(3)), ..Default::default() }).await, ["b"]);
    let client = Some(Phone::normalise("89997775533", Country::RU));
    assert_eq!(
        listed(CallFilter { client, before: Some(CallId(3)), ..Default::default() }).await,
        ["b", "a"]
    );
    assert!(listed(CallFilter { client: Some(Phone::anonymous()), ..Default::default() }).await.is_empty());
}

/// The comment of an answered call that is still to be written closes the client's threads by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_counts_once_it_was_written_down() {
    let (store, _folder) = store();
    let client = client();
    let leg = |change| {
        let (from, to) = (Some(Party::Client), Some(Party::User { extension: Extension::new("101") }));
        Happening::Leg(LegEvent { id: "leg".into(), from, to, change })
    };
    let events = [
        event(1, "a", Happening::CallStarted),
        event(2, "a", leg(LegChange::Answered)),
        event(5, "a", Happening::CallFinished(None)),
    ];
    let planned = store.write(move |tx| {
        let call = insert(tx, "a", &events)?;
        let (destination, notice) = (DestinationKind::Workonflow, Notice::Comment);
        let created_at = at(6);
        tx.insert_delivery(NewDelivery {
            instance: INSTANCE,
            destination,
            call,
            notice,
            created_at,
            expires_at: None,
            background: false,
        })
    });
    let planned = planned.await.unwrap();
    let last = || {
        let client = client.clone();
        store.read(move |tx| tx.last_conversation(INSTANCE, &client, CallId(99)))
    };
    assert_eq!(last().await.unwrap(), None);
    let attempt =
        Attempt { at: at(6), ended_at: at(7), http_status: Some(200), answer: None, progress: None };
    let settled = store.write(move |tx| tx.settle_delivery(planned.id, 0, &attempt, &Settlement::Delivered));
    settled.await.unwrap();
    assert_eq!(last().await.unwrap(), Some(at(5)));
}

/// Whether it is due, for how long it has been quiet, and that its end takes it off the list.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_call_is_looked_at_until_it_ends() {
    let (store, _folder) = store();
    let due = async |second| store.read(move |tx| tx.open_calls(INSTANCE, at(second), 10)).await.unwrap();
    let call = store.write(|tx| {
        let started = event(1, "a", Happening::CallStarted);
        let call = insert(tx, "a", std::slice::from_ref(&started))?;
        tx.insert_event(call, &started, at(5), None)?;
        tx.insert_event(call, &event(7, "a", Happening::GoesOn), at(9), None)?;
        Ok(call)
    });
    let call = call.await.unwrap();
    assert_eq!(due(599).await, []);
    let found = due(600).await;
    assert_eq!((found.len(), found[0].stored.id), (1, call));
    assert_eq!(found[0].quiet, Quiet { since: at(5), last_sign_at: at(9) });
    assert_eq!(store.read(|tx| tx.open_calls(InstanceId(2), at(600), 10)).await.unwrap(), []);
    store.write(move |tx| tx.look_again(call, at(700))).await.unwrap();
    assert_eq!((due(699).await.len(), due(700).await.len()), (0, 1));
    store.write(|tx| tx.look_sooner(Duration::from_secs(50))).await.unwrap();
    assert_eq!((due(649).await.len(), due(650).await.len()), (0, 1));
    let ended = store.write(move |tx| {
        let Some(mut stored) = tx.call(call)? else { return Ok(()) };
        stored.call.fold(&event(8, "a", Happening::CallFinished(None)));
        stored.settle_at = Some(at(9));
        tx.update_call(stored)?;
        tx.look_again(call, at(800))
    });
    ended.await.unwrap();
    assert_eq!(due(1_000).await, []);
}
