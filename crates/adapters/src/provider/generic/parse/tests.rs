//! Bodies and what becomes of them: tables for each rule, properties for everything else.

mod properties;

use domain::call::event::Direction;
use domain::clock::Timestamp;
use serde_json::{Value, json};

use super::*;

fn full() -> Value {
    json!({
        "id": "evt-1", "type": "leg.answered", "at": "2026-11-22T10:00:03.120+03:00", "call_id": "pbx-42",
        "direction": "inbound", "client_phone": "+7 999 777-55-33", "vats_phone": "79229929292",
        "request_id": null,
        "leg": {"id": "pbx-42-1", "from": {"type": "client"}, "to": {"type": "user", "extension": "101"}},
        "recording": null, "reason": null
    })
}

fn with(changes: &Value) -> Value {
    let mut event = full();
    let (Some(event_fields), Some(changes)) = (event.as_object_mut(), changes.as_object()) else {
        panic!("both are objects")
    };
    event_fields.extend(changes.clone());
    event
}

fn parse(body: &Value) -> Result<Vec<CallEvent>, WebhookError> {
    events(body.to_string().as_bytes(), Country::RU)
}

#[track_caller]
fn one(changes: &Value) -> CallEvent {
    let mut events = parse(&with(changes)).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

#[track_caller]
fn faults(body: &Value) -> Vec<WebhookFault> {
    match parse(body) {
        Err(WebhookError::Invalid(faults)) => faults,
        other => panic!("{body}: {other:?}"),
    }
}

/// The one fault of the full event with `changes`: its field and a part of its message.
#[track_caller]
fn check_fault(changes: &Value, field: &str, said: &str) {
    let faults = faults(&with(changes));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].index, faults[0].field.as_str()), (Some(0), field), "{faults:?}");
    assert!(faults[0].message.contains(said), "{faults:?}");
}

#[test]
fn the_example_of_the_contract_is_read_whole() {
    let expected = CallEvent {
        id: "evt-1".into(),
        at: Timestamp::parse("2026-11-22T07:00:03.120Z").unwrap(),
        call: "pbx-42".into(),
        direction: Some(Direction::Inbound),
        client_phone: Some(Phone::normalise("79997775533", Country::RU)),
        vats_phone: Some(Phone::normalise("79229929292", Country::RU)),
        request: None,
        happening: Happening::Leg(LegEvent {
            id: "pbx-42-1".into(),
            from: Some(Party::Client),
            to: Some(Party::User { extension: "101".into() }),
            change: LegChange::Answered,
        }),
    };
    assert_eq!(parse(&full()), Ok(vec![expected]));
}

#[test]
fn every_type_is_known() {
    let recording = json!({"leg_id": "pbx-42-1", "url": "https://pbx.test/1.mp3", "content_type": "audio/mpeg", "size": 7});
    for word in [
        "call.started",
        "leg.ringing",
        "leg.answered",
        "leg.held",
        "leg.resumed",
        "leg.ended",
        "call.finished",
        "call.failed",
        "recording.ready",
    ] {
        let event = one(&json!({"type": word, "recording": recording}));
        assert_eq!(event.happening.word(), word);
    }
}

#[test]
fn reasons_come_with_ends_only() {
    let reason = |kind: &str, reason: &str| one(&json!({"type": kind, "reason": reason})).happening;
    assert_eq!(reason("call.finished", "busy"), Happening::CallFinished(Some(Reason::Busy)));
    assert_eq!(reason("call.failed", "no_answer"), Happening::CallFailed(Some(Reason::NoAnswer)));
    let Happening::Leg(leg) = reason("leg.ended", "rejected") else { panic!("a leg ended") };
    assert_eq!(leg.change, LegChange::Ended(Some(Reason::Rejected)));
    assert_eq!(reason("call.started", "error"), Happening::CallStarted);
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let event = json!({"id": "e", "type": "call.started", "at": "2026-11-22T07:00:03Z", "call_id": "c"});
    let events = parse(&event).unwrap();
    assert_eq!((&events[0].direction, &events[0].client_phone, &events[0].request), (&None, &None, &None));
    let leg = one(&json!({"leg": {"id": "l"}})).happening;
    assert_eq!(
        leg,
        Happening::Leg(LegEvent { id: "l".into(), from: None, to: None, change: LegChange::Answered })
    );
}

