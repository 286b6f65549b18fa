//! What Workonflow tells the bot (contract §3): events by `POST` to the url that was given to the console.

use serde_json::{Map, Value, json};

use super::Workonflow;
use crate::http;
use crate::journal::{Record, System};

/// Where a bot takes events.
#[derive(Debug, Clone)]
pub struct EventTarget {
    /// Base url of the server, without a trailing slash.
    pub server_url: String,
    pub workspace: String,
    /// The unguessable part of the url.
    pub events_token: String,
}

/// An event without `eventType` and `teamId`, which every event has.
#[derive(Debug, Clone)]
pub struct Event {
    event_type: String,
    fields: Map<String, Value>,
}

impl Event {
    /// An event of any type, known or not, with these fields (an object; anything else counts as none).
    pub fn new(event_type: impl Into<String>, fields: Value) -> Self {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self { event_type: event_type.into(), fields }
    }

    /// Someone wrote in a thread.
    pub fn comment_created(thread_id: &str, from: &str, text: &str) -> Self {
        let att = json!([{"type": "text", "data": {"text": text}}]);
        Self::new("Comment.created", json!({"threadId": thread_id, "from": from, "att": att}))
    }

    /// A thread was moved to another status.
    pub fn status_updated(thread_id: &str, status_id: &str, previous: &str) -> Self {
        let fields = json!({"threadId": thread_id, "statusId": status_id, "prevStatusId": previous});
        Self::new("Thread.Updated.status", fields)
    }

    /// The bot was let into a stream, or into the team when there is none.
    pub fn bot_access_set(stream_id: Option<&str>) -> Self {
        Self::new("Access.Bot.set", json!({ "streamId": stream_id }))
    }

    /// The same event with the Cyrillic first letter that some `Comment` events really have.
    #[must_use]
    pub fn with_cyrillic_letter(mut self) -> Self {
        if let Some(rest) = self.event_type.strip_prefix('C') {
            self.event_type = format!("С{rest}");
        }
        self
    }
}

impl Workonflow {
    /// Sends an event and returns the HTTP status of the answer.
    pub async fn send_event(&self, target: &EventTarget, event: Event) -> Result<u16, reqwest::Error> {
        let path = format!("/workonflow/{}/{}", target.workspace, target.events_token);
        let mut body = event.fields;
        body.insert("eventType".to_owned(), json!(event.event_type));
        body.insert("teamId".to_owned(), json!(self.seeds.team_id));
        let mut record = Record::new(System::Workonflow, format!("→ {}", event.event_type));
        "POST".clone_into(&mut record.method);
        // The token opens the door; the journal is shown on a page.
        record.path = format!("/workonflow/{}/…", target.workspace);
        record.body = Value::Object(body.clone());
        let url = format!("{}{path}", target.server_url);
        let answer = http::client()?.post(url).json(&body).send().await;
        record.status = answer.as_ref().map(|answer| answer.status().as_u16()).unwrap_or_default();
        self.journal.record(record);
        answer.map(|answer| answer.status().as_u16())
    }
}
