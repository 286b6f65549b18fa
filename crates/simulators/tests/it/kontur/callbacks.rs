//! The validation of callback bodies, and what correct ones do.

use serde_json::{Value, json};
use simulators::journal::System;
use uuid::Uuid;

use super::{USER, World, event, finished, registered, started};

/// Sends a body with one field changed and expects the ASP.NET problem to name it.
async fn refused(
    world: &World,
    callback: &str,
    mut body: Value,
    pointer: &str,
    value: Option<Value>,
    field: &str,
) {
    match value {
        Some(value) => {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
            body.pointer_mut(parent).expect("the parent")[name] = value;
        }
        None => {
            body.as_object_mut().expect("an object").remove(&pointer[1..]);
        }
    }
    let before = world.journal.violations().len();
    let (status, problem) = world.callback(callback, &body).await;
    assert_eq!(status, 400, "{callback} with {body}: {problem}");
    assert!(problem["errors"][field].is_array(), "{field} is not named in {problem}");
    assert_eq!(problem["status"], 400);
    assert!(problem["title"].is_string() && problem["type"].is_string() && problem["traceId"].is_string());
    assert_eq!(world.journal.violations().len(), before + 1, "a refusal is a violation");
}

#[tokio::test]
async fn call_started_is_checked_field_by_field() {
    let world = World::start().await;
    let body = || started("ext-1");
    for field in ["timestamp", "externalId", "externalVatsPhone", "clientPhone", "direction"] {
        refused(&world, "call-started", body(), &format!("/{field}"), None, field).await;
    }
    let cases = [
        ("timestamp", json!("2026-11-22 10:00:00")),
        ("timestamp", json!("2026-11-22T10:00:00")),
        ("timestamp", json!(1_763_800_000)),
        ("externalId", json!("")),
        ("externalId", json!(42)),
        ("communicationId", json!("6838aaaa000040008000000000000000")),
        ("communicationId", json!("ext-1")),
        ("externalVatsPhone", json!("+79229929292")),
        ("clientPhone", json!("+7 999 777-55-33")),
        ("clientPhone", json!("")),
        ("direction", json!("Inbound")),
        ("direction", json!("incoming")),
        ("reason", json!("unknown field")),
    ];
    for (field, value) in cases {
        refused(&world, "call-started", body(), &format!("/{field}"), Some(value), field).await;
    }
    assert_eq!(world.kontur.communications("acme").len(), 0);
}

#[tokio::test]
async fn the_other_callbacks_are_checked_inside_their_objects() {
    let world = World::start().await;
    let id = world.start_call("ext-1").await;
    let cases = [
        ("call-event", event(id, "appeared"), "/type", json!("ringing"), "type"),
        ("call-event", event(id, "appeared"), "/from/type", json!("employee"), "from.type"),
        ("call-event", event(id, "appeared"), "/to/userId", json!("101"), "to.userId"),
        ("call-event", event(id, "appeared"), "/to/extension", json!("101"), "to.extension"),
        ("call-finished", finished(id), "/reason", json!("busy"), "reason"),
        ("call-failed", json!({"communicationId": id}), "/message", json!("busy"), "message"),
        ("register-call", registered(Some(id), "ext-1"), "/items", json!([]), "items"),
        (
            "register-call",
            registered(Some(id), "ext-1"),
            "/items/0/finishedAt",
            json!(null),
            "items[0].finishedAt",
        ),
        (
            "register-call",
            registered(Some(id), "ext-1"),
            "/items/0/answeredAt",
            json!("x"),
            "items[0].answeredAt",
        ),
        (
            "register-call",
            registered(Some(id), "ext-1"),
            "/externalCreatedAt",
            json!("now"),
            "externalCreatedAt",
        ),
    ];
    for (callback, body, pointer, value, field) in cases {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let mut body = body;
        let parent = body.pointer_mut(parent).expect("the parent");
        match parent {
            Value::Array(_) => unreachable!("no case changes an element"),
            parent => parent[name] = value,
        }
        let (status, problem) = world.callback(callback, &body).await;
        assert_eq!(status, 400, "{callback} with {body}");
        assert!(problem["errors"][field].is_array(), "{field} is not named in {problem}");
    }
}

