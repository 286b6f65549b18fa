//! The actions used here, typed.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::instance::settings::WorkonflowSettings;
use domain::port::recordings::Spooled;
use domain::port::{RemoteError, RemoteErrorKind};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::{Value, json};

use super::action::Action;
use super::dialect::{Dialect, Prepared};
use super::judge::judge;
use super::wire::{self, Contact, File, Status, Thread};
use crate::http::{Asked, file_body};

pub(super) const SYSTEM: &str = "workonflow";

/// A thread with more comments than this is not looked through.
const MAX_COMMENTS: usize = 20_000;

/// A large file takes longer than the client's own time-out for a request.
const TRANSFER_TIMEOUT: Duration = Duration::from_mins(5);

/// A file to be put.
pub(super) struct Announced {
    pub(super) id: String,
    /// Signed: not for logs.
    pub(super) url: String,
}

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
            Err(error) if error.is_refusal() => Ok(None),
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

    /// Writes a comment that is a file; gives its id.
    pub(super) async fn create_file_comment(
        &self,
        thread_id: &str,
        file_id: &str,
    ) -> Result<String, RemoteError> {
        let parameters = self.dialect.file_comment(thread_id, file_id);
        self.create(Action::CommentCreate, &parameters, wire::comment_id).await
    }

    /// Says that a file of that size will be put.
    pub(super) async fn announce_file(
        &self,
        thread_id: &str,
        name: &str,
        size: u64,
    ) -> Result<Announced, RemoteError> {
        let parameters = json!({ "filename": name, "size": size, "threadId": thread_id });
        let data = self.call(Action::FileAnnounce, &parameters).await?;
        let announced = wire::file_id(&data).zip(wire::file_url(&data));
        let (id, url) = announced
            .ok_or_else(|| unexpected(Action::FileAnnounce, "the id of a file and where to put it"))?;
        Ok(Announced { id, url })
    }

    /// Puts the bytes of a file where they were announced. The URL is good for a while, and for nobody else: no
    /// credentials go there, and whatever is refused is announced anew.
    pub(super) async fn put_file(&self, url: String, file: &Spooled) -> Result<(), RemoteError> {
        let asked = Asked { system: SYSTEM, operation: "file/put" };
        let body = file_body(file.path.clone());
        let request = self.http.put(url).header(CONTENT_LENGTH, file.fetched.size).body(body);
        let reply = asked.send(request.timeout(TRANSFER_TIMEOUT)).await?;
        if reply.status.is_success() {
            return Ok(());
        }
        Err(RemoteError { kind: RemoteErrorKind::Unavailable, ..asked.refused(&reply) })
    }

    /// The ids of the files of a thread whose name contains `needle`.
    pub(super) async fn files_named(
        &self,
        thread_id: &str,
        needle: &str,
    ) -> Result<Vec<String>, RemoteError> {
        let files = self.list(Action::FileRead, &json!({ "threadId": thread_id }), File::read).await?;
        Ok(files.into_iter().filter(|file| file.name.contains(needle)).map(|file| file.id).collect())
    }

    /// The id of the comment of a thread that contains one of `needles`, which have to be plain ASCII letters and
    /// digits.
    pub(super) async fn find_comment(
        &self,
        thread_id: &str,
        needles: &[String],
    ) -> Result<Option<String>, RemoteError> {
        let mut seen = 0;
        let mut newest = None;
        while seen < MAX_COMMENTS {
            let page = self.comments(thread_id, seen).await?;
            // Wherever a dialect puts the text, it is somewhere in there.
            let found = page.iter().find(|comment| {
                let text = comment.to_string();
                needles.iter().any(|needle| text.contains(needle))
            });
            if let Some(comment) = found {
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

fn unexpected(action: Action, expected: &str) -> RemoteError {
    let message = format!("the reply is not as expected: its data should be {expected}");
    RemoteError::new(SYSTEM, action.name(), RemoteErrorKind::Malformed, message)
}
