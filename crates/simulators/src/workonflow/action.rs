//! What an action of the API is: its name, how it is called, what it takes and what it does.

use serde_json::{Map, Value};

use super::team::Team;
use crate::shape::{self, Field};

/// Which of the two revisions of the API a request speaks (contract §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `Api-key`, reads by `GET ?query=`, writes by `POST {"query":{…}}`.
    Query,
    /// `X-Bot-Id` and `X-timestamp`, everything by `POST` with the parameters as the body.
    Body,
}

/// Whether an action only reads; decides the method in the query dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// One row of the contract's §2.
pub(super) struct Action {
    /// As in the URL, e.g. `thread/create` or `thread.status`.
    pub(super) name: &'static str,
    pub(super) access: Access,
    /// The only dialect that has this form of the action; both when absent.
    pub(super) dialect: Option<Dialect>,
    pub(super) parameters: &'static [Field],
    /// A rule over several parameters, checked once each of them is well-formed.
    pub(super) rule: Rule,
    pub(super) run: Run,
}

/// What has to hold between parameters.
pub(super) enum Rule {
    None,
    /// At least one of these has to be given.
    AnyOf(&'static [&'static str]),
    /// Exactly one of these has to be given.
    OneOf(&'static [&'static str]),
}

/// Performs the action on the team.
pub(super) type Run = fn(&mut Team, &Request<'_>) -> Result<Value, Refusal>;

/// The well-formed parameters of one request.
pub(super) struct Request<'a> {
    pub(super) parameters: &'a Map<String, Value>,
    /// Unix time in milliseconds.
    pub(super) now: i64,
    /// Where this server is reached, without a trailing slash.
    pub(super) base_url: &'a str,
}

/// Why a well-formed request was refused: the text of a 400.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

impl Action {
    pub(super) const fn read(name: &'static str, parameters: &'static [Field], run: Run) -> Self {
        Self { name, access: Access::Read, dialect: None, parameters, rule: Rule::None, run }
    }

    pub(super) const fn write(name: &'static str, parameters: &'static [Field], run: Run) -> Self {
        Self { name, access: Access::Write, dialect: None, parameters, rule: Rule::None, run }
    }

    pub(super) const fn only(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    pub(super) const fn any_of(mut self, names: &'static [&'static str]) -> Self {
        self.rule = Rule::AnyOf(names);
        self
    }

    pub(super) const fn one_of(mut self, names: &'static [&'static str]) -> Self {
        self.rule = Rule::OneOf(names);
        self
    }

    /// Everything wrong with these parameters.
    pub(super) fn faults(&self, parameters: &Map<String, Value>) -> Vec<String> {
        let mut faults = shape::faults(self.parameters, parameters);
        let given = |names: &[&str]| names.iter().filter(|name| parameters.contains_key(**name)).count();
        match self.rule {
            Rule::AnyOf(names) if given(names) == 0 => {
                faults.push(format!("at least one of {} is needed", names.join(", ")));
            }
            Rule::OneOf(names) if given(names) != 1 => {
                faults.push(format!("exactly one of {} is needed", names.join(", ")));
            }
            _ => {}
        }
        faults
    }

    /// The method this action is called with.
    pub(super) fn method(&self, dialect: Dialect) -> &'static str {
        match (dialect, self.access) {
            (Dialect::Query, Access::Read) => "GET",
            _ => "POST",
        }
    }
}

impl<'a> Request<'a> {
    /// A text parameter, if given.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.parameters.get(name).and_then(Value::as_str)
    }

    /// A required text parameter; the shape has made sure that it is there.
    pub(super) fn required(&self, name: &str) -> &'a str {
        self.text(name).unwrap_or_default()
    }

    /// A parameter as it came, if given.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.parameters.get(name)
    }

    /// A whole number, if given.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.parameters.get(name).and_then(Value::as_i64)
    }

    /// The ids given as `one` (a string), `many` (a list) or both; `None` if neither was given.
    pub(super) fn ids(&self, one: &str, many: &str) -> Option<Vec<&'a str>> {
        let list = self.value(many).and_then(Value::as_array);
        let listed = list.into_iter().flatten().filter_map(Value::as_str);
        let ids: Vec<&str> = self.text(one).into_iter().chain(listed).collect();
        (!ids.is_empty()).then_some(ids)
    }
}

/// A refusal with this text.
pub(super) fn refuse<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(text.into()))
}
