//! What holds of every body: no input brings the parser down, and what is written is what is read.

use domain::call::event::Direction;
use domain::clock::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;

const GUID: &str = "6838aaaa-0000-4000-8000-00000000ed82";

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(vec![
            "id",
            "type",
            "at",
            "call_id",
            "direction",
            "client_phone",
            "vats_phone",
            "request_id",
            "leg",
            "recording",
            "reason",
            "events",
            "from",
            "to",
            "extension",
            "leg_id",
            "url",
            "size",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    let word =
        prop::sample::select(vec!["call.started", "leg.ended", "user", "client", "2026-11-22T07:00:03Z", ""]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..12)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_party() -> impl Strategy<Value = Option<Party>> {
    prop_oneof![
        Just(None),
        Just(Some(Party::Client)),
        "[0-9]{1,6}".prop_map(|extension| Some(Party::User { extension: extension.into() })),
    ]
}

fn any_reason() -> impl Strategy<Value = Option<Reason>> {
    prop::option::of(prop::sample::select(REASONS.iter().map(|(_, reason)| *reason).collect::<Vec<_>>()))
}

fn any_leg() -> impl Strategy<Value = LegEvent> {
    let change = prop_oneof![
        Just(LegChange::Ringing),
        Just(LegChange::Answered),
        Just(LegChange::Held),
        Just(LegChange::Resumed),
        any_reason().prop_map(LegChange::Ended),
    ];
    ("\\PC{1,20}", any_party(), any_party(), change).prop_map(|(id, from, to, change)| LegEvent {
        id: id.into(),
        from,
        to,
        change,
    })
}

fn any_recording() -> impl Strategy<Value = Recording> {
    (
        "\\PC{1,20}",
        "https://pbx\\.test/[a-z0-9]{1,9}",
        prop::option::of("audio/[a-z]{1,5}"),
        any::<Option<u64>>(),
    )
        .prop_map(|(leg, url, content_type, size)| Recording {
            leg: leg.into(),
            url,
            content_type,
            size,
        })
}

fn any_happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::CallStarted),
        any_reason().prop_map(Happening::CallFinished),
        any_reason().prop_map(Happening::CallFailed),
        any_leg().prop_map(Happening::Leg),
        any_recording().prop_map(Happening::RecordingReady),
    ]
}

prop_compose! {
    fn any_event()(
        id in "\\PC{1,20}",
        micros in 946_684_800_000_000_i64..4_102_444_800_000_000,
        call in "\\PC{1,20}",
        direction in prop::option::of(prop::sample::select(vec![Direction::Inbound, Direction::Outbound, Direction::Internal])),
        client in prop::option::of("7[0-9]{10}"),
        vats in prop::option::of("7[0-9]{10}"),
        requested in any::<bool>(),
        happening in any_happening(),
    ) -> CallEvent {
        let phone = |digits: String| Phone::normalise(&digits, Country::RU);
        CallEvent {
            id: id.into(),
            at: Timestamp::from_micros(micros),
            call: call.into(),
            direction,
            client_phone: client.map(phone),
            vats_phone: vats.map(phone),
            request: requested.then(|| GUID.into()),
            happening,
        }
    }
}

/// The event as a PBX would write it.
fn written(event: &CallEvent) -> Value {
    let (leg, recording, reason) = match &event.happening {
        // The others are ours: no PBX writes them.
        Happening::CallStarted | Happening::Past(_) | Happening::GoesOn | Happening::EndInferred => {
            (Value::Null, Value::Null, None)
        }
        Happening::CallFinished(reason) | Happening::CallFailed(reason) => {
            (Value::Null, Value::Null, *reason)
        }
        Happening::Leg(leg) => {
            let reason = if let LegChange::Ended(reason) = leg.change { reason } else { None };
            (json!({"id": leg.id, "from": leg.from, "to": leg.to}), Value::Null, reason)
        }
        Happening::RecordingReady(recording) => {
            let Recording { leg, url, content_type, size } = recording;
            (
                Value::Null,
                json!({"leg_id": leg, "url": url, "content_type": content_type, "size": size}),
                None,
            )
        }
    };
    json!({
        "id": event.id, "type": event.happening.word(), "at": event.at.rfc3339(), "call_id": event.call,
        "direction": event.direction, "client_phone": event.client_phone, "vats_phone": event.vats_phone,
        "request_id": event.request, "leg": leg, "recording": recording, "reason": reason,
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(events(&body, Country::RU));
    }

    #[test]
    fn arbitrary_json_never_panics_and_every_refusal_has_a_fault(body in any_json()) {
        if let Err(WebhookError::Invalid(faults)) = events(body.to_string().as_bytes(), Country::RU) {
            prop_assert!(!faults.is_empty());
        }
    }

    #[test]
    fn what_is_written_is_what_is_read(expected in prop::collection::vec(any_event(), 1..5)) {
        let body = json!({"events": expected.iter().map(written).collect::<Vec<_>>()});
        prop_assert_eq!(events(body.to_string().as_bytes(), Country::RU), Ok(expected.clone()));
        let single = written(&expected[0]).to_string();
        prop_assert_eq!(events(single.as_bytes(), Country::RU), Ok(vec![expected[0].clone()]));
    }
}
