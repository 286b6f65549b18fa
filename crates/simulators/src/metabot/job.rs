//! A job: what the bot is asked to run, when and for whom.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::shape::{self, Field, Kind};

/// The things a job can run; each is named by id or by code.
pub(super) const TARGETS: [(&str, &str); 3] =
    [("script_id", "script_code"), ("trigger_id", "trigger_code"), ("broadcast_id", "broadcast_code")];

/// Every field of the contract.
pub(super) const FIELDS: &[Field] = &[
    Field::optional("script_id", Kind::Count),
    Field::optional("script_code", Kind::Text),
    Field::optional("trigger_id", Kind::Count),
    Field::optional("trigger_code", Kind::Text),
    Field::optional("broadcast_id", Kind::Count),
    Field::optional("broadcast_code", Kind::Text),
    Field::optional("lead_id", Kind::Count),
    Field::optional("ticket_id", Kind::Count),
    Field::optional("run_at", Kind::LocalTime),
    Field::optional("run_after_sec", Kind::Count),
    Field::optional("is_periodic", Kind::Boolean),
    Field::optional("repeat_interval_sec", Kind::Count),
    Field::optional("condition_script_code", Kind::Text),
    Field::optional("script_request_params", Kind::Map),
    Field::optional("add_tags", Kind::Tags),
    Field::optional("remove_tags", Kind::Tags),
];

/// A job that was taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    pub id: u64,
    /// Unix time in milliseconds when it arrived.
    pub received_at: i64,
    /// As it came.
    pub body: Map<String, Value>,
}

impl Job {
    /// A text field, if given.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }

    /// One of the values that the script, trigger or broadcast can read.
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.body.get("script_request_params").and_then(|parameters| parameters.get(name))
    }
}

/// Everything wrong with a job; empty if it can be taken.
pub(super) fn faults(body: &Map<String, Value>) -> Vec<String> {
    let mut faults = shape::faults(FIELDS, body);
    let named = |name: &str| body.contains_key(name);
    if !TARGETS.iter().any(|(id, code)| named(id) || named(code)) {
        faults.push("a script, a trigger or a broadcast has to be named".to_owned());
    }
    for (id, code) in TARGETS.iter().filter(|(id, code)| named(id) && named(code)) {
        faults.push(format!("{id} and {code} name the same thing twice"));
    }
    faults
}
