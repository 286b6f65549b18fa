//! A communication: a call as Kontur stores it, and what of its story is not legal.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire::EventType;

/// One call in one workspace, as the server under test has reported it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a callback that came or did not, in any combination"
)]
pub struct Communication {
    pub id: Uuid,
    /// The telephony's id of the call, without Kontur's prefix; none until reported.
    pub external_id: Option<String>,
    pub direction: Option<String>,
    pub client_phone: Option<String>,
    pub external_vats_phone: Option<String>,
    /// Whether a user of Kontur asked for the call.
    pub requested_by_user: bool,
    pub started: bool,
    /// The bodies of call-event, in the order they came.
    pub events: Vec<Value>,
    pub finished: bool,
    pub failed: bool,
    /// How many times register-call named it.
    pub registered: u32,
    /// The items of register-call, recordings of call-recording added to theirs.
    pub items: Vec<Value>,
    /// The ids of all recordings bound to it.
    pub recordings: Vec<Uuid>,
    /// RFC 3339.
    pub created_at: String,
    /// The real-time state of each item.
    #[serde(skip)]
    pub(super) item_states: HashMap<String, EventType>,
    /// Bodies whose answer the server under test has not seen: they may come once more.
    #[serde(skip)]
    pub(super) repeatable: Vec<Value>,
}

impl Communication {
    /// The types of the events in order, e.g. `["appeared", "connected"]`.
    pub fn event_types(&self) -> Vec<&str> {
        self.events.iter().filter_map(|event| event["type"].as_str()).collect()
    }

    /// Whether the same body came before and its answer was lost.
    pub(super) fn may_repeat(&self, body: &Value) -> bool {
        self.repeatable.contains(body)
    }

    /// The shape of the documented replies and of the feed; `name` is the integration's, e.g. `Telephony`.
    pub(super) fn to_wire(&self, name: &str) -> Value {
        let external_id = self.external_id.as_ref().map(|id| format!("{name}/{id}"));
        json!({
            "id": self.id,
            "type": "call",
            "externalId": external_id,
            "direction": self.direction,
            "clientPhone": self.client_phone,
            "externalVatsPhone": self.external_vats_phone,
            "assignedToGroupId": Value::Null,
            "links": {"companyIds": [], "contactIds": [], "dealIds": []},
            "data": {"call": {"items": self.items, "events": self.events}},
            "createdAt": self.created_at
        })
    }
}
