//! Files: announced by `file/put.url`, filled by a `PUT` to the url that came back.

use bytes::Bytes;
use serde_json::{Value, json};

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
}

impl StoredFile {
    /// As in `file/read`.
    pub(in crate::workonflow) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "filename": self.filename, "size": self.content.as_ref().map(Bytes::len),
            "streamId": self.stream_id, "threadId": self.thread_id, "authorId": self.author_id,
        })
    }
}
