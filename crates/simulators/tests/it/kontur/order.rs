//! Each rule of the legal order, broken once.

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use uuid::Uuid;

use super::{USER, World, event, finished, registered, started};

/// Sends the callbacks in order; the last one has to be noted with the given words, the others with none.
async fn breaks(callbacks: &[(&str, Value)], expected: &str, world: &World) {
    let (last, before) = callbacks.split_last().expect("a callback");
    for (name, body) in before {
        world.accepted(name, body).await;
    }
    assert_eq!(world.journal.violations(), Vec::<String>::new(), "before {last:?}");
    world.callback(last.0, &last.1).await;
    let violations = world.journal.violations();
    assert!(violations.iter().any(|text| text.contains(expected)), "{expected:?} is not in {violations:?}");
}

macro_rules! broken {
    ($($name:ident: |$id:ident| [$($callback:literal $body:expr),+] => $expected:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::start().await;
            let $id = world.start_call("ext-1").await;
            breaks(&[$(($callback, $body)),+], $expected, &world).await;
        }
    )+};
}

fn with_id(mut body: Value, id: Uuid) -> Value {
    body["communicationId"] = json!(id);
    body
}

fn item(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).expect("the place") = value;
    body
}

broken! {
    call_started_twice: |id| ["call-started" with_id(started("ext-1"), id)] => "call-started twice for one communication";
    call_started_twice_without_id: |_id| ["call-started" started("ext-1")] => "call-started twice for ext-1";
    call_started_after_finished: |id| ["call-finished" finished(id), "call-started" with_id(started("ext-1"), id)] => "call-started after call-finished";
    call_started_after_register: |id| ["register-call" registered(Some(id), "ext-1"), "call-started" with_id(started("ext-1"), id)] => "call-started after register-call";
    event_after_finished: |id| ["call-finished" finished(id), "call-event" event(id, "appeared")] => "call-event after call-finished";
    event_after_register: |id| ["register-call" registered(Some(id), "ext-1"), "call-event" event(id, "appeared")] => "call-event after register-call";
    event_of_another_call: |id| ["call-event" item(event(id, "appeared"), "/externalId", json!("ext-2"))] => "externalId ext-2, but the communication's is ext-1";
    connected_after_disconnected: |id| ["call-event" event(id, "connected"), "call-event" event(id, "disconnected"), "call-event" event(id, "connected")] => "Connected after Some(Disconnected)";
    appeared_after_connected: |id| ["call-event" event(id, "connected"), "call-event" event(id, "appeared")] => "Appeared after Some(Connected)";
    appeared_twice: |id| ["call-event" event(id, "appeared"), "call-event" event(id, "appeared")] => "Appeared after Some(Appeared)";
    paused_before_connected: |id| ["call-event" event(id, "appeared"), "call-event" event(id, "paused")] => "Paused after Some(Appeared)";
    finished_twice: |id| ["call-finished" finished(id), "call-finished" finished(id)] => "call-finished twice";
    finished_after_register: |id| ["register-call" registered(Some(id), "ext-1"), "call-finished" finished(id)] => "call-finished after register-call";
    failed_although_nobody_asked: |id| ["call-failed" json!({"communicationId": id})] => "a call that no user started";
    failed_after_finished: |id| ["call-finished" finished(id), "call-failed" json!({"communicationId": id})] => "call-failed after call-finished";
    failed_after_a_conversation: |id| ["call-event" event(id, "connected"), "call-failed" json!({"communicationId": id})] => "call-failed for a call with a conversation";
    recording_before_register: |id| ["call-recording" json!({"communicationId": id, "externalId": "ext-1", "externalCallItemId": "ext-1-1", "recordingFileId": Uuid::new_v4()})] => "call-recording before register-call";
    recording_of_an_unknown_item: |id| ["register-call" registered(Some(id), "ext-1"), "call-recording" json!({"communicationId": id, "externalId": "ext-1", "externalCallItemId": "ext-1-9", "recordingFileId": Uuid::new_v4()})] => "the item ext-1-9, which was not registered";
    recording_of_an_unknown_file: |id| ["register-call" registered(Some(id), "ext-1"), "call-recording" json!({"communicationId": id, "externalId": "ext-1", "externalCallItemId": "ext-1-1", "recordingFileId": Uuid::new_v4()})] => "does not exist";
    a_client_with_a_user: |id| ["call-event" item(event(id, "appeared"), "/from", json!({"type": "client", "userId": USER}))] => "a client with a userId";
    two_clients: |id| ["call-event" item(event(id, "appeared"), "/to", json!({"type": "client"}))] => "between two clients";
    an_unknown_user: |id| ["call-event" item(event(id, "appeared"), "/to/userId", json!(Uuid::nil()))] => "does not exist in Kontur";
    an_item_that_ends_before_it_starts: |id| ["register-call" item(registered(Some(id), "ext-1"), "/items/0/finishedAt", json!("2026-11-22T09:00:00+03:00"))] => "ends before it starts";
}

