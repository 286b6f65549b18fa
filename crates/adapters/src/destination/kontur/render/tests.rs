//! Calls as Kontur is told of them, as whole bodies.

use domain::call::Call;
use domain::call::CallReference;
use domain::call::event::{CallEvent as Event, Happening, LegChange, LegEvent};
use domain::id::EventId;
use domain::instance::settings::UserMapping;
use domain::outbox::Notice;
use domain::phone::Country;
use domain::port::destination::CustomerHistory;
use serde_json::{Value, json};

use super::*;

const USER: &str = "44d00000-0000-4000-8000-000000000101";

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros((1_795_330_800 + second) * 1_000_000)
}

fn happened(second: i64, happening: Happening) -> Event {
    Event {
        id: EventId::from(format!("e-{second}")),
        at: at(second),
        call: "pbx-42".into(),
        direction: Some(Direction::Inbound),
        client_phone: Some(Phone::normalise("+7 999 777-55-33", Country::RU)),
        vats_phone: None,
        request: None,
        happening,
    }
}

fn leg(second: i64, extension: &str, change: LegChange) -> Event {
    let to = Party::User { extension: extension.into() };
    let id = format!("leg-{extension}").into();
    happened(second, Happening::Leg(LegEvent { id, from: Some(Party::Client), to: Some(to), change }))
}

fn call(events: &[Event]) -> Call {
    let mut call = Call::default();
    for event in events {
        call.fold(event);
    }
    call
}

fn answered() -> Call {
    call(&[
        happened(0, Happening::CallStarted),
        leg(1, "101", LegChange::Ringing),
        leg(2, "102", LegChange::Ringing),
        leg(5, "101", LegChange::Answered),
        leg(6, "102", LegChange::Ended(None)),
        leg(60, "101", LegChange::Ended(None)),
        happened(61, Happening::CallFinished(None)),
    ])
}

fn directory() -> Directory {
    let user = UserMapping::always(USER.into(), "101".into());
    Directory::new(vec![user]).unwrap()
}

