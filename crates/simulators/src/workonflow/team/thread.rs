//! Threads (tasks) and what is said in them.

use serde::Serialize;
use serde_json::{Value, json};

use super::Team;

/// A task inside a stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thread {
    pub id: String,
    pub stream_id: String,
    pub status_id: String,
    pub title: String,
    pub priority: Priority,
    pub customer_ids: Vec<String>,
    pub responsible_user_id: Option<String>,
    pub followers: Vec<String>,
    /// `[from or null, to]` in milliseconds, or null.
    pub deadline: Value,
    pub roles: Value,
    pub description: Vec<Value>,
    /// Budget, points and time to complete, by the name of the field.
    pub fields: serde_json::Map<String, Value>,
    /// Unix time in milliseconds.
    pub created_at: i64,
    /// Unix time in milliseconds.
    pub updated_at: i64,
}

/// How urgent a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    Normal,
    High,
}

/// Something said in a thread, in a stream or to a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comment {
    pub id: String,
    pub thread_id: Option<String>,
    pub stream_id: Option<String>,
    /// The person it was said to directly.
    pub to: Option<String>,
    /// The bot that said it.
    pub from: String,
    /// `text`, `file` or `image`.
    pub kind: String,
    /// All text parts, joined by line breaks.
    pub text: String,
    /// The parts as they are read back: `[{"type","data"}]`.
    pub att: Value,
    /// Whether the customer sees it.
    pub is_public: bool,
    /// Unix time in milliseconds.
    pub created_at: i64,
}

impl Thread {
    /// The first customer, whom the thread is about.
    pub fn customer_id(&self) -> Option<&str> {
        self.customer_ids.first().map(String::as_str)
    }

    /// As in `thread/read`.
    pub(in crate::workonflow) fn to_json(&self, team: &Team) -> Value {
        json!({
            "threadId": self.id, "teamId": team.id, "streamId": self.stream_id, "status": self.status_id,
            "type": team.thread_type(self).map(super::StatusType::thread_word),
            "title": self.title, "priority": self.priority, "deadline": self.deadline,
            "responsibleUserId": self.responsible_user_id,
            "customerId": self.customer_id(), "customerIds": self.customer_ids, "roles": self.roles,
            "createdAt": self.created_at, "updatedAt": self.updated_at,
        })
    }
}

impl Comment {
    /// The ids of the files and images in it.
    pub fn file_ids(&self) -> impl Iterator<Item = &str> {
        self.att.as_array().into_iter().flatten().filter_map(|part| part["data"]["id"].as_str())
    }

    /// As in `comment/read`.
    pub(in crate::workonflow) fn to_json(&self) -> Value {
        json!({
            "commentId": self.id, "type": self.kind, "createdAt": self.created_at, "to": self.to,
            "from": self.from, "att": self.att, "channel": null,
            "threadId": self.thread_id, "streamId": self.stream_id,
        })
    }
}