#[tokio::test]
async fn content_length_is_a_string_of_digits_in_register_call() {
    let world = World::start().await;
    let mut body = registered(None, "ext-1");
    let recording = |length: Value| json!([{"fileId": Uuid::new_v4(), "fileName": "a.mp3", "contentType": "audio/mpeg", "contentLength": length}]);
    for length in [json!(12), json!("12 kB"), json!("")] {
        body["items"][0]["recordings"] = recording(length);
        let (status, problem) = world.callback("register-call", &body).await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["errors"]["items[0].recordings[0].contentLength"].is_array(), "{problem}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_and_a_wrong_media_type_are_refused() {
    let world = World::start().await;
    let path = "communications/callbacks/telephony/call-failed";
    let send = |media: &'static str, body: &'static str| {
        let request = world.request(reqwest::Method::POST, path).header("content-type", media).body(body);
        async move { super::read(request.send().await.expect("answer")).await.0 }
    };
    assert_eq!(send("application/json", "{").await, 400);
    assert_eq!(send("text/plain", "{}").await, 415);
    assert_eq!(world.journal.violations().len(), 2);
}

#[tokio::test]
async fn call_started_answers_the_communication_with_a_prefixed_external_id() {
    let world = World::start().await;
    let reply = world.accepted("call-started", &started("ext-1")).await;
    assert_eq!(reply["externalId"], "Telephony/ext-1");
    assert!(reply["links"]["contactIds"].is_array() && reply["data"]["call"]["items"].is_array());
    let [communication] = &world.kontur.communications("acme")[..] else { panic!("one communication") };
    assert_eq!(reply["id"], json!(communication.id));
    assert_eq!(communication.external_id.as_deref(), Some("ext-1"));
}

#[tokio::test]
async fn an_unknown_communication_is_a_409_and_a_violation_a_deleted_one_only_a_409() {
    let world = World::start().await;
    let unknown = Uuid::new_v4();
    let (status, body) = world.callback("call-event", &event(unknown, "appeared")).await;
    assert_eq!(status, 409);
    let message = format!("Communication not found. Id: {unknown}");
    assert_eq!(body, json!({"status": "communicationNotFound", "message": message}));
    assert_eq!(world.journal.violations().len(), 1);
    let id = world.start_call("ext-1").await;
    assert!(world.kontur.delete_communication("acme", id));
    assert_eq!(world.callback("call-event", &event(id, "appeared")).await.0, 409);
    assert_eq!(world.journal.violations().len(), 1);
}

#[tokio::test]
async fn a_whole_call_leaves_its_story_and_no_violation() {
    let world = World::start().await;
    let id = world.start_call("ext-1").await;
    for kind in ["appeared", "connected", "paused", "connected", "disconnected"] {
        assert_eq!(world.accepted("call-event", &event(id, kind)).await, json!("OK"));
    }
    assert_eq!(world.accepted("call-finished", &finished(id)).await, json!("OK"));
    assert_eq!(world.accepted("register-call", &registered(Some(id), "ext-1")).await, json!("OK"));
    let communication = world.kontur.communication_of("acme", "ext-1").expect("known");
    assert_eq!(communication.event_types(), ["appeared", "connected", "paused", "connected", "disconnected"]);
    assert_eq!((communication.finished, communication.registered, communication.items.len()), (true, 1, 1));
    assert_eq!(world.journal.violations(), Vec::<String>::new());
    assert_eq!(world.journal.count(System::Kontur, "call-event"), 5);
}

#[tokio::test]
async fn call_redirect_answers_who_is_responsible() {
    let world = World::start().await;
    world.kontur.set_responsible("acme", "79997775533", vec![USER]);
    world.start_call("ext-1").await;
    let path = |query: &str| format!("communications/callbacks/telephony/call-redirect{query}");
    let found = (200, json!({"userIds": [USER]}));
    assert_eq!(world.get(&path("?phoneNumber=79997775533")).await, found);
    assert_eq!(world.get(&path("?externalId=ext-1")).await, found);
    assert_eq!(world.get(&path("?phoneNumber=79990000000")).await.1["status"], "notFound");
    assert_eq!(world.get(&path("")).await.0, 400);
}

#[tokio::test]
async fn the_feed_shows_created_changed_and_deleted_communications_page_by_page() {
    let world = World::start().await;
    let id = world.start_call("ext-1").await;
    world.accepted("register-call", &registered(None, "ext-2")).await;
    world.accepted("register-call", &registered(Some(id), "ext-1")).await;
    world.kontur.delete_communication("acme", id);
    let (_, first) = world.get("events?limit=2").await;
    assert_eq!((&first["count"], &first["hasMore"]), (&json!(2), &json!(true)));
    let new = &first["items"][0]["changeData"]["new"];
    assert_eq!(
        (&first["items"][0]["changeData"]["type"], &new["externalId"]),
        (&json!("create"), &json!("Telephony/ext-1"))
    );
    assert_eq!(first["items"][0]["entityIds"]["communicationId"], json!(id));
    assert_eq!(first["items"][1]["changeData"]["new"]["externalId"], "Telephony/ext-2");
    let offset = first["lastOffset"].as_str().expect("an offset");
    let (_, second) = world.get(&format!("events?limit=10&offset={offset}")).await;
    let kinds: Vec<_> =
        second["items"].as_array().expect("items").iter().map(|item| &item["changeData"]["type"]).collect();
    assert_eq!(kinds, [&json!("patch"), &json!("delete")]);
    assert_eq!(second["hasMore"], false);
    assert_eq!(world.get(&format!("events?offset={}", Uuid::new_v4())).await.0, 409);
}
