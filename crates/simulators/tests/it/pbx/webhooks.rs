//! What the PBX tells, how it signs, how it insists.

use std::time::Duration;

use serde_json::json;
use simulators::journal::System;
use simulators::pbx::{Options, PbxError, SendOptions, sign};

use super::World;

#[tokio::test]
async fn a_ring_group_is_told_leg_by_leg() {
    let world = World::start().await;
    let call = world.pbx.ring_in("+7 999 777-55-33", "79229929292", &["101", "102"]);
    world.pbx.answer(&call, "102").expect("answers");
    world.pbx.hold(&call, "102").expect("holds");
    world.pbx.resume(&call, "102").expect("resumes");
    let leg = world.pbx.transfer(&call, "103").expect("transfers");
    world.pbx.answer(&call, &leg).expect("answers");
    world.pbx.hang_up(&call).expect("hangs up");
    world.pbx.record(&call, "103", "sound").expect("records");
    assert_eq!(
        world.story().await,
        [
            "call.started",
            "leg.ringing 101",
            "leg.ringing 102",
            "leg.answered 102",
            "leg.ended 101 cancelled",
            "leg.held 102",
            "leg.resumed 102",
            "leg.ended 102",
            "leg.ringing 103",
            "leg.answered 103",
            "leg.ended 103",
            "call.finished",
            "recording.ready 103"
        ]
    );
}

#[tokio::test]
async fn every_other_story_ends_as_it_should() {
    let world = World::start().await;
    world.pbx.miss(&world.pbx.ring_in("79997775533", "79229929292", &["101"])).expect("missed");
    world.pbx.busy(&world.pbx.ring_in("79997775533", "79229929292", &["101"])).expect("busy");
    world.pbx.fail(&world.pbx.dial_out("101", "79997775533"), "unreachable").expect("failed");
    let internal = world.pbx.call_internally("101", "102");
    world.pbx.answer(&internal, "102").expect("answers");
    world.pbx.drop_leg(&internal, "101").expect("ends");
    assert_eq!(
        world.story().await,
        [
            "call.started",
            "leg.ringing 101",
            "leg.ended 101 no_answer",
            "call.finished no_answer",
            "call.started",
            "leg.ringing 101",
            "leg.ended 101 busy",
            "call.finished busy",
            "call.started",
            "leg.ringing 101",
            "leg.ended 101 unreachable",
            "call.failed unreachable",
            "call.started",
            "leg.ringing 101",
            "leg.answered 101",
            "leg.ended 101",
            "call.finished"
        ]
    );
}

#[tokio::test]
async fn an_event_has_exactly_the_fields_of_the_contract() {
    let world = World::start().await;
    let call = world.pbx.ring_in("+7 999 777-55-33", "79229929292", &["101"]);
    world.connect();
    let event = world.received().await[1].json();
    let mut fields: Vec<_> = event.as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    let expected = [
        "at",
        "call_id",
        "client_phone",
        "direction",
        "id",
        "leg",
        "reason",
        "recording",
        "request_id",
        "type",
        "vats_phone",
    ];
    assert_eq!(fields, expected);
    assert_eq!((&event["call_id"], &event["direction"]), (&json!(call), &json!("inbound")));
    assert_eq!(
        (&event["client_phone"], &event["vats_phone"]),
        (&json!("+7 999 777-55-33"), &json!("79229929292"))
    );
    let leg = json!({"id": format!("{call}-1"), "from": {"type": "client"}, "to": {"type": "user", "extension": "101"}});
    assert_eq!(event["leg"], leg);
    assert!(event["at"].as_str().expect("text").ends_with("+03:00"));
}

#[tokio::test]
async fn each_webhook_is_signed_over_what_was_sent() {
    let world = World::start().await;
    world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    world.connect();
    for webhook in world.received().await {
        let secret = &world.pbx.options().send.secret;
        let expected = sign(secret, &webhook.id, webhook.timestamp, webhook.body.as_bytes());
        assert_eq!(webhook.signature, expected[2].1);
        assert_eq!(webhook.id, webhook.json()["id"].as_str().expect("an id"));
    }
}

