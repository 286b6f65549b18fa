//! Texts that an administrator may write anew: Jinja templates over the facts of a call. Shared by Workonflow (titles,
//! names and comments) and Metabot (the strings of job rules).

mod facts;
#[cfg(test)]
pub(crate) mod samples;
mod words;

use chrono::{DateTime, FixedOffset, SecondsFormat};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, context};

pub(crate) use self::facts::Facts;

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct TemplateError {
    /// The key of the configuration that holds it, such as `templates.comment`.
    pub key: String,
    /// What is wrong and where in the text.
    pub message: String,
}

/// Compiles and renders. A name that no template may use is an error, never an empty text.
#[derive(Debug)]
pub(crate) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    pub(crate) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.add_filter("plus", plus);
        Self { environment }
    }

    /// Whether `source` can be used: its syntax, and that it names nothing but the facts of a call.
    pub(crate) fn check(&self, key: &str, source: &str) -> Result<(), TemplateError> {
        let template = self.environment.template_from_str(source).map_err(|error| fault(key, &error))?;
        let unknown = template.undeclared_variables(true).into_iter().filter(|name| !self.knows(name)).min();
        unknown
            .map_or(Ok(()), |name| Err(TemplateError { key: key.to_owned(), message: unknown_name(&name) }))
    }

    fn knows(&self, name: &str) -> bool {
        let fact = name.strip_prefix("call.");
        fact.is_some_and(|fact| facts::NAMES.contains(&fact))
            || name == "call"
            || self.environment.globals().any(|(function, _)| function == name)
    }

    /// The text that `source` gives for a call.
    pub(crate) fn render(&self, key: &str, source: &str, facts: &Facts) -> Result<String, TemplateError> {
        // Most strings of a job are plain.
        if !source.contains('{') {
            return Ok(source.to_owned());
        }
        self.environment
            .render_str(source, context! { call => facts.value() })
            .map_err(|error| fault(key, &error))
    }
}

fn unknown_name(name: &str) -> String {
    let known: Vec<_> = facts::NAMES.iter().map(|known| format!("call.{known}")).collect();
    format!("{name:?} is not known; a template may use {}", known.join(", "))
}

fn fault(key: &str, error: &minijinja::Error) -> TemplateError {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let place = error.line().map_or_else(String::new, |line| format!(" in line {line}"));
    let message = format!("the template cannot be used{place}: {what}");
    TemplateError { key: key.to_owned(), message }
}

/// The filter `plus`: the time that many seconds later, so that a job can run the day after a call.
fn plus(time: &str, seconds: i64) -> Result<String, minijinja::Error> {
    let later = |at: DateTime<FixedOffset>| at.checked_add_signed(chrono::TimeDelta::try_seconds(seconds)?);
    let at = DateTime::parse_from_rfc3339(time).ok().and_then(later);
    at.map(|at| rfc3339(&at)).ok_or_else(|| {
        let detail = "plus takes a time such as call.finished_at and a number of seconds";
        minijinja::Error::new(ErrorKind::InvalidOperation, detail)
    })
}

/// A local time with its offset.
fn rfc3339<Z: chrono::TimeZone>(at: &DateTime<Z>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refusal(source: &str) -> String {
        Templates::new().check("templates.comment", source).unwrap_err().to_string()
    }

    #[test]
    fn a_template_that_does_not_compile_is_reported_with_key_and_line() {
        let text = refusal("ok\n{{ call.client_phone ");
        assert!(text.starts_with("templates.comment: the template cannot be used in line 2: "), "{text}");
    }

    #[test]
    fn a_name_that_is_not_known_is_reported_even_in_a_branch_that_is_rarely_taken() {
        let text = refusal("{% if call.reason %}{{ call.phone }}{% endif %}");
        assert!(text.starts_with("templates.comment: \"call.phone\" is not known"), "{text}");
        assert!(refusal("{{ client_phone }}").contains("\"client_phone\" is not known"));
    }

    #[test]
    fn a_time_can_be_moved() {
        assert_eq!(plus("2026-11-22T23:30:00+03:00", 3600).unwrap(), "2026-11-23T00:30:00+03:00");
        assert!(plus("soon", 1).is_err());
        assert!(plus("2026-11-22T23:30:00+03:00", i64::MAX).is_err());
    }
}
