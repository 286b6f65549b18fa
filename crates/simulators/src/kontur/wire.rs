//! Kontur's words: the bodies of its API, contract §3 to §5. Their schemas are what requests are checked against.

#![expect(clippy::struct_field_names, reason = "the names are Kontur's")]

use poem_openapi::types::Any;
use poem_openapi::{Enum, Object};
use serde_json::Value;
use uuid::Uuid;

use crate::strict::{Digits, Moment, Period, Phone};

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub(crate) enum Direction {
    Inbound,
    Outbound,
    Internal,
}

/// What happened to a call item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub(crate) enum EventType {
    Appeared,
    Connected,
    Disconnected,
    Paused,
    Finished,
}

/// On which side of the company a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub(crate) enum ParticipantType {
    Client,
    User,
}

/// One of the two participants of a call item.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Participant {
    #[oai(rename = "type")]
    pub(crate) kind: ParticipantType,
    /// Kontur's user, for a participant of type `user`.
    pub(crate) user_id: Option<Uuid>,
}

/// `call-started`
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CallStarted {
    pub(crate) timestamp: Moment,
    /// Given for a call that a user started in Kontur.
    pub(crate) communication_id: Option<Uuid>,
    #[oai(validator(min_length = 1))]
    pub(crate) external_id: String,
    pub(crate) external_vats_phone: Phone,
    pub(crate) client_phone: Phone,
    pub(crate) direction: Direction,
}

/// `call-event`
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CallEvent {
    pub(crate) communication_id: Uuid,
    #[oai(validator(min_length = 1))]
    pub(crate) external_id: String,
    #[oai(validator(min_length = 1))]
    pub(crate) external_call_item_id: String,
    #[oai(validator(min_length = 1))]
    pub(crate) realtime_call_item_id: String,
    pub(crate) timestamp: Moment,
    #[oai(rename = "type")]
    pub(crate) kind: EventType,
    pub(crate) from: Participant,
    pub(crate) to: Participant,
}

/// `call-finished`
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CallFinished {
    pub(crate) timestamp: Moment,
    pub(crate) communication_id: Uuid,
    #[oai(validator(min_length = 1))]
    pub(crate) external_id: String,
    pub(crate) external_vats_phone: Phone,
    pub(crate) client_phone: Phone,
    pub(crate) direction: Direction,
}

/// `call-failed`
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CallFailed {
    pub(crate) communication_id: Uuid,
}

/// `call-recording`
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CallRecording {
    pub(crate) communication_id: Uuid,
    #[oai(validator(min_length = 1))]
    pub(crate) external_id: String,
    #[oai(validator(min_length = 1))]
    pub(crate) external_call_item_id: String,
    pub(crate) realtime_call_item_id: Option<String>,
    pub(crate) recording_file_id: Uuid,
}

/// `register-call`
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RegisterCall {
    pub(crate) external_vats_phone: Phone,
    pub(crate) client_phone: Phone,
    #[oai(validator(min_items = 1))]
    pub(crate) items: Vec<CallItem>,
    pub(crate) communication_id: Option<Uuid>,
    pub(crate) external_created_at: Moment,
    #[oai(validator(min_length = 1))]
    pub(crate) external_id: String,
    pub(crate) direction: Direction,
}

impl RegisterCall {
    /// The recordings of all items.
    pub(crate) fn recordings(&self) -> impl Iterator<Item = &Recording> {
        self.items.iter().flat_map(|item| item.recordings.iter().flatten())
    }
}

/// One leg of a registered call.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CallItem {
    #[oai(validator(min_length = 1))]
    pub(crate) id: String,
    pub(crate) from: Participant,
    pub(crate) to: Participant,
    pub(crate) recordings: Option<Vec<Recording>>,
    /// When the conversation began; absent if it never did.
    pub(crate) started_at: Option<Moment>,
    pub(crate) finished_at: Moment,
}

/// An uploaded file as part of a call item.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Recording {
    pub(crate) file_id: Uuid,
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    /// Bytes, as a string of digits.
    pub(crate) content_length: Digits,
}

/// An integration instance, contract §3.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Instance {
    pub(crate) id: Uuid,
    pub(crate) update_info: Any<Value>,
    pub(crate) base_url: String,
    pub(crate) features: Features,
    pub(crate) status: InstanceStatus,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) web_hooks: Vec<WebHook>,
}

/// The system calls that are switched on.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Features {
    pub(crate) call: Option<bool>,
    pub(crate) hangup: Option<bool>,
    pub(crate) send_sms: Option<bool>,
}

/// 0 to 4 in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub(crate) enum InstanceStatus {
    NotConfigured,
    Active,
    Paused,
    HasErrors,
    Failed,
}

/// A secret of the instance.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Secret {
    #[oai(validator(min_length = 1))]
    pub(crate) id: String,
    pub(crate) value: Option<String>,
    pub(crate) values: Option<Vec<String>>,
}

/// A setting of the instance; booleans are written `True` and `False`.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Setting {
    #[oai(validator(min_length = 1))]
    pub(crate) id: String,
    pub(crate) value: Option<String>,
}

/// A call that Kontur makes on a schedule or when something happens.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct WebHook {
    pub(crate) id: Uuid,
    /// Relative to the instance's `baseUrl`, without a slash in front.
    #[oai(validator(min_length = 1))]
    pub(crate) relative_url: String,
    pub(crate) trigger_type: TriggerType,
    pub(crate) filter: Option<Filter>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) disabled: Option<bool>,
}

/// What sets a webhook off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub(crate) enum TriggerType {
    Schedule,
    EntityEvent,
}

/// The changes an entity webhook is interested in.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Filter {
    pub(crate) items: Vec<FilterItem>,
}

/// One kind of change.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FilterItem {
    pub(crate) event_type: String,
    pub(crate) entity_type: String,
    pub(crate) change_type: Option<String>,
}

/// How often a scheduled webhook is called.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Schedule {
    pub(crate) period: Period,
}

/// The body of `PATCH instances/{id}`.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Patch {
    pub(crate) operations: Vec<Operation>,
}

/// One operation; array elements are addressed by their id.
#[derive(Debug, Clone, Object)]
#[oai(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Operation {
    pub(crate) op: OperationKind,
    pub(crate) path: String,
    pub(crate) value: Option<Any<Value>>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub(crate) enum OperationKind {
    Add,
    Replace,
    Remove,
}
