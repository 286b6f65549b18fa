//! Users of Kontur and their extensions.

use std::sync::Arc;

use domain::instance::settings::UserMapping;
use engine::instance::Instance;
use engine::parking::Unmapped;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

use super::Tag;
use super::body::JsonBody;
use super::page::Page;
use super::types::Moment;
use crate::api::ApiState;
use crate::api::problem::{Fault, Problem};
use crate::config;

/// Operations.
pub(in crate::api) struct Users(pub(super) Arc<ApiState>);

/// A user of Kontur at the telephony system. A user may have several extensions, and is rung at the first of those that
/// are the user's at the time. An extension may be of other users at other times.
#[derive(Debug, Object)]
struct User {
    /// The user in Kontur (GUID).
    kontur_user_id: String,
    /// The user's extension; text, since `007` is not `7`.
    extension: String,
    /// The user in Workonflow, if the user works there.
    workonflow_user_id: Option<String>,
    /// Since when the extension is the user's, that moment included; `null`: always.
    valid_from: Option<Moment>,
    /// From when on it is not any more; `null`: never.
    valid_to: Option<Moment>,
}

/// All users of an integration.
#[derive(Debug, Object)]
struct UserList {
    /// The users.
    items: Vec<User>,
}

/// An extension that was in calls and belonged to nobody.
#[derive(Debug, Object)]
struct UnmappedExtension {
    /// The extension.
    extension: String,
    /// In how many calls it was.
    calls: u64,
    /// Of them, how many wait with their registration for a user.
    parked: u64,
    /// When the earliest of them began.
    first_call_at: Moment,
    /// When the latest of them began.
    last_call_at: Moment,
}

#[OpenApi(prefix_path = "/admin/v1/integrations", tag = "Tag::Integrations")]
impl Users {
    /// List the users of an integration
    #[oai(path = "/:workspace/users", method = "get", operation_id = "list_users")]
    #[expect(clippy::unused_async, reason = "the macro wants it")]
    async fn list(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Result<Json<Page<User>>, Problem> {
        Ok(Json(shown(&*self.0.engine.instance(&workspace)?)))
    }

    /// Replace the users of an integration
    ///
    /// A plain array of users is taken as well. Calls that waited for one of them are registered. Users of an integration of the configuration file are changed there
    /// (409).
    #[oai(path = "/:workspace/users", method = "put", operation_id = "put_users")]
    async fn put(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        body: JsonBody<UserList>,
    ) -> Result<Json<Page<User>>, Problem> {
        let instance = self.0.engine.instance(&workspace)?;
        let users = config::parse_users(items(&body.json)).map_err(|faults| {
            let faults = faults.into_iter().map(|fault| Fault::of_field(fault.path, fault.message));
            Problem::invalid("the users are wrong; correct them and send them again", faults.collect())
        })?;
        self.0.engine.set_users(&instance, users).await?;
        Ok(Json(shown(&instance)))
    }

    /// List extensions that were in calls and belong to nobody
    ///
    /// Those with the latest calls first. Give them to users, and the calls that wait for it are registered.
    #[oai(path = "/:workspace/unmapped", method = "get", operation_id = "list_unmapped_extensions")]
    async fn unmapped(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Result<Json<Page<UnmappedExtension>>, Problem> {
        let instance = self.0.engine.instance(&workspace)?;
        let unmapped = self.0.engine.unmapped(&instance).await?;
        Ok(Json(Page::whole(unmapped.into_iter().map(UnmappedExtension::of).collect())))
    }
}

impl UnmappedExtension {
    fn of(Unmapped { seen, parked }: Unmapped) -> Self {
        Self {
            extension: seen.extension.to_string(),
            calls: seen.calls,
            parked,
            first_call_at: seen.first_call_at.into(),
            last_call_at: seen.last_call_at.into(),
        }
    }
}

fn items(body: &Value) -> &Value {
    if body.is_array() { body } else { &body["items"] }
}

fn shown(instance: &Instance) -> Page<User> {
    let user = |user: &UserMapping| User {
        kontur_user_id: user.kontur_user_id.to_string(),
        extension: user.extension.to_string(),
        workonflow_user_id: user.workonflow_user_id.as_ref().map(ToString::to_string),
        valid_from: user.valid_from.map(Moment::from),
        valid_to: user.valid_to.map(Moment::from),
    };
    Page::whole(instance.live().directory.users().iter().map(user).collect())
}
