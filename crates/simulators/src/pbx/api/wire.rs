//! The bodies of the control API.

use poem_openapi::{Enum, Object};

use crate::strict::{Dialable, Moment};

/// `POST calls`
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub(super) struct CreateCall {
    /// The same id means the same call, however often it is sent.
    #[oai(validator(min_length = 1))]
    pub(super) request_id: String,
    /// Who is rung first.
    #[oai(validator(min_length = 1))]
    pub(super) extension: String,
    /// Who is rung then.
    pub(super) client_phone: Dialable,
    /// Whether the employee's telephone picks up by itself.
    pub(super) auto_answer: bool,
}

/// A call that was begun.
#[derive(Object)]
pub(super) struct CallId {
    call_id: String,
}

/// A page of calls, oldest first.
#[derive(Object)]
pub(super) struct CallPage {
    calls: Vec<CallBody>,
    /// For the next page; null: this was the last.
    next_cursor: Option<String>,
}

/// A call.
#[derive(Object)]
pub(super) struct CallBody {
    call_id: String,
    direction: CallDirection,
    client_phone: String,
    vats_phone: String,
    request_id: Option<String>,
    started_at: Moment,
    /// Null while it goes on.
    finished_at: Option<Moment>,
    legs: Vec<LegBody>,
}

/// Which way a call goes.
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum CallDirection {
    Inbound,
    Outbound,
    Internal,
}

/// A leg of a call.
#[derive(Object)]
struct LegBody {
    id: String,
    from: PartyBody,
    to: PartyBody,
    started_at: Moment,
    /// Null if nobody picked up.
    answered_at: Option<Moment>,
    finished_at: Option<Moment>,
    recording: Option<RecordingBody>,
}

/// One end of a leg.
#[derive(Object)]
struct PartyBody {
    /// `client` or `user`
    #[oai(rename = "type")]
    kind: String,
    /// Of a user.
    extension: Option<String>,
}

/// Where a recording is read: by `GET` of its url with the same bearer token.
#[derive(Object)]
struct RecordingBody {
    leg_id: String,
    url: String,
    content_type: String,
    /// Bytes.
    size: u64,
}
