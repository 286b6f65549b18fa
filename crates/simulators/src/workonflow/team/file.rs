//! Files: announced by `file/put.url`, filled by a `PUT` to the url that came back.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Comment;
use crate::hex::hex;

/// An announced file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    pub id: String,
    pub filename: String,
    /// The size that was announced, if any.
    pub announced_size: Option<u64>,
    pub stream_id: Option<String>,
    pub thread_id: Option<String>,
    pub author_id: Option<String>,
    /// Until when the url takes the bytes: Unix time in milliseconds.
    pub put_until: i64,
    /// The uploaded bytes; absent until the `PUT`.
    pub content: Option<Bytes>,
    /// Whether the answer to the `PUT` was lost, so that it has to be done again.
    pub(in crate::workonflow) may_be_repeated: bool,
}

/// A file of a thread with what carries it into the thread.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadFile {
    pub file: StoredFile,
    /// The thread's comments that name the file, in the order of creation.
    pub comments: Vec<Comment>,
}

impl StoredFile {
    /// How many bytes were uploaded, if any.
    pub fn size(&self) -> Option<usize> {
        self.content.as_ref().map(Bytes::len)
    }

    /// SHA-256 of what was uploaded, lower-case hex. Reads it all.
    pub fn sha256(&self) -> Option<String> {
        self.content.as_ref().map(|content| hex(&Sha256::digest(content)))
    }

    /// As in `file/read`.
    pub(in crate::workonflow) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "filename": self.filename, "size": self.size(),
            "streamId": self.stream_id, "threadId": self.thread_id, "authorId": self.author_id,
        })
    }
}
