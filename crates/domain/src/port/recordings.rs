//! Recordings on their way: streamed from the telephony into a file here, and from that file to whoever wants them.

use std::any::Any;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{RemoteError, RemoteErrorKind};
use crate::call::event::Recording;
use crate::id::{ExternalId, LegId};
use crate::recording::Fault;

/// A recording could not be brought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FetchError {
    /// What came between.
    pub fault: Fault,
    /// What went wrong; without credentials and full phone numbers.
    pub message: String,
    /// HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// How long the telephony asked us to wait.
    pub retry_after: Option<Duration>,
}

impl FetchError {
    /// An error without a reply's details.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), status: None, retry_after: None }
    }
}

impl From<RemoteError> for FetchError {
    fn from(error: RemoteError) -> Self {
        let fault = match error.kind {
            RemoteErrorKind::NotFound => Fault::NotThere,
            RemoteErrorKind::Unauthorized => Fault::Refused,
            RemoteErrorKind::Rejected
            | RemoteErrorKind::RateLimited
            | RemoteErrorKind::Unreachable
            | RemoteErrorKind::Unavailable
            | RemoteErrorKind::Malformed
            | RemoteErrorKind::Interrupted => Fault::Trouble,
        };
        Self { fault, message: error.to_string(), status: error.status, retry_after: error.retry_after }
    }
}

/// A disk that is full is mended, and the recording tried again.
impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::new(Fault::Trouble, format!("the recording cannot be kept here: {error}"))
    }
}

/// What an earlier attempt left of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Bytes, from the first on.
    pub size: u64,
    /// Which version of the file they are of, as the server names it (`ETag`, `Last-Modified`). Without it nothing can
    /// be added to them.
    pub validator: Option<String>,
}

/// What a recording is written to as it comes.
#[async_trait]
pub trait Sink: Send {
    /// What is there.
    fn held(&self) -> Held;

    /// Throws away what is there: this version of the file begins.
    async fn restart(&mut self, validator: Option<&str>) -> io::Result<()>;

    /// Adds to what is there.
    async fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A recording that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// MIME type.
    pub content_type: String,
    /// A name for the file, of characters that need no escape.
    pub file_name: String,
    /// Bytes.
    pub size: u64,
}

/// A recording that is here as a file.
#[derive(Debug, Clone)]
pub struct Spooled {
    /// Where.
    pub path: PathBuf,
    /// What it is.
    pub fetched: Fetched,
    /// The file stays while somebody holds this.
    pub lease: Arc<dyn Any + Send + Sync>,
}

/// The recordings of one integration instance.
#[async_trait]
pub trait Recordings: Send + Sync {
    /// The recording as a file, fetched if it is not here. Waits for that as long as a delivery may; then it fails, and
    /// fetching goes on, so that a later attempt finds it. Whoever asks at the same time gets the same file.
    async fn obtain(&self, call: &ExternalId, recording: &Recording) -> Result<Spooled, FetchError>;

    /// Nobody needs the file any more.
    async fn discard(&self, call: &ExternalId, leg: &LegId);
}