#[test]
fn unknown_fields_are_tolerated() {
    let event = one(&json!({"colour": [1, {"deep": null}], "leg": {"id": "l", "codec": "opus"}}));
    assert_eq!(event.id.as_str(), "evt-1");
}

#[test]
fn withheld_numbers_are_a_fact_about_the_client_and_none_about_the_company() {
    let event = one(&json!({"client_phone": "anonymous", "vats_phone": ""}));
    assert_eq!(event.client_phone, Some(Phone::anonymous()));
    assert_eq!(event.vats_phone, None);
}

#[test]
fn texts_with_escapes_are_unescaped() {
    let body = r#"{"id":"\u0065vt\n","type":"call.started","at":"2026-11-22T07:00:03Z","call_id":"\"c\""}"#;
    let Err(WebhookError::Invalid(faults)) = events(body.as_bytes(), Country::RU) else {
        panic!("a newline in an id")
    };
    assert_eq!(faults[0].field, "id");
    let events = events(body.replace("\\n", "").as_bytes(), Country::RU).unwrap();
    assert_eq!((events[0].id.as_str(), events[0].call.as_str()), ("evt", "\"c\""));
}

#[test]
fn faults_name_the_field_and_what_is_expected() {
    let long = "x".repeat(201);
    for (changes, field, said) in [
        (json!({"id": null}), "id", "is missing; expected text of 1 to 200 characters"),
        (json!({"id": ""}), "id", "is empty"),
        (json!({"id": long}), "id", "has 201 characters"),
        (json!({"id": 7}), "id", "is a number; expected text"),
        (json!({"call_id": null}), "call_id", "is missing"),
        (json!({"call_id": ["c"]}), "call_id", "is a list"),
        (json!({"type": null}), "type", "is missing; expected one of \"call.started\""),
        (json!({"type": "leg.exploded"}), "type", "is \"leg.exploded\"; expected one of \"call.started\""),
        (json!({"type": true}), "type", "is true or false"),
        (json!({"at": null}), "at", "is missing; expected a time of RFC 3339"),
        (json!({"at": "yesterday"}), "at", "\"yesterday\" is not a time of RFC 3339"),
        (json!({"at": "2026-11-22 10:00"}), "at", "RFC 3339"),
        (json!({"at": 1_795_330_803}), "at", "is a number; expected a time of RFC 3339"),
        (json!({"at": "1999-12-31T23:59:59Z"}), "at", "between the years 2000 and 2100"),
        (json!({"at": "2100-01-01T00:00:00Z"}), "at", "between the years 2000 and 2100"),
        (json!({"direction": "sideways"}), "direction", "\"inbound\", \"outbound\", \"internal\""),
        (json!({"client_phone": 79_997_775_533_u64}), "client_phone", "is a number; expected text"),
        (json!({"client_phone": long}), "client_phone", "longer than 200"),
        (json!({"vats_phone": 7.5}), "vats_phone", "send phone numbers as text"),
        (json!({"request_id": "42"}), "request_id", "is \"42\"; expected the communicationId"),
        (json!({"request_id": "6838aaaa00004000800000000000ed82"}), "request_id", "a GUID"),
        (json!({"leg": null}), "leg", "is missing; expected the leg"),
        (json!({"leg": "pbx-42-1"}), "leg", "is text; expected an object"),
        (json!({"leg": {}}), "leg.id", "is missing"),
        (json!({"leg": {"id": "l", "from": "client"}}), "leg.from", "is text; expected an object"),
        (
            json!({"leg": {"id": "l", "to": {}}}),
            "leg.to.type",
            "is missing; expected one of \"client\", \"user\"",
        ),
        (json!({"leg": {"id": "l", "to": {"type": "robot"}}}), "leg.to.type", "is \"robot\""),
        (json!({"leg": {"id": "l", "to": {"type": "user"}}}), "leg.to.extension", "is missing"),
        (
            json!({"leg": {"id": "l", "to": {"type": "user", "extension": 101}}}),
            "leg.to.extension",
            "is a number",
        ),
        (json!({"reason": "boredom"}), "reason", "is \"boredom\"; expected one of \"busy\""),
        (json!({"type": "recording.ready"}), "recording", "is missing; expected the recording"),
    ] {
        check_fault(&changes, field, said);
    }
}

