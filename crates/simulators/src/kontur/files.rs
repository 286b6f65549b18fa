//! Uploaded files, contract §5.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire::Recording;
use crate::clock;

/// The largest file: 100 MB.
pub(super) const MAX_SIZE: usize = 100 * 1024 * 1024;

/// How long a file lives that nothing is bound to.
const TEMPORARY: Duration = Duration::days(1);

/// A file, temporary until a communication binds it.
#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) bytes: Bytes,
    pub(super) bound: bool,
    pub(super) expires: DateTime<Utc>,
}

impl StoredFile {
    pub(super) fn new(name: String, content_type: String, bytes: Bytes) -> Self {
        Self { name, content_type, bytes, bound: false, expires: clock::now() + TEMPORARY }
    }

    pub(super) fn is_gone(&self) -> bool {
        !self.bound && self.expires < clock::now()
    }

    /// The reply to an upload, and the file's meta data.
    pub(super) fn meta(&self, id: Uuid) -> Value {
        json!({"fileId": id, "fileName": self.name, "contentType": self.content_type, "contentLength": self.bytes.len()})
    }

    /// What a register-call says about the file and is not so.
    pub(super) fn contradictions(&self, said: &Recording) -> Vec<String> {
        let mut texts = Vec::new();
        if said.content_length.0 != self.bytes.len().to_string() {
            texts.push(format!(
                "contentLength {} of a file of {} bytes",
                said.content_length.0,
                self.bytes.len()
            ));
        }
        if said.file_name != self.name {
            texts.push(format!("fileName {:?} of a file uploaded as {:?}", said.file_name, self.name));
        }
        if said.content_type != self.content_type {
            texts.push(format!(
                "contentType {} of a file uploaded as {}",
                said.content_type, self.content_type
            ));
        }
        texts
    }
}