#[tokio::test]
async fn what_is_refused_for_now_is_sent_again_before_anything_else() {
    let world = World::start().await;
    world.receiver.statuses.lock().expect("lock").extend([503, 429, 409]);
    world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    let story = world.story().await;
    assert_eq!(story, ["call.started", "call.started", "call.started", "call.started", "leg.ringing 101"]);
    let received = world.received().await;
    assert_eq!(received[0].id, received[3].id, "the id stays");
    assert_eq!(world.journal.count(System::Pbx, "→ webhook"), 5);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_sent_again() {
    let world = World::start().await;
    world.receiver.statuses.lock().expect("lock").extend([400, 401]);
    world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    assert_eq!(world.story().await, ["call.started", "leg.ringing 101"]);
}

#[tokio::test]
async fn insisting_can_be_switched_off() {
    let send = SendOptions { retry: false, ..Options::default().send };
    let world = World::start_with(Options { send, ..Options::default() }).await;
    world.receiver.statuses.lock().expect("lock").push_back(503);
    world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    assert_eq!(world.story().await, ["call.started", "leg.ringing 101"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_gets_everything_later() {
    let world = World::start().await;
    world.pbx.connect("http://127.0.0.1:9/telephony/acme/generic");
    world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    world.journal.wait_for_count(super::DEADLINE, System::Pbx, "→ webhook", 1).await.expect("one attempt");
    assert!(world.pbx.delivered(Duration::ZERO).await.is_err());
    assert_eq!(world.story().await, ["call.started", "leg.ringing 101"]);
}

#[tokio::test]
async fn batches_are_told_as_events() {
    let send = SendOptions { batch: 10, ..Options::default().send };
    let world = World::start_with(Options { send, ..Options::default() }).await;
    world.pbx.hang_up(&world.pbx.ring_in("79997775533", "79229929292", &["101"])).expect("ends");
    world.connect();
    let received = world.received().await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].json()["events"].as_array().map(Vec::len), Some(4));
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_count_in_the_answer_is_a_violation() {
    let world = World::start().await;
    world.pbx.send_events(vec![json!({"id": "evt-1", "events": [1, 2]})]);
    world.connect();
    world.received().await;
    let violations = world.journal.violations();
    assert!(violations[0].contains("1 events were answered with"), "{violations:?}");
}

#[tokio::test]
async fn a_silent_pbx_tells_nothing_and_forgets_nothing() {
    let world = World::start().await;
    world.pbx.set_silent(true);
    let call = world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    world.pbx.answer(&call, "101").expect("answers");
    world.pbx.hang_up(&call).expect("ends");
    world.pbx.set_silent(false);
    assert_eq!(world.story().await, Vec::<String>::new());
    assert!(world.pbx.history()[0].legs[0].answered_at.is_some());
}

#[tokio::test]
async fn what_a_telephone_cannot_do_is_an_error() {
    let world = World::start().await;
    assert_eq!(world.pbx.hang_up("nothing"), Err(PbxError::UnknownCall("nothing".to_owned())));
    let call = world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    assert!(matches!(world.pbx.answer(&call, "109"), Err(PbxError::UnknownLeg { .. })));
    assert!(matches!(world.pbx.hold(&call, "101"), Err(PbxError::WrongState { .. })), "it rings");
    assert!(matches!(world.pbx.transfer(&call, "102"), Err(PbxError::WrongState { .. })), "nobody talks");
    assert!(matches!(world.pbx.record(&call, "101", "x"), Err(PbxError::WrongState { .. })), "nobody talked");
    world.pbx.hang_up(&call).expect("ends");
    assert!(matches!(world.pbx.hang_up(&call), Err(PbxError::WrongState { .. })), "it has ended");
}

#[tokio::test]
async fn the_telephones_are_reachable_from_outside() {
    let world = World::start().await;
    let post = |path: String, body: serde_json::Value| {
        let request = world.http.post(format!("{}/_sim/{path}", world.pbx.url())).json(&body);
        async move { super::read(request).await }
    };
    let body = json!({"client_phone": "79997775533", "extensions": ["101", "102"]});
    let (_, call) = post("ring-in".to_owned(), body).await;
    let id = call["call_id"].as_str().expect("an id");
    for (action, details, state) in [
        ("answer", json!({"leg": "102"}), "talking"),
        ("hold", json!({}), "held"),
        ("resume", json!({}), "talking"),
        ("hang-up", json!({}), "ended"),
        ("record", json!({}), "ended"),
    ] {
        let (status, call) = post(format!("calls/{id}/{action}"), details).await;
        assert_eq!((status, &call["legs"][1]["state"]), (200, &json!(state)), "{action}: {call}");
    }
    assert_eq!(post(format!("calls/{id}/answer"), json!({})).await.0, 409);
    assert_eq!(post(format!("calls/{id}/dance"), json!({})).await.0, 404);
    assert_eq!(post(format!("calls/{id}/answer"), json!({"legs": 1})).await.0, 400);
    let (_, state) = super::read(world.http.get(format!("{}/_sim/state", world.pbx.url()))).await;
    assert_eq!((&state["calls"][0]["call_id"], &state["waiting"]), (&json!(id), &json!(10)));
}