fn with_delivery<T: serde::Serialize>(call: &Call, render: impl FnOnce(&Delivery<'_>) -> T) -> Value {
    let delivery = Delivery {
        notice: &Notice::Register,
        call,
        external_id: &"pbx-42".into(),
        reference: &CallReference::of(&"acme".into(), &"pbx-42".into()),
        communication: None,
        directory: &directory(),
        customer: &CustomerHistory::default(),
        suspect: false,
        progress: &Value::Null,
        now: at(61),
    };
    serde_json::to_value(render(&delivery)).unwrap()
}

fn registered(call: &Call, files: &BTreeMap<LegId, FileMeta>) -> Value {
    let registration = Registration::of(&"pbx-42".into(), call);
    serde_json::to_value(register_call(registration, None, files, &directory())).unwrap()
}

#[test]
fn call_started_writes_times_with_offset_and_a_withheld_number_as_anonymous() {
    let body = with_delivery(&answered(), |delivery| call_started(delivery, at(0)));
    let expected = json!({
        "timestamp": "2026-11-22T07:00:00+00:00", "externalId": "pbx-42", "externalVatsPhone": "anonymous",
        "clientPhone": "79997775533", "direction": "inbound"
    });
    assert_eq!(body, expected);
}

#[test]
fn a_call_of_a_user_names_its_communication() {
    let mut asked = happened(0, Happening::CallStarted);
    asked.request = Some("c-1".into());
    let body = with_delivery(&call(&[asked]), |delivery| call_started(delivery, at(0)));
    assert_eq!(body["communicationId"], "c-1");
}

#[test]
fn call_event_names_the_leg_twice_and_knows_users() {
    let body = with_delivery(&answered(), |delivery| {
        call_event(delivery, "c-1".into(), &"leg-101".into(), LegSignal::Connected, at(5))
    });
    let expected = json!({
        "communicationId": "c-1", "externalId": "pbx-42", "externalCallItemId": "leg-101",
        "realtimeCallItemId": "leg-101", "timestamp": "2026-11-22T07:00:05+00:00", "type": "connected",
        "from": {"type": "client"}, "to": {"type": "user", "userId": USER}
    });
    assert_eq!(body, expected);
}

#[test]
fn an_extension_without_a_user_is_a_user_without_an_id() {
    let body = with_delivery(&answered(), |delivery| {
        call_event(delivery, "c-1".into(), &"leg-102".into(), LegSignal::Disconnected, at(6))
    });
    assert_eq!(body["to"], json!({"type": "user"}));
}

/// The employee at 101 changed while the call was rung: all of it goes by when it began.
#[test]
fn a_call_is_of_whoever_was_at_the_extension_when_it_began() {
    let user = |id: &str| UserMapping::always(id.into(), "101".into());
    let before = UserMapping { valid_to: Some(at(3)), ..user(USER) };
    let after = UserMapping { valid_from: Some(at(3)), ..user("next") };
    let directory = Directory::new(vec![before, after]).unwrap();
    let of = |call: &Call| {
        let registration = Registration::of(&"pbx-42".into(), call);
        let body = register_call(registration, None, &BTreeMap::new(), &directory);
        serde_json::to_value(body).unwrap()["items"][0]["to"]["userId"].clone()
    };
    let later = call(&[
        happened(3, Happening::CallStarted),
        leg(4, "101", LegChange::Answered),
        happened(9, Happening::CallFinished(None)),
    ]);
    assert_eq!((of(&answered()), of(&later)), (json!(USER), json!("next")));
}

#[test]
fn call_finished_repeats_what_call_started_said() {
    let body = with_delivery(&answered(), |delivery| call_finished(delivery, "c-1".into(), at(61)));
    let expected = json!({
        "timestamp": "2026-11-22T07:01:01+00:00", "communicationId": "c-1", "externalId": "pbx-42",
        "externalVatsPhone": "anonymous", "clientPhone": "79997775533", "direction": "inbound"
    });
    assert_eq!(body, expected);
}

#[test]
fn an_answered_call_registers_its_conversation_with_its_recording() {
    let file = FileMeta {
        file_id: "f-1".to_owned(),
        file_name: "a.mp3".to_owned(),
        content_type: "audio/mpeg".to_owned(),
        content_length: 512,
    };
    let body = registered(&answered(), &BTreeMap::from([("leg-101".into(), file)]));
    let expected = json!({
        "externalVatsPhone": "anonymous", "clientPhone": "79997775533", "direction": "inbound",
        "externalId": "pbx-42", "externalCreatedAt": "2026-11-22T07:00:00+00:00",
        "items": [{
            "id": "leg-101", "from": {"type": "client"}, "to": {"type": "user", "userId": USER},
            "recordings": [
                {"fileId": "f-1", "fileName": "a.mp3", "contentType": "audio/mpeg", "contentLength": "512"}
            ],
            "startedAt": "2026-11-22T07:00:05+00:00", "finishedAt": "2026-11-22T07:01:00+00:00"
        }]
    });
    assert_eq!(body, expected);
}

#[test]
fn a_missed_call_registers_the_employee_rung_last_without_a_beginning() {
    let missed = call(&[
        happened(0, Happening::CallStarted),
        leg(1, "101", LegChange::Ringing),
        leg(9, "102", LegChange::Ringing),
        happened(20, Happening::CallFinished(None)),
    ]);
    let expected = json!([{
        "id": "leg-102", "from": {"type": "client"}, "to": {"type": "user"}, "recordings": [],
        "finishedAt": "2026-11-22T07:00:20+00:00"
    }]);
    assert_eq!(registered(&missed, &BTreeMap::new())["items"], expected);
}

#[test]
fn a_client_who_gave_up_in_the_menu_called_the_company() {
    let given_up = call(&[happened(0, Happening::CallStarted), happened(9, Happening::CallFinished(None))]);
    let item = &registered(&given_up, &BTreeMap::new())["items"][0];
    assert_eq!([&item["from"], &item["to"]], [&json!({"type": "client"}), &json!({"type": "user"})]);
}
