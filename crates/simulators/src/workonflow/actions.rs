//! Every action of the contract's §2, one module per resource.

mod call;
mod channel;
mod comment;
mod contact;
mod file;
mod stream;
mod stream_status;
mod thread;
mod thread_fields;

use serde_json::Value;

pub(super) use self::stream::add_stream;
use super::action::{Action, Dialect, Refusal, Request};
use super::team::Team;

/// All actions of both dialects.
pub(super) fn all() -> impl Iterator<Item = &'static Action> {
    let groups: [&'static [Action]; 9] = [
        thread::ACTIONS,
        thread_fields::ACTIONS,
        comment::ACTIONS,
        contact::ACTIONS,
        stream::ACTIONS,
        stream_status::ACTIONS,
        file::ACTIONS,
        call::ACTIONS,
        channel::ACTIONS,
    ];
    groups.into_iter().flatten()
}

/// The actions that a dialect has.
pub(super) fn of(dialect: Dialect) -> impl Iterator<Item = &'static Action> {
    all().filter(move |action| action.dialect.is_none_or(|only| only == dialect))
}

/// An action that is known by name and has no effect here that a test could look at.
fn accept(_team: &mut Team, _request: &Request<'_>) -> Result<Value, Refusal> {
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_within_a_dialect() {
        for dialect in [Dialect::Query, Dialect::Body] {
            let mut seen = HashSet::new();
            assert!(of(dialect).all(|action| seen.insert(action.name)));
        }
    }
}
