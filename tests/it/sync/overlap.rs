//! Calls that came by webhook stand in the history as well: they are registered once.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulators::journal::System;
use simulators::pbx::{Call, Imagined, Leg};

use super::import::{Import, imagined, kontur_alone, registered};
use crate::harness::{Company, within};

const CALLS: u64 = 5_000;

/// Every fifth call was told live.
const LIVE: u64 = 5;

/// What the telephony tells of a call while it happens.
pub(crate) fn told_live(call: &Call) -> Vec<Value> {
    let event =
        |word: &str, at: &dyn Fn() -> Option<chrono::DateTime<chrono::FixedOffset>>, leg: Option<&Leg>| {
            let leg_id = leg.map(|leg| leg.id.as_str()).unwrap_or_default();
            Some(json!({
                "id": format!("{}-{word}-{leg_id}", call.call_id), "type": word, "at": at()?.to_rfc3339(),
                "call_id": call.call_id, "direction": call.direction, "client_phone": call.client_phone,
                "vats_phone": call.vats_phone,
                "leg": leg.map(|leg| json!({"id": leg.id, "from": leg.from, "to": leg.to})),
            }))
        };
    let of_leg = |leg: &Leg| {
        [
            event("leg.ringing", &|| Some(leg.started_at), Some(leg)),
            event("leg.answered", &|| leg.answered_at, Some(leg)),
            event("leg.ended", &|| leg.finished_at, Some(leg)),
        ]
    };
    let first = event("call.started", &|| Some(call.started_at), None);
    let last = event("call.finished", &|| call.finished_at, None);
    [first].into_iter().chain(call.legs.iter().flat_map(of_leg)).chain([last]).flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_five_thousand_calls_a_thousand_came_by_webhook() {
    let company = kontur_alone().start().await;
    let history = imagined(CALLS, 20);
    company.sandbox.pbx.imagine(history.clone());
    let live: Vec<Call> = (0..CALLS).step_by(5).filter_map(|number| history.call(number)).collect();
    assert_eq!(live.len() as u64, CALLS / LIVE);
    for calls in live.chunks(100) {
        let events: Vec<Value> = calls.iter().flat_map(told_live).collect();
        company.telephony().tell(&events).await;
    }
    registrations(&company, live.len()).await;

    let job = Import::begin(&company, &history).await.ended(&company).await;
    assert_eq!(
        (&job["state"], &job["seen"], &job["added"]),
        (&json!("done"), &json!(5_000), &json!(4_000)),
        "{job}"
    );
    let known = each_once(&company, &history);
    let started = known.values().filter(|call| call["started"] == true).count();
    assert_eq!(started, live.len(), "late realtime is worthless");

    let before = told(&company);
    let again = Import::begin(&company, &history).await.ended(&company).await;
    assert_eq!((&again["seen"], &again["added"]), (&json!(5_000), &json!(0)), "{again}");
    assert_eq!(told(&company), before, "a second sync sends nothing");
}

/// Waits until so many calls are registered.
async fn registrations(company: &Company, count: usize) {
    let seen = || company.journal().count(System::Kontur, "register-call");
    within(std::time::Duration::from_mins(3), "calls are registered", async || {
        (seen() >= count).then_some(())
    })
    .await;
}

/// How often Kontur was asked for anything.
fn told(company: &Company) -> usize {
    company.journal().entries().iter().filter(|entry| entry.system == System::Kontur).count()
}

/// Kontur has every call of the history, registered once.
#[track_caller]
pub(crate) fn each_once(company: &Company, history: &Imagined) -> BTreeMap<String, Value> {
    let known = registered(company);
    for number in 0..history.count {
        let id = history.call(number).expect("imagined").call_id;
        let call = known.get(&id).unwrap_or_else(|| panic!("{id} is not registered"));
        assert_eq!(call["registered"], 1, "{id}: {call}");
    }
    assert_eq!(known.len() as u64, history.count, "calls that nobody knows");
    known
}
