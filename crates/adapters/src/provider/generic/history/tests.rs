//! Past calls in the control API's words.

use domain::call::event::Party;
use domain::clock::Timestamp;
use domain::phone::Phone;
use serde_json::{Value, json};

use super::*;

fn read(text: &Value) -> Result<PastCall, Vec<WebhookFault>> {
    let text = text.to_string();
    let Object::Is(raw) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
    call(&raw, Country::RU)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-11-22T{text}Z")).unwrap()
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

#[test]
fn a_call_is_read_with_its_legs_and_recordings() {
    let call = read(&answered()).unwrap();
    assert_eq!(call.call.as_str(), "c");
    assert_eq!(call.client_phone.as_ref().map(Phone::as_str), Some("79997775533"));
    assert_eq!((call.started_at, call.finished_at), (at("07:00:00"), Some(at("07:01:00"))));
    let leg = &call.legs[0];
    assert_eq!(leg.to, Some(Party::User { extension: "101".into() }));
    assert_eq!((leg.started_at, leg.answered_at), (at("07:00:01"), Some(at("07:00:05"))));
    assert_eq!(leg.recording.as_ref().map(|recording| recording.size), Some(Some(9)));
}

#[test]
fn a_recording_belongs_to_the_leg_it_stands_in_unless_it_says_otherwise() {
    let recording_of = |call: &Value| read(call).unwrap().legs[0].recording.clone().unwrap().leg.to_string();
    let mut call = answered();
    assert_eq!(recording_of(&call), "1");
    call["legs"][0]["recording"]["leg_id"] = json!("other");
    assert_eq!(recording_of(&call), "other");
}

#[test]
fn a_running_call_has_no_end_yet() {
    let mut call = answered();
    for field in ["answered_at", "finished_at", "recording"] {
        call["legs"][0][field] = Value::Null;
    }
    call["finished_at"] = Value::Null;
    let call = read(&call).unwrap();
    assert_eq!((call.finished_at, call.recordings()), (None, 0));
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
