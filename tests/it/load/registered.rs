//! What register-call has to say of a call, read from its events without any code of the server.

use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::call::Call;
use crate::harness::{Company, VATS};

/// The body for a call whose events are these (design, From events to Kontur), as [`plain`] shows it.
pub(super) fn expected(company: &Company, call: &Call) -> Value {
    let started = call.of_type("call.started").next().expect("every call starts");
    plain(&json!({
        "externalId": call.external_id,
        "communicationId": company.kontur().communication(&call.external_id).id,
        "direction": started["direction"],
        "clientPhone": call.client_digits,
        "externalVatsPhone": VATS,
        "externalCreatedAt": started["at"],
        "items": items(company, call),
    }))
}

/// The answered legs; if nobody answered, the leg of the employee rung last.
fn items(company: &Company, call: &Call) -> Vec<Value> {
    let answered: Vec<Value> =
        call.of_type("leg.answered").map(|event| item(company, call, event, Some(&event["at"]))).collect();
    if !answered.is_empty() {
        return answered;
    }
    let last = call.of_type("leg.ringing").next_back().expect("somebody was rung");
    vec![item(company, call, last, None)]
}

fn item(company: &Company, call: &Call, event: &Value, started_at: Option<&Value>) -> Value {
    let leg = &event["leg"];
    let ended =
        call.of_type("leg.ended").find(|ended| ended["leg"]["id"] == leg["id"]).expect("every leg ends");
    let mut item = json!({
        "id": leg["id"], "from": participant(company, &leg["from"]), "to": participant(company, &leg["to"]),
        "finishedAt": ended["at"], "recordings": [],
    });
    if let Some(at) = started_at {
        item["startedAt"] = at.clone();
    }
    item
}

fn participant(company: &Company, party: &Value) -> Value {
    match party["extension"].as_str() {
        Some(extension) => json!({"type": "user", "userId": company.employee(extension).kontur_user_id}),
        None => json!({"type": "client"}),
    }
}

/// A body with its times as Unix milliseconds: the same moment can be written in many ways.
pub(super) fn plain(body: &Value) -> Value {
    match body {
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            .map_or_else(|_| body.clone(), |time| time.timestamp_millis().into()),
        Value::Array(values) => values.iter().map(plain).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>().into()
        }
        _ => body.clone(),
    }
}