#[test]
fn faults_of_recordings() {
    let recording = |changes: Value| {
        let mut recording = json!({"leg_id": "l", "url": "https://pbx.test/1.mp3"});
        recording.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json!({"type": "recording.ready", "recording": recording})
    };
    for (changes, field, said) in [
        (json!({"leg_id": null}), "recording.leg_id", "is missing"),
        (json!({"url": null}), "recording.url", "is missing; expected an absolute http or https URL"),
        (json!({"url": "/1.mp3"}), "recording.url", "cannot be fetched"),
        (json!({"url": "file:///etc/passwd"}), "recording.url", "cannot be fetched"),
        (json!({"content_type": 1}), "recording.content_type", "is a number"),
        (json!({"size": -1}), "recording.size", "is not a whole number"),
        (json!({"size": "7"}), "recording.size", "is not a whole number"),
    ] {
        check_fault(&recording(changes), field, said);
    }
}

#[test]
fn limits_are_inclusive() {
    let longest = "я".repeat(200);
    assert_eq!(one(&json!({"id": longest})).id.as_str(), longest);
    for at in ["2000-01-01T00:00:00Z", "2099-12-31T23:59:59.999999Z"] {
        assert_eq!(one(&json!({"at": at})).at, Timestamp::parse(at).unwrap());
    }
}

#[test]
fn all_faults_of_a_batch_are_told_with_the_index_of_their_event() {
    let body = json!({"events": [full(), with(&json!({"id": "", "at": "now"})), 7, null, with(&json!({"leg": {}}))]});
    let found: Vec<_> = faults(&body).into_iter().map(|fault| (fault.index, fault.field)).collect();
    let expected = [(Some(1), "id"), (Some(1), "at"), (Some(2), ""), (Some(3), ""), (Some(4), "leg.id")];
    assert_eq!(found, expected.map(|(index, field)| (index, field.to_owned())));
}

#[test]
fn batches_have_1_to_1000_events() {
    let batch = |size: usize| json!({"events": vec![full(); size]});
    assert_eq!(parse(&batch(1)).unwrap().len(), 1);
    assert_eq!(parse(&batch(1000)).unwrap().len(), 1000);
    for size in [0, 1001] {
        let faults = faults(&batch(size));
        assert_eq!((faults[0].index, faults[0].field.as_str()), (None, "events"));
        assert!(faults[0].message.contains(&format!("has {size} events; expected 1 to 1000")), "{faults:?}");
    }
}

#[test]
fn bodies_that_are_neither_event_nor_batch_are_refused() {
    for (body, said) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("[]", "expected one event"),
        ("null", "expected one event"),
        ("7", "expected one event"),
        (r#"{"events":{}}"#, "is an object; expected a list"),
        (r#"{"events":"none"}"#, "is text; expected a list"),
        (r#"{"type":"call.started","events":[]}"#, "either one event or a list"),
        (r#"{"id":"a","id":"b"}"#, "duplicate field"),
        ("{\"id\":\"\u{1}\"}", "control character"),
    ] {
        let Err(WebhookError::Invalid(faults)) = events(body.as_bytes(), Country::RU) else {
            panic!("{body}")
        };
        assert_eq!(faults[0].index, None, "{body}");
        assert!(faults[0].message.contains(said), "{body}: {faults:?}");
    }
    assert!(events(b"{\"id\":\"\xff\"}", Country::RU).is_err());
}
