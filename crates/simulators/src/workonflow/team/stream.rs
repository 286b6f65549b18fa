//! Streams (business processes) and the statuses their threads go through.

use serde::Serialize;
use serde_json::{Value, json};

/// A business process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    pub id: String,
    pub name: String,
    pub description: String,
    pub members: Vec<String>,
    pub admins: Vec<String>,
}

/// A stage of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub id: String,
    pub stream_id: String,
    pub name: String,
    pub kind: StatusType,
    pub color: String,
}

/// What a stage means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum StatusType {
    Wait,
    #[serde(rename = "In Progress")]
    InProgress,
    Done,
}

impl StatusType {
    /// As statuses spell it.
    pub(in crate::workonflow) fn word(self) -> &'static str {
        match self {
            Self::Wait => "Wait",
            Self::InProgress => "In Progress",
            Self::Done => "Done",
        }
    }

    /// As threads spell it: the contract has `inProgress` there.
    pub(in crate::workonflow) fn thread_word(self) -> &'static str {
        match self {
            Self::InProgress => "inProgress",
            other => other.word(),
        }
    }

    /// Reads the spelling of statuses.
    pub(in crate::workonflow) fn from_word(word: &str) -> Self {
        match word {
            "Done" => Self::Done,
            "In Progress" => Self::InProgress,
            _ => Self::Wait,
        }
    }
}

impl Stream {
    /// As in `stream/read`.
    pub(in crate::workonflow) fn to_json(&self) -> Value {
        json!({"id": self.id, "name": self.name, "description": self.description,
            "members": self.members, "admins": self.admins})
    }
}

impl Status {
    /// As in `stream.status/read`.
    pub(in crate::workonflow) fn to_json(&self) -> Value {
        json!({"statusId": self.id, "name": self.name, "type": self.kind.word(), "color": self.color,
            "streamId": self.stream_id})
    }
}
