//! What providers tell us, in our own words: the normalised event that every provider adapter produces.

use serde::{Deserialize, Serialize};

use super::past::{Past, PastLeg};
use crate::clock::Timestamp;
use crate::id::{CommunicationId, EventId, Extension, ExternalId, LegId};
use crate::phone::Phone;

/// One event of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEvent {
    /// The provider's id of the event; a repeat has the same.
    pub id: EventId,
    /// When it happened, by the provider's clock.
    pub at: Timestamp,
    /// The provider's id of the call.
    pub call: ExternalId,
    /// From the company's viewpoint.
    pub direction: Option<Direction>,
    /// The client's number.
    pub client_phone: Option<Phone>,
    /// The company's number that was called or is shown.
    pub vats_phone: Option<Phone>,
    /// The communication of Kontur's CALL, if that started the call.
    pub request: Option<CommunicationId>,
    /// What happened.
    pub happening: Happening,
}

/// What happened in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The call began.
    CallStarted,
    /// The call is over.
    CallFinished(Option<Reason>),
    /// The call could not be placed.
    CallFailed(Option<Reason>),
    /// Something happened to a leg.
    Leg(LegEvent),
    /// The recording of a leg can be fetched.
    RecordingReady(Recording),
    /// Ours: the history tells of the whole call at once, when it is over.
    Past(Box<(Past, Vec<PastLeg>)>),
    /// Ours: the telephony was asked, and the call was still going on.
    GoesOn,
    /// Ours: nothing was heard of the call for so long that it has to be over.
    EndInferred,
}

impl Happening {
    /// The word of the generic PBX contract, or one of ours, used in timelines and metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::CallStarted => "call.started",
            Self::CallFinished(_) => "call.finished",
            Self::CallFailed(_) => "call.failed",
            Self::RecordingReady(_) => "recording.ready",
            Self::Past(_) => "call.in_history",
            Self::GoesOn => "call.goes_on",
            Self::EndInferred => "call.end_inferred",
            Self::Leg(leg) => match leg.change {
                LegChange::Ringing => "leg.ringing",
                LegChange::Answered => "leg.answered",
                LegChange::Held => "leg.held",
                LegChange::Resumed => "leg.resumed",
                LegChange::Ended(_) => "leg.ended",
            },
        }
    }
}

impl Happening {
    /// The recordings that it tells of.
    pub fn recordings(&self) -> Vec<&Recording> {
        match self {
            Self::RecordingReady(recording) => vec![recording],
            Self::Past(past) => past.1.iter().filter_map(|leg| leg.recording.as_ref()).collect(),
            _ => Vec::new(),
        }
    }
}

impl CallEvent {
    /// Whether the provider says that the call is over.
    pub const fn ends_call(&self) -> bool {
        matches!(self.happening, Happening::CallFinished(_) | Happening::CallFailed(_) | Happening::Past(_))
    }
}

/// An event of one leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegEvent {
    /// The leg.
    pub id: LegId,
    /// Who calls.
    pub from: Option<Party>,
    /// Who is called.
    pub to: Option<Party>,
    /// What happened to it.
    pub change: LegChange,
}

/// What happened to a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegChange {
    /// The phone rings.
    Ringing,
    /// It was picked up.
    Answered,
    /// Put on hold.
    Held,
    /// Taken from hold.
    Resumed,
    /// Over.
    Ended(Option<Reason>),
}

/// From the company's viewpoint (contract Kontur §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A client called.
    Inbound,
    /// An employee called a client.
    Outbound,
    /// Employees among themselves.
    Internal,
}

impl Direction {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
        }
    }
}

/// One side of a leg.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Party {
    /// The outside.
    Client,
    /// An employee at an extension.
    User {
        /// The extension.
        extension: Extension,
    },
}

/// Why a leg or call ended (design, Generic PBX).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The called side was talking.
    Busy,
    /// Nobody picked up.
    NoAnswer,
    /// The caller gave up.
    Cancelled,
    /// The called side could not be reached.
    Unreachable,
    /// The called side refused.
    Rejected,
    /// A fault.
    Error,
}

impl Reason {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Cancelled => "cancelled",
            Self::Unreachable => "unreachable",
            Self::Rejected => "rejected",
            Self::Error => "error",
        }
    }
}

/// Where the audio of a leg is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recording {
    /// The leg that was recorded.
    pub leg: LegId,
    /// Where to fetch it. May carry a credential: not for logs.
    pub url: String,
    /// MIME type, if the provider said.
    pub content_type: Option<String>,
    /// Bytes, if the provider said.
    pub size: Option<u64>,
}
