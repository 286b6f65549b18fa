//! User-interface settings (contract §3) and the event feed (§7).

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::{Value, json};
use uuid::Uuid;

use super::AccessKey;
use crate::clock;
use crate::kontur::answer::{Answer, Conflict};
use crate::kontur::state::Shared;
use crate::strict::Invalid;

/// The setting that says which integration makes the outgoing calls.
const MAIN_TELEPHONY: &str = "@main-telephony-settings";

/// The size of a page of the feed unless asked otherwise.
const FEED_LIMIT: usize = 100;

/// A setting of the user interface.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct UiSetting {
    user_id: Option<Uuid>,
    group_id: Option<Uuid>,
    key: String,
    /// The chosen integration's id.
    value: String,
    can_edit_all: bool,
    update_info: Any<Value>,
    id: Uuid,
}

/// A page of the feed.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct FeedPage {
    count: usize,
    /// `{id, offset, type, changeData{type, old, new}, entityIds, createInfo}`
    items: Vec<Any<Value>>,
    first_offset: Option<Uuid>,
    last_offset: Option<Uuid>,
    has_more: bool,
}

pub(super) struct Other(pub(super) Arc<Shared>);

#[OpenApi]
impl Other {
    /// Which integration makes the outgoing calls: `key=@main-telephony-settings`
    #[oai(path = "/:ws/ui-settings", method = "get")]
    async fn ui_settings(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        key: Query<String>,
    ) -> poem::Result<Answer<UiSetting>> {
        // One sample of the documentation writes the id behind a second `=`.
        let name = key.split('=').next().unwrap_or_default();
        if name != MAIN_TELEPHONY {
            return Err(Invalid::one("key", format!("the only known key is {MAIN_TELEPHONY}")).into());
        }
        let mut state = self.0.state();
        let chosen = state.workspace(&ws).and_then(|workspace| {
            let missing = || {
                Conflict::new("notFound", format!("Telephony {} not found", workspace.setup.integration_id))
            };
            workspace.main_telephony.ok_or_else(missing)
        });
        Ok(chosen.map(ui_setting).into())
    }

    /// What has happened in the workspace, oldest first
    #[oai(path = "/:ws/events", method = "get")]
    async fn events(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        /// The `lastOffset` of the page before.
        offset: Query<Option<Uuid>>,
        limit: Query<Option<usize>>,
    ) -> Answer<FeedPage> {
        let mut state = self.0.state();
        let page = state.workspace(&ws).and_then(|workspace| {
            let page = workspace.feed.page(offset.0, limit.unwrap_or(FEED_LIMIT));
            page.ok_or_else(|| Conflict::new("notFound", "Offset not found"))
        });
        page.into()
    }
}

fn ui_setting(chosen: Uuid) -> Value {
    let now = clock::now_text();
    json!({
        "userId": null, "groupId": null, "key": MAIN_TELEPHONY, "value": chosen, "canEditAll": true,
        "updateInfo": {"updatedAt": now, "updatedWith": "WebApp", "createdAt": now, "createdWith": "WebApp"},
        "id": Uuid::new_v4()
    })
}
