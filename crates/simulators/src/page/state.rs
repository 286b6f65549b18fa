//! What the left side of the page shows.

use serde_json::{Value, json};

use super::PageState;
use super::faults::Choice;
use crate::clock;
use crate::pbx::{Call, Leg, LegState, Party};
use crate::sandbox::{Sandbox, WORKSPACE};

/// Everything at once: it is small, and the page need not patch.
pub(super) fn snapshot(state: &PageState) -> Value {
    let sandbox = &state.sandbox;
    let instance = sandbox.kontur.instance(WORKSPACE).unwrap_or_default();
    let users: Vec<Value> = sandbox
        .employees
        .iter()
        .map(|employee| {
            json!({
                "extension": employee.extension,
                "name": employee.name,
                "kontur_user_id": employee.kontur_user_id,
                "workonflow_user_id": employee.workonflow_user_id,
            })
        })
        .collect();
    let calls: Vec<Value> = live_calls(sandbox).iter().map(|call| show_call(sandbox, call)).collect();
    json!({
        "now": clock::now().timestamp_millis(),
        "workspace": WORKSPACE,
        "integration": {"status": instance["status"]},
        "users": users,
        "calls": calls,
        "faults": faults(sandbox),
        "links": state.links,
        "violations": sandbox.journal.violations().len(),
    })
}

/// Calls that have not ended, oldest first.
pub(super) fn live_calls(sandbox: &Sandbox) -> Vec<Call> {
    sandbox.pbx.history().into_iter().filter(|call| call.finished_at.is_none()).collect()
}

/// The extension that takes part in a leg: the one that is rung, else the one that rings.
pub(super) fn extension(leg: &Leg) -> Option<&str> {
    [&leg.to, &leg.from].into_iter().find_map(|party| match party {
        Party::User { extension } => Some(extension.as_str()),
        Party::Client => None,
    })
}

fn show_call(sandbox: &Sandbox, call: &Call) -> Value {
    json!({
        "id": call.call_id,
        "direction": call.direction,
        "client_phone": call.client_phone,
        "vats_phone": call.vats_phone,
        "request_id": call.request_id,
        "started_at": call.started_at.timestamp_millis(),
        "state": call_state(call),
        "legs": call.legs.iter().map(|leg| show_leg(sandbox, leg)).collect::<Vec<_>>(),
    })
}

fn show_leg(sandbox: &Sandbox, leg: &Leg) -> Value {
    json!({"id": leg.id, "extension": extension(leg), "title": title(sandbox, leg), "state": leg.state})
}

/// `101 Анна Смирнова`, or `101 → 102` among colleagues.
fn title(sandbox: &Sandbox, leg: &Leg) -> String {
    if let (Party::User { extension: from }, Party::User { extension: to }) = (&leg.from, &leg.to) {
        return format!("{from} → {to}");
    }
    let extension = extension(leg).unwrap_or_default();
    let name = sandbox.employee(extension).map_or("", |employee| employee.name.as_str());
    format!("{extension} {name}")
}

/// A call talks when one of its legs does, rings while nobody has answered.
fn call_state(call: &Call) -> LegState {
    let states = [LegState::Talking, LegState::Held, LegState::Ringing];
    let has = |state: &LegState| call.legs.iter().any(|leg| leg.state == *state);
    states.into_iter().find(has).unwrap_or(LegState::Ended)
}

fn faults(sandbox: &Sandbox) -> Value {
    json!({
        "kontur": Choice::of(sandbox.kontur.faults()),
        "workonflow": Choice::of(sandbox.workonflow.faults()),
        "metabot": Choice::of(sandbox.metabot.faults()),
        "pbx": Choice::of(sandbox.pbx.faults()),
        "silent": sandbox.pbx.is_silent(),
    })
}
