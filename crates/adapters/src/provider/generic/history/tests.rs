//! Past calls and the events that they stand for.

use serde_json::{Value, json};

use super::*;

fn read(call: &Value) -> Result<Vec<CallEvent>, Vec<WebhookFault>> {
    let text = call.to_string();
    let Object::Is(raw) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
    events(&raw, Country::RU)
}

fn answered() -> Value {
    json!({
        "call_id": "c", "direction": "inbound", "client_phone": "8 999 777-55-33", "vats_phone": "79229929292",
        "request_id": null, "started_at": "2026-11-22T07:00:00Z", "finished_at": "2026-11-22T07:01:00Z",
        "legs": [{
            "id": "1", "from": {"type": "client"}, "to": {"type": "user", "extension": "101"},
            "started_at": "2026-11-22T07:00:01Z", "answered_at": "2026-11-22T07:00:05Z",
            "finished_at": "2026-11-22T07:01:00Z",
            "recording": {"url": "https://pbx.test/1.mp3", "content_type": "audio/mpeg", "size": 9}
        }]
    })
}

fn ids(call: &Value) -> Vec<String> {
    read(call).unwrap().iter().map(|event| event.id.to_string()).collect()
}

#[test]
fn an_answered_call_is_told_from_its_start_to_its_recording() {
    let expected = ["c:started", "c:1:ringing", "c:1:answered", "c:1:ended", "c:1:recording", "c:finished"];
    assert_eq!(ids(&answered()), expected.map(|id| format!("history:{id}")));
}

#[test]
fn every_event_carries_what_is_known_of_the_call() {
    for event in read(&answered()).unwrap() {
        assert_eq!(event.call.as_str(), "c");
        assert_eq!(event.client_phone.as_ref().map(domain::phone::Phone::as_str), Some("79997775533"));
    }
}

#[test]
fn a_recording_belongs_to_the_leg_it_stands_in_unless_it_says_otherwise() {
    let recording_of = |call: &Value| {
        read(call).unwrap().into_iter().find_map(|event| match event.happening {
            Happening::RecordingReady(recording) => Some(recording.leg.to_string()),
            _ => None,
        })
    };
    let mut call = answered();
    assert_eq!(recording_of(&call).as_deref(), Some("1"));
    call["legs"][0]["recording"]["leg_id"] = json!("other");
    assert_eq!(recording_of(&call).as_deref(), Some("other"));
}

#[test]
fn a_running_call_has_no_end_yet() {
    let mut call = answered();
    for field in ["answered_at", "finished_at", "recording"] {
        call["legs"][0][field] = Value::Null;
    }
    call["finished_at"] = Value::Null;
    assert_eq!(ids(&call), ["history:c:started", "history:c:1:ringing"]);
}

#[test]
fn a_requested_call_that_rang_nowhere_could_not_be_placed() {
    let mut call = answered();
    call["legs"] = json!([]);
    assert_eq!(ids(&call), ["history:c:started", "history:c:finished"]);
    call["request_id"] = json!("6838aaaa-0000-4000-8000-00000000ed82");
    assert_eq!(ids(&call), ["history:c:started", "history:c:failed"]);
}

#[test]
fn faults_are_told_with_the_place_in_the_call() {
    let mut call = answered();
    call["call_id"] = Value::Null;
    call["legs"][0]["to"]["extension"] = json!(101);
    call["legs"][0]["started_at"] = Value::Null;
    call["legs"][0]["recording"]["url"] = json!("1.mp3");
    call["legs"].as_array_mut().unwrap().push(json!("leg"));
    let fields: Vec<String> = read(&call).unwrap_err().into_iter().map(|fault| fault.field).collect();
    let expected =
        ["call_id", "legs[0].to.extension", "legs[0].started_at", "legs[0].recording.url", "legs[1]"];
    assert_eq!(fields, expected);
}
