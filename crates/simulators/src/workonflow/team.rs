//! The team's data: what the actions read and change, and what tests look at.

mod contact;
mod file;
mod stream;
mod thread;

use std::collections::{BTreeMap, HashMap};

pub(super) use contact::digits;
pub use contact::{BillingType, Contact, CustomField, CustomFieldType};
pub use file::{StoredFile, ThreadFile};
pub use stream::{Status, StatusType, Stream};
pub use thread::{Comment, Priority, Thread};

use serde_json::{Value, json};

use super::action::{Refusal, refuse};

/// All data of one team. Ids ascend, so every map is in the order of creation.
#[derive(Debug, Clone)]
pub(super) struct Team {
    pub(super) id: String,
    pub(super) contacts: BTreeMap<String, Contact>,
    /// The contact that first had a phone number, by its digits.
    pub(super) phone_owners: HashMap<String, String>,
    pub(super) streams: BTreeMap<String, Stream>,
    pub(super) statuses: BTreeMap<String, Status>,
    pub(super) threads: BTreeMap<String, Thread>,
    /// In the order of creation, by the id of the thread, stream or person they were written to.
    pub(super) comments: BTreeMap<String, Vec<Comment>>,
    pub(super) files: BTreeMap<String, StoredFile>,
    /// Done in good form, and still wrong: doubles. Taken by the server after each action.
    pub(super) violations: Vec<String>,
    /// How long the url of `file/put.url` takes bytes, in milliseconds.
    pub(super) put_url_lifetime: i64,
    last_id: u64,
}

impl Team {
    pub(super) fn new(id: String, put_url_lifetime: i64) -> Self {
        Self {
            id,
            contacts: BTreeMap::new(),
            phone_owners: HashMap::new(),
            streams: BTreeMap::new(),
            statuses: BTreeMap::new(),
            threads: BTreeMap::new(),
            comments: BTreeMap::new(),
            files: BTreeMap::new(),
            violations: Vec::new(),
            put_url_lifetime,
            last_id: 0,
        }
    }

    /// Everything a test from outside may want to look at.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "contacts": self.contacts.values().collect::<Vec<_>>(),
            "streams": self.streams.values().collect::<Vec<_>>(),
            "statuses": self.statuses.values().collect::<Vec<_>>(),
            "threads": self.threads.values().collect::<Vec<_>>(),
            "comments": self.comments,
            "files": self.files.values().map(StoredFile::to_json).collect::<Vec<_>>(),
        })
    }

    /// A fresh id of 24 hexadecimal digits, larger than all before it.
    pub(super) fn next_id(&mut self) -> String {
        self.last_id += 1;
        format!("5b448438{:016x}", self.last_id)
    }

    pub(super) fn thread(&mut self, id: &str) -> Result<&mut Thread, Refusal> {
        found(self.threads.get_mut(id), "thread", id)
    }

    pub(super) fn stream(&mut self, id: &str) -> Result<&mut Stream, Refusal> {
        found(self.streams.get_mut(id), "stream", id)
    }

    pub(super) fn status(&mut self, id: &str) -> Result<&mut Status, Refusal> {
        found(self.statuses.get_mut(id), "status", id)
    }

    pub(super) fn contact(&self, id: &str) -> Result<&Contact, Refusal> {
        found(self.contacts.get(id), "contact", id)
    }

    /// The files announced for a thread or named in its comments, in the order of creation.
    pub(super) fn thread_files(&self, thread_id: &str) -> Vec<ThreadFile> {
        let said = self.comments.get(thread_id).map(Vec::as_slice).unwrap_or_default();
        let of_thread = |file: &StoredFile| {
            let names_it = |comment: &&Comment| comment.file_ids().any(|id| id == file.id);
            let comments: Vec<Comment> = said.iter().filter(names_it).cloned().collect();
            let belongs = !comments.is_empty() || file.thread_id.as_deref() == Some(thread_id);
            belongs.then(|| ThreadFile { file: file.clone(), comments })
        };
        self.files.values().filter_map(of_thread).collect()
    }

    /// Checks that every one of these people is known.
    pub(super) fn know_contacts<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Result<(), Refusal> {
        ids.into_iter().try_for_each(|id| self.contact(id).map(drop))
    }

    /// Checks that a status exists and belongs to the stream.
    pub(super) fn know_status_of(&mut self, status_id: &str, stream_id: &str) -> Result<(), Refusal> {
        self.stream(stream_id)?;
        if self.status(status_id)?.stream_id == stream_id {
            return Ok(());
        }
        refuse(format!("status {status_id} belongs to another stream than {stream_id}"))
    }

    /// Whether a thread's status is of this type.
    pub(super) fn thread_type(&self, thread: &Thread) -> Option<StatusType> {
        self.statuses.get(&thread.status_id).map(|status| status.kind)
    }
}

fn found<T>(value: Option<T>, what: &str, id: &str) -> Result<T, Refusal> {
    match value {
        Some(value) => Ok(value),
        None => refuse(format!("{what} {id} not found")),
    }
}
