//! What is wrong with a job before anybody is asked to run it (contract Metabot).

use chrono::NaiveDateTime;
use domain::instance::settings::JobRule;
use domain::outbox::Cause;
use serde_json::Value;

use crate::http::shown;
use crate::template::{TemplateError, Templates};

/// The keys that name what to run by its code.
pub(super) const CODES: [&str; 3] = ["script_code", "trigger_code", "broadcast_code"];

/// A job that must not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct InvalidJob {
    /// The key within the rule, such as `run_at` or `script_request_params.name`.
    pub key: String,
    /// What is wrong and what is expected.
    pub message: String,
    /// Whether the rule itself is wrong, or what it gave for one call.
    pub cause: Cause,
}

/// Whether a rule can give a job: exactly one name for each thing to run, at least one thing, numbers and texts that
/// the contract allows, templates that can be used.
pub fn validate(rule: &JobRule) -> Result<(), InvalidJob> {
    check_targets(rule)?;
    check_numbers(rule)?;
    let templates = Templates::new();
    for (key, text) in texts(rule) {
        templates.check(key, text)?;
    }
    for (name, value) in rule.script_request_params.iter().flatten() {
        check_value(&templates, &format!("script_request_params.{name}"), value)?;
    }
    match &rule.run_at {
        Some(run_at) if !is_template(run_at) => check_run_at(run_at),
        _ => Ok(()),
    }
}

/// The texts that are templates. Not the condition: that is code, and code is full of braces.
pub(super) fn texts(rule: &JobRule) -> impl Iterator<Item = (&'static str, &str)> {
    let texts = [
        ("script_code", &rule.script_code),
        ("trigger_code", &rule.trigger_code),
        ("broadcast_code", &rule.broadcast_code),
        ("run_at", &rule.run_at),
        ("add_tags", &rule.add_tags),
        ("remove_tags", &rule.remove_tags),
    ];
    texts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)))
}

fn check_targets(rule: &JobRule) -> Result<(), InvalidJob> {
    let targets = [
        ("script_id", rule.script_id, "script_code", &rule.script_code),
        ("trigger_id", rule.trigger_id, "trigger_code", &rule.trigger_code),
        ("broadcast_id", rule.broadcast_id, "broadcast_code", &rule.broadcast_code),
    ];
    for (id_key, id, code_key, code) in targets {
        if id.is_some() && code.is_some() {
            let message = format!("{id_key} names the same thing; give one of the two");
            return Err(InvalidJob::rule(code_key, message));
        }
        if code.as_ref().is_some_and(|code| code.trim().is_empty()) {
            return Err(InvalidJob::rule(code_key, "is empty; give the code, or leave the key out"));
        }
    }
    if targets.iter().all(|(_, id, _, code)| id.is_none() && code.is_none()) {
        let message = "nothing to run; give script_id, script_code, trigger_id, trigger_code, broadcast_id or \
                       broadcast_code";
        return Err(InvalidJob::rule("script_code", message));
    }
    Ok(())
}

fn check_numbers(rule: &JobRule) -> Result<(), InvalidJob> {
    let numbers = [
        ("script_id", rule.script_id),
        ("trigger_id", rule.trigger_id),
        ("broadcast_id", rule.broadcast_id),
        ("lead_id", rule.lead_id),
        ("ticket_id", rule.ticket_id),
        ("run_after_sec", rule.run_after_sec),
        ("repeat_interval_sec", rule.repeat_interval_sec),
    ];
    match numbers.into_iter().find(|(_, number)| number.is_some_and(|number| number < 0)) {
        Some((key, _)) => Err(InvalidJob::rule(key, "is negative; expected a whole number from 0")),
        None => Ok(()),
    }
}

/// Strings anywhere inside are templates.
fn check_value(templates: &Templates, key: &str, value: &Value) -> Result<(), TemplateError> {
    match value {
        Value::String(text) => templates.check(key, text),
        Value::Array(items) => items.iter().try_for_each(|item| check_value(templates, key, item)),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, value)| check_value(templates, &format!("{key}.{name}"), value)),
        _ => Ok(()),
    }
}

