//! The actions used here, typed.

use std::sync::Arc;

use domain::clock::Clock;
use domain::instance::settings::WorkonflowSettings;
use domain::port::{RemoteError, RemoteErrorKind};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::action::Action;
use super::dialect::{Dialect, Prepared};
use super::judge::judge;
use super::wire::{self, Contact, Status, Thread};
use crate::http::Asked;

pub(super) const SYSTEM: &str = "workonflow";

/// A thread with more comments than this is not looked through.
const MAX_COMMENTS: usize = 20_000;

/// A team's API.
pub(super) struct Client {
    http: reqwest::Client,
    dialect: Dialect,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(super) fn new(http: reqwest::Client, settings: &WorkonflowSettings, clock: Arc<dyn Clock>) -> Self {
        Self { http, dialect: Dialect::new(settings), clock }
    }

    /// The people with exactly this text as a phone or mail.
    pub(super) async fn contacts(&self, field: &str) -> Result<Vec<Contact>, RemoteError> {
        self.list(Action::ContactRead, &json!({ "customField": field }), Contact::read).await
    }

    /// Creates a contact with a phone; gives its id.
    pub(super) async fn create_contact(&self, name: &str, phone: &str) -> Result<String, RemoteError> {
        let phone = json!({ "label": "Телефон", "value": phone, "type": "phone" });
        let parameters = json!({ "basicData": { "name": name }, "customFields": [phone] });
        self.create(Action::ContactCreate, &parameters, wire::contact_id).await
    }

    /// The threads that match `parameters`.
    pub(super) async fn threads(&self, parameters: &Value) -> Result<Vec<Thread>, RemoteError> {
        self.list(Action::ThreadRead, parameters, Thread::read).await
    }

    /// One thread; none if it does not exist (any more).
    pub(super) async fn thread(&self, id: &str) -> Result<Option<Thread>, RemoteError> {
        match self.threads(&json!({ "threadId": id })).await {
            Ok(threads) => Ok(threads.into_iter().find(|thread| thread.id == id)),
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a thread; gives its id.
    pub(super) async fn create_thread(&self, parameters: &Value) -> Result<String, RemoteError> {
        self.create(Action::ThreadCreate, parameters, wire::thread_id).await
    }

    /// Moves a thread to another status of its stream.
    pub(super) async fn move_thread(&self, id: &str, status_id: &str) -> Result<(), RemoteError> {
        let parameters = json!({ "threadId": id, "statusId": status_id });
        self.call(Action::ThreadStatus, &parameters).await.map(drop)
    }

    /// Makes a thread urgent.
    pub(super) async fn raise_thread(&self, id: &str) -> Result<(), RemoteError> {
        let parameters = json!({ "threadId": id, "priority": "HIGH" });
        self.call(Action::ThreadPriority, &parameters).await.map(drop)
    }

    /// Writes a comment that only the team sees; gives its id.
    pub(super) async fn create_comment(&self, thread_id: &str, text: &str) -> Result<String, RemoteError> {
        let parameters = self.dialect.comment(thread_id, text);
        self.create(Action::CommentCreate, &parameters, wire::comment_id).await
    }

    /// The id of the comment of a thread that contains `needle`, which has to be plain ASCII letters and digits.
    pub(super) async fn find_comment(
        &self,
        thread_id: &str,
        needle: &str,
    ) -> Result<Option<String>, RemoteError> {
        let mut seen = 0;
        let mut newest = None;
        while seen < MAX_COMMENTS {
            let page = self.comments(thread_id, seen).await?;
            // Wherever a dialect puts the text, it is somewhere in there.
            if let Some(comment) = page.iter().find(|comment| comment.to_string().contains(needle)) {
                return Ok(Some(wire::comment_id(comment).unwrap_or_default()));
            }
            // The same page again is a server that does not know `skip`: all is seen.
            if page.is_empty() || newest.as_ref() == page.first() {
                return Ok(None);
            }
            seen += page.len();
            newest = page.into_iter().next();
        }
        let message = format!("thread {thread_id} has too many comments to look for an earlier one");
        Err(RemoteError::new(SYSTEM, Action::CommentRead.name(), RemoteErrorKind::Rejected, message))
    }

    /// The statuses of a stream.
    pub(super) async fn statuses(&self, stream_id: &str) -> Result<Vec<Status>, RemoteError> {
        self.list(Action::StatusRead, &json!({ "streamId": stream_id }), Status::read).await
    }

    async fn comments(&self, thread_id: &str, skip: usize) -> Result<Vec<Value>, RemoteError> {
        let mut parameters = json!({ "threadId": thread_id });
        if skip > 0 {
            parameters["skip"] = json!(skip);
        }
        self.list(Action::CommentRead, &parameters, |comment| Some(comment.clone())).await
    }

    async fn list<T>(
        &self,
        action: Action,
        parameters: &Value,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, RemoteError> {
        let data = self.call(action, parameters).await?;
        let items = wire::list(&data).and_then(|items| items.iter().map(read).collect());
        items.ok_or_else(|| unexpected(action, "a list of things with ids"))
    }

    async fn create(
        &self,
        action: Action,
        parameters: &Value,
        id: impl Fn(&Value) -> Option<String>,
    ) -> Result<String, RemoteError> {
        let data = self.call(action, parameters).await?;
        id(&data).ok_or_else(|| unexpected(action, "the id of what was created"))
    }

    async fn call(&self, action: Action, parameters: &Value) -> Result<Value, RemoteError> {
        let asked = Asked { system: SYSTEM, operation: action.name() };
        let prepared = self.dialect.prepare(action, parameters, self.clock.now().seconds());
        let reply = asked.send(self.request(prepared)).await?;
        judge(asked, &reply, self.clock.now())
    }

    fn request(&self, prepared: Prepared) -> reqwest::RequestBuilder {
        let request = self.http.request(prepared.method, prepared.url);
        let request =
            prepared.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        match prepared.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body),
            None => request,
        }
    }
}

/// Whether the system says that what the request is about is wrong or not there: the API has 400 for both.
pub(super) fn is_refusal(error: &RemoteError) -> bool {
    matches!(error.kind, RemoteErrorKind::Rejected | RemoteErrorKind::NotFound)
}

fn unexpected(action: Action, expected: &str) -> RemoteError {
    let message = format!("the reply is not as expected: its data should be {expected}");
    RemoteError::new(SYSTEM, action.name(), RemoteErrorKind::Malformed, message)
}
