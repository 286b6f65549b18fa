//! The job that a rule gives for a call: every field of the contract. Pure.

use chrono::DateTime;
use chrono_tz::Tz;
use domain::instance::settings::JobRule;
use serde_json::{Map, Value, json};

use super::validate::{CODES, InvalidJob, is_local_time, run_at_message, texts, validate};
use crate::template::{Facts, TemplateError, Templates};

/// The body of jobs/schedule; what is not set is not sent.
pub(super) type Job = Map<String, Value>;

/// What a rule is filled from: a call, in the time zone of the bot.
pub(super) struct Filling<'a> {
    pub(super) templates: &'a Templates,
    pub(super) facts: &'a Facts,
    pub(super) zone: Tz,
}

impl Filling<'_> {
    /// The job, if rule and call give a valid one.
    pub(super) fn job(&self, rule: &JobRule) -> Result<Job, InvalidJob> {
        validate(rule)?;
        let mut job = plain(rule);
        for (key, source) in texts(rule) {
            if let Some(text) = self.text(key, source)? {
                job.insert(key.to_owned(), text.into());
            }
        }
        job.insert("script_request_params".to_owned(), Value::Object(self.parameters(rule)?));
        Ok(job)
    }

    /// A text that came out empty is as if it had been left out, so that a template can decide that; a code cannot
    /// be left out.
    fn text(&self, key: &str, source: &str) -> Result<Option<String>, InvalidJob> {
        let rendered = self.templates.render(key, source, self.facts)?;
        match rendered.trim() {
            "" if CODES.contains(&key) => Err(InvalidJob::call(key, "came out empty for this call")),
            "" => Ok(None),
            time if key == "run_at" => self.run_at(time).map(Some),
            text => Ok(Some(text.to_owned())),
        }
    }

    /// The contract's form; a time such as `call.finished_at` is put into it.
    fn run_at(&self, time: &str) -> Result<String, InvalidJob> {
        if is_local_time(time) {
            return Ok(time.to_owned());
        }
        let at = DateTime::parse_from_rfc3339(time)
            .map_err(|_| InvalidJob::call("run_at", run_at_message(time)))?;
        Ok(at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S").to_string())
    }

    fn parameters(&self, rule: &JobRule) -> Result<Map<String, Value>, TemplateError> {
        let Some(parameters) = &rule.script_request_params else { return Ok(own_parameters(self.facts)) };
        self.fields("script_request_params", parameters)
    }

    fn fields(&self, key: &str, fields: &Map<String, Value>) -> Result<Map<String, Value>, TemplateError> {
        let fill = |(name, value): (&String, &Value)| {
            self.value(&format!("{key}.{name}"), value).map(|value| (name.clone(), value))
        };
        fields.iter().map(fill).collect()
    }

    /// Strings anywhere inside are templates.
    fn value(&self, key: &str, value: &Value) -> Result<Value, TemplateError> {
        Ok(match value {
            Value::String(source) => self.templates.render(key, source, self.facts)?.into(),
            Value::Array(items) => {
                items.iter().map(|item| self.value(key, item)).collect::<Result<_, _>>()?
            }
            Value::Object(fields) => Value::Object(self.fields(key, fields)?),
            other => other.clone(),
        })
    }
}

