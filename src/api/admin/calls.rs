//! Calls and their timelines.

mod shown;

use std::sync::Arc;

use domain::id::CallId;
use domain::phone::Phone;
use engine::instance::Instance;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use storage::calls::CallFilter;

use self::shown::{CallSummary, Timeline};
use super::Tag;
use super::page::Page;
use super::types::{Cursor, Limit, Moment, Vocabulary, Word};
use crate::api::ApiState;
use crate::api::problem::{Fault, Problem};

/// Operations.
pub(in crate::api) struct Calls(pub(super) Arc<ApiState>);

/// What the list can be narrowed down to.
struct FilterStates;

impl Vocabulary for FilterStates {
    const WORDS: &'static [&'static str] = &["active", "finished", "answered", "missed", "failed"];
}

#[OpenApi(prefix_path = "/admin/v1/calls", tag = "Tag::Calls")]
impl Calls {
    /// List calls, the latest first
    #[oai(path = "/", method = "get", operation_id = "list_calls")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn list(
        &self,
        /// Only calls of this workspace.
        workspace: Query<Option<String>>,
        /// Only calls with this client, in any spelling; with a workspace, its country's. `anonymous`: withheld.
        phone: Query<Option<String>>,
        /// Only calls that began at this time or later.
        from: Query<Option<Moment>>,
        /// Only calls that began before this time.
        to: Query<Option<Moment>>,
        /// Only calls that stand so: `finished` means any that is not `active`.
        state: Query<Option<Word<FilterStates>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
        /// How long a page may be.
        limit: Query<Option<Limit>>,
    ) -> Result<Json<Page<CallSummary>>, Problem> {
        let instance = self.0.instance_named(workspace.0.as_deref())?;
        let limit = limit.0.unwrap_or_default();
        let filter = CallFilter {
            before: cursor.0.map(|cursor| CallId(cursor.0)),
            client: phone.0.map(|phone| client(&phone, instance.as_deref())).transpose()?,
            instance: instance.map(|instance| instance.id),
            from: from.0.map(|moment| moment.0),
            to: to.0.map(|moment| moment.0),
            state: state.0.map(|word| word.text.to_owned()),
            limit: limit.0 + 1,
        };
        let found = self.0.engine.list_calls(filter).await?;
        let workspaces = self.0.workspaces();
        Ok(Json(Page::of(found, limit, |row| row.id.0, |row| CallSummary::of(&row, &workspaces))))
    }

    /// Show a call with all that happened to it
    #[oai(path = "/:id", method = "get", operation_id = "get_call")]
    async fn get(
        &self,
        /// The call's number, as the list gives it.
        id: Path<i64>,
    ) -> Result<Json<Timeline>, Problem> {
        let timeline = self.0.engine.timeline(CallId(id.0)).await?;
        let now = self.0.engine.now();
        Ok(Json(Timeline::of(timeline, &self.0.workspaces(), now)))
    }
}

/// The client as calls have it: normalised like the provider's numbers, or else just digits.
fn client(phone: &str, instance: Option<&Instance>) -> Result<Phone, Problem> {
    let anonymous = Phone::anonymous();
    if phone == anonymous.as_str() {
        return Ok(anonymous);
    }
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        let fault =
            Fault::of_field("phone", "has no digits; expected a number such as 79997775533, or anonymous");
        return Err(Problem::invalid("a parameter is wrong", vec![fault]));
    }
    Ok(match instance {
        Some(instance) => Phone::normalise(phone, instance.live().settings.country),
        None => Phone::from_stored(&digits),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_workspace_the_digits_count() {
        assert_eq!(client("+7 (999) 777-55-33", None).unwrap().as_str(), "79997775533");
        assert_eq!(client("anonymous", None), Ok(Phone::anonymous()));
        assert_eq!(client("nobody", None).unwrap_err().faults[0].field, "phone");
    }
}
