//! Kontur's JSON as it is on the wire (contract Kontur §2-§5, §7). What is only read keeps only what is used.

use domain::call::event::Direction;
use domain::id::{CommunicationId, ExternalId, IntegrationId, KonturUserId, LegId};
use domain::instance::status::Status;
use domain::phone::Phone;
use domain::plan::LegSignal;
use domain::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The reply to an authorisation (§2).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorised {
    /// Good for 20 minutes; never stored durably.
    pub access_key: Secret,
}

/// An integration instance (§3): whole, since a patch is made from it, with what we look at beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// The instance as it was read.
    pub whole: Map<String, Value>,
    /// Kontur's view of its status.
    pub status: Status,
    /// Equals the integration's id.
    pub id: IntegrationId,
    /// How many seconds our clock was ahead of Kontur's when it was read.
    pub clock_ahead_by: Option<i64>,
}

impl<'de> Deserialize<'de> for Instance {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Seen {
            status: Status,
            id: IntegrationId,
        }
        let whole = <Map<String, Value>>::deserialize(deserializer)?;
        let Seen { status, id } = Seen::deserialize(&whole).map_err(serde::de::Error::custom)?;
        Ok(Self { whole, status, id, clock_ahead_by: None })
    }
}

/// The body of `PATCH …/instances/{id}` (§3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Patch<'a> {
    /// All are applied, in order, or none.
    pub operations: &'a [Operation],
}

/// One operation in Kontur's dialect: elements of arrays are addressed by their `id`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operation {
    /// What to do.
    pub op: OperationKind,
    /// A JSON pointer with ids in the place of indices.
    pub path: String,
    /// The new value; none for `remove`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationKind {
    /// Adds an element to the array that `path` names.
    Add,
    /// Replaces what `path` names.
    Replace,
    /// Removes the element that `path` names.
    Remove,
}

/// The reply to a patch.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Patched {
    /// The instance as it is now.
    pub result: Instance,
}

/// The reply of ui-settings (§3).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UiSetting {
    /// For the main telephony: the id of the integration that makes the outgoing calls.
    pub value: Option<String>,
}

/// `call-started` (§4).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallStarted {
    /// RFC 3339.
    pub timestamp: String,
    /// Only of a call that a user started in Kontur.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub communication_id: Option<CommunicationId>,
    /// The provider's id of the call.
    pub external_id: ExternalId,
    /// The company's number.
    pub external_vats_phone: Phone,
    /// The client's number.
    pub client_phone: Phone,
    /// From the company's viewpoint.
    pub direction: Direction,
}

/// `call-event` (§4).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallEvent {
    /// The communication of the call.
    pub communication_id: CommunicationId,
    /// The provider's id of the call.
    pub external_id: ExternalId,
    /// The leg.
    pub external_call_item_id: LegId,
    /// The leg again: hangup comes back with it.
    pub realtime_call_item_id: LegId,
    /// RFC 3339.
    pub timestamp: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: LegSignal,
    /// Who calls.
    pub from: Participant,
    /// Who is called.
    pub to: Participant,
}

/// `call-finished` (§4).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallFinished {
    /// RFC 3339.
    pub timestamp: String,
    /// The communication of the call.
    pub communication_id: CommunicationId,
    /// The provider's id of the call.
    pub external_id: ExternalId,
    /// The company's number.
    pub external_vats_phone: Phone,
    /// The client's number.
    pub client_phone: Phone,
    /// From the company's viewpoint.
    pub direction: Direction,
}

/// `call-failed` (§4).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallFailed {
    /// The communication of Kontur's CALL.
    pub communication_id: CommunicationId,
}

/// `call-recording` (§4).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecording {
    /// The communication of the call.
    pub communication_id: CommunicationId,
    /// The provider's id of the call.
    pub external_id: ExternalId,
    /// The leg that was recorded.
    pub external_call_item_id: LegId,
    /// The leg again.
    pub realtime_call_item_id: LegId,
    /// The uploaded file.
    pub recording_file_id: String,
}

/// `register-call` (§4).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterCall {
    /// The company's number.
    pub external_vats_phone: Phone,
    /// The client's number.
    pub client_phone: Phone,
    /// The conversations, or the one attempt that counts.
    pub items: Vec<CallItem>,
    /// The communication, if call-started or CALL made it known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub communication_id: Option<CommunicationId>,
    /// When the call began, RFC 3339.
    pub external_created_at: String,
    /// The provider's id of the call.
    pub external_id: ExternalId,
    /// From the company's viewpoint.
    pub direction: Direction,
}

/// A conversation in register-call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallItem {
    /// The leg.
    pub id: LegId,
    /// Who called.
    pub from: Participant,
    /// Who was called.
    pub to: Participant,
    /// Its recordings.
    pub recordings: Vec<Recording>,
    /// When the conversation began, RFC 3339; absent if it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When the leg ended, RFC 3339.
    pub finished_at: String,
}

/// One side of a leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Participant {
    /// The outside.
    Client,
    /// An employee.
    User {
        /// Absent if nobody in Kontur has the extension.
        #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
        user_id: Option<KonturUserId>,
    },
}

/// A file in register-call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// The uploaded file.
    pub file_id: String,
    /// As the upload answered.
    pub file_name: String,
    /// As the upload answered.
    pub content_type: String,
    /// Bytes, as a string of digits: here Kontur writes it so.
    pub content_length: String,
}

/// The reply to an upload, and a file's meta data (§5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileMeta {
    /// Temporary (1 day) until a register-call or call-recording binds it.
    pub file_id: String,
    /// The name it was uploaded with.
    pub file_name: String,
    /// MIME type.
    pub content_type: String,
    /// Bytes.
    pub content_length: u64,
}

/// A communication as call-started answers it (§4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Communication {
    /// Kontur's id of the call.
    pub id: CommunicationId,
}

/// The reply of call-redirect (§4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redirect {
    /// Who is responsible for the caller.
    pub user_ids: Vec<KonturUserId>,
}

/// A page of the event feed (§7).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedPage {
    /// Oldest first.
    pub items: Vec<FeedItem>,
    /// Where the next page begins.
    pub last_offset: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// A change in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FeedItem {
    /// What changed.
    pub change_data: Option<ChangeData>,
    /// What it is about.
    pub entity_ids: Value,
}

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ChangeData {
    /// `create`, `patch`, `delete` or `restore`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The entity before the change.
    pub old: Value,
    /// The entity after the change; `null` once it is deleted.
    pub new: Value,
}