/// What is sent as it was configured.
fn plain(rule: &JobRule) -> Job {
    let fields = [
        ("script_id", json!(rule.script_id)),
        ("trigger_id", json!(rule.trigger_id)),
        ("broadcast_id", json!(rule.broadcast_id)),
        ("lead_id", json!(rule.lead_id)),
        ("ticket_id", json!(rule.ticket_id)),
        ("run_after_sec", json!(rule.run_after_sec)),
        ("is_periodic", json!(rule.is_periodic)),
        ("repeat_interval_sec", json!(rule.repeat_interval_sec)),
        ("condition_script_code", json!(rule.condition_script_code)),
    ];
    let set = fields.into_iter().filter(|(_, value)| !value.is_null());
    set.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The input of a script whose rule names none (design, Configuration).
fn own_parameters(facts: &Facts) -> Map<String, Value> {
    let vats_phone = Some(&facts.vats_phone).filter(|phone| !phone.is_empty());
    let fields = [
        ("call_id", json!(facts.external_id)),
        ("client_phone", json!(facts.client_phone)),
        ("vats_phone", json!(vats_phone)),
        ("direction", json!(facts.direction)),
        ("result", json!(facts.result)),
        ("started_at", json!(facts.started_at)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::samples;

    fn job(mut rule: Value, facts: &Facts) -> Result<Value, InvalidJob> {
        rule["on"] = json!("missed");
        let rule: JobRule = serde_json::from_value(rule).unwrap();
        let filling = Filling { templates: &Templates::new(), facts, zone: chrono_tz::Asia::Yekaterinburg };
        filling.job(&rule).map(Value::Object)
    }

    #[test]
    fn every_field_of_the_contract_is_sent() {
        let rule = json!({
            "script_id": 1, "trigger_id": 2, "broadcast_code": "b-{{ call.result }}", "lead_id": 135, "ticket_id": 7,
            "run_at": "2026-11-22 10:00:00", "run_after_sec": 60, "is_periodic": false, "repeat_interval_sec": 300,
            "condition_script_code": "return {{ 1 }};", "script_request_params": {"n": 7, "s": "{{ call.reference }}",
            "deep": [{"phone": "+{{ call.client_phone }}"}]}, "add_tags": "missed,{{ call.direction }}", "remove_tags": "old"
        });
        let expected = json!({
            "script_id": 1, "trigger_id": 2, "broadcast_code": "b-answered", "lead_id": 135, "ticket_id": 7,
            "run_at": "2026-11-22 10:00:00", "run_after_sec": 60, "is_periodic": false, "repeat_interval_sec": 300,
            "condition_script_code": "return {{ 1 }};", "script_request_params": {"n": 7, "s": "7ZK3M9QA",
            "deep": [{"phone": "+79997775533"}]}, "add_tags": "missed,inbound", "remove_tags": "old"
        });
        assert_eq!(job(rule, &samples::answered()), Ok(expected));
    }

    #[test]
    fn what_is_not_set_is_not_sent_and_the_call_is_the_default_input() {
        let expected = json!({"trigger_code": "missed_call", "script_request_params": {
            "call_id": "pbx-42", "client_phone": "79997775533", "vats_phone": "79229929292",
            "direction": "inbound", "result": "answered", "started_at": "2026-11-22T10:00:00+03:00"}});
        assert_eq!(job(json!({"trigger_code": "missed_call"}), &samples::answered()), Ok(expected));
        let unknown = Facts { vats_phone: String::new(), ..samples::answered() };
        let sent = job(json!({"script_id": 1}), &unknown).unwrap();
        assert_eq!(sent["script_request_params"]["vats_phone"], Value::Null);
    }

    #[test]
    fn a_time_of_the_call_becomes_a_local_time_of_the_bot() {
        let run_at = |template: &str| {
            job(json!({"script_id": 1, "run_at": template}), &samples::answered())
                .map(|job| job["run_at"].clone())
        };
        assert_eq!(run_at("{{ call.finished_at }}"), Ok(json!("2026-11-22 12:01:07")));
        assert_eq!(run_at("{{ call.finished_at | plus(3600) }}"), Ok(json!("2026-11-22 13:01:07")));
        assert_eq!(run_at("{{ call.started_at[:10] }} 09:00:00"), Ok(json!("2026-11-22 09:00:00")));
        let fault = run_at("{{ call.client_text }}").unwrap_err();
        assert_eq!((fault.key.as_str(), fault.cause), ("run_at", domain::outbox::Cause::Validation));
    }

    #[test]
    fn a_text_that_came_out_empty_is_left_out_but_a_code_is_not() {
        let sent =
            job(json!({"script_id": 1, "add_tags": "{{ call.reason }}"}), &samples::answered()).unwrap();
        assert_eq!(sent.get("add_tags"), None);
        let fault = job(json!({"script_code": "{{ call.reason }}"}), &samples::answered()).unwrap_err();
        assert_eq!(fault.to_string(), "script_code: came out empty for this call");
    }
}