/// A text without templates is known now; the others when a call has filled them.
fn check_run_at(run_at: &str) -> Result<(), InvalidJob> {
    if is_local_time(run_at) { Ok(()) } else { Err(InvalidJob::rule("run_at", run_at_message(run_at))) }
}

pub(super) fn run_at_message(run_at: &str) -> String {
    let shown = shown(run_at);
    format!("{shown:?} is no time; expected YYYY-MM-DD hh:mm:ss in the time zone of the bot")
}

/// chrono takes `2026-1-5`; the contract does not, hence the length.
pub(super) fn is_local_time(text: &str) -> bool {
    text.len() == 19 && NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").is_ok()
}

fn is_template(text: &str) -> bool {
    text.contains('{')
}

impl InvalidJob {
    fn rule(key: &str, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), message: message.into(), cause: Cause::Configuration }
    }

    /// What a call made of a rule is wrong.
    pub(super) fn call(key: &str, message: impl Into<String>) -> Self {
        Self { cause: Cause::Validation, ..Self::rule(key, message) }
    }
}

impl From<TemplateError> for InvalidJob {
    fn from(error: TemplateError) -> Self {
        Self::rule(&error.key, error.message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(mut rule: Value, expected: Result<(), &str>) {
        rule["on"] = json!("missed");
        let rule: JobRule = serde_json::from_value(rule).unwrap();
        let found = validate(&rule).map_err(|fault| fault.to_string());
        match expected {
            Ok(()) => assert_eq!(found, Ok(())),
            Err(start) => assert!(found.clone().unwrap_err().starts_with(start), "{found:?}"),
        }
    }

    #[test]
    fn something_has_to_be_named_and_only_once() {
        check(json!({}), Err("script_code: nothing to run"));
        check(json!({"lead_id": 1}), Err("script_code: nothing to run"));
        check(
            json!({"script_id": 1, "script_code": "a"}),
            Err("script_code: script_id names the same thing"),
        );
        check(json!({"trigger_id": 1, "trigger_code": "a"}), Err("trigger_code: trigger_id names"));
        check(json!({"broadcast_id": 1, "broadcast_code": "a"}), Err("broadcast_code: broadcast_id names"));
        check(json!({"trigger_code": " "}), Err("trigger_code: is empty"));
        for good in ["script_code", "trigger_code", "broadcast_code"] {
            check(json!({ good: "a" }), Ok(()));
        }
        check(json!({"script_id": 1, "trigger_code": "a"}), Ok(()));
    }

    #[test]
    fn numbers_are_not_negative() {
        check(json!({"script_id": 1, "run_after_sec": -1}), Err("run_after_sec: is negative"));
        check(json!({"script_id": -1}), Err("script_id: is negative"));
        check(json!({"script_id": 1, "run_after_sec": 0}), Ok(()));
    }

    #[test]
    fn run_at_is_a_time_of_the_contract_or_a_template() {
        for bad in ["tomorrow", "2026-11-22T10:00:00", "2026-1-5 10:00:00", "2026-13-01 10:00:00", ""] {
            check(json!({"script_id": 1, "run_at": bad}), Err("run_at: "));
        }
        check(json!({"script_id": 1, "run_at": "2026-11-22 10:00:00"}), Ok(()));
        check(json!({"script_id": 1, "run_at": "{{ call.finished_at | plus(3600) }}"}), Ok(()));
    }

    #[test]
    fn templates_are_checked_wherever_they_are_and_code_is_not_one() {
        check(json!({"script_code": "{{ call.nobody }}"}), Err("script_code: \"call.nobody\" is not known"));
        check(json!({"script_id": 1, "add_tags": "{{"}), Err("add_tags: the template cannot be used"));
        let nested = json!({"script_id": 1, "script_request_params": {"a": [{"b": "{{ call.nobody }}"}]}});
        check(nested, Err("script_request_params.a.b: \"call.nobody\" is not known"));
        check(json!({"script_id": 1, "condition_script_code": "if (x) {{ return {{}} }}"}), Ok(()));
    }
}