#[tokio::test]
async fn a_call_registered_twice_appears_twice() {
    for with_id in [true, false] {
        let world = World::start().await;
        let id = world.start_call("ext-1").await;
        world.accepted("register-call", &registered(Some(id), "ext-1")).await;
        world.accepted("register-call", &registered(with_id.then_some(id), "ext-1")).await;
        let violations = world.journal.violations();
        assert!(violations.len() == 1 && violations[0].contains("twice"), "{violations:?}");
        let doubles = world.kontur.communications("acme");
        assert_eq!(doubles.iter().filter(|double| double.external_id.as_deref() == Some("ext-1")).count(), 2);
    }
}

#[tokio::test]
async fn a_call_registered_past_its_communication_appears_twice() {
    let world = World::start().await;
    world.start_call("ext-1").await;
    world.accepted("register-call", &registered(None, "ext-1")).await;
    assert!(world.journal.violations()[0].contains("it is known as"), "{:?}", world.journal.violations());
    assert_eq!(world.kontur.communications("acme").len(), 2);
}

#[tokio::test]
async fn callbacks_for_a_call_that_was_asked_for_but_not_started_are_out_of_order() {
    let world = World::start().await;
    let id = world.kontur.crm("acme").press_call(USER, "79997775533").await.communication_id;
    world.journal.clear();
    world.accepted("call-event", &event(id, "appeared")).await;
    world.accepted("call-finished", &finished(id)).await;
    let violations = world.journal.violations();
    assert!(violations[0].contains("call-event before call-started"), "{violations:?}");
    assert!(violations[1].contains("call-finished before call-started"), "{violations:?}");
}

#[tokio::test]
async fn call_failed_is_legal_once_for_a_call_that_a_user_asked_for() {
    let world = World::start().await;
    let id = world.kontur.crm("acme").press_call(USER, "79997775533").await.communication_id;
    world.journal.clear();
    world.accepted("call-failed", &json!({"communicationId": id})).await;
    assert_eq!(world.journal.violations(), Vec::<String>::new());
    world.accepted("call-failed", &json!({"communicationId": id})).await;
    assert!(world.journal.violations()[0].contains("call-failed twice"));
}

#[tokio::test]
async fn what_got_no_answer_may_be_sent_again_once_it_is_the_same() {
    let world = World::start().await;
    let id = world.start_call("ext-1").await;
    world.kontur.faults().set(Fault::times(FaultKind::CutAfter, 1));
    world.try_callback("call-event", &event(id, "appeared")).await.expect_err("no answer");
    world.accepted("call-event", &event(id, "appeared")).await;
    assert_eq!(world.journal.violations(), Vec::<String>::new());
    assert_eq!(world.kontur.communication("acme", id).expect("known").event_types(), ["appeared"]);
    world.kontur.allow_repeats(true);
    world.accepted("call-event", &event(id, "connected")).await;
    world.accepted("call-event", &event(id, "connected")).await;
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}
