//! The ports: what the engine asks of the systems outside, and how they fail.

pub mod crash;
pub mod crm;
pub mod destination;
pub mod provider;
pub mod recordings;

use std::time::Duration;

/// A remote system did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{system} {operation}: {message}")]
pub struct RemoteError {
    /// Which system: `kontur`, `workonflow`, `metabot` or a provider's name.
    pub system: &'static str,
    /// What was asked of it.
    pub operation: &'static str,
    /// What to do about it.
    pub kind: RemoteErrorKind,
    /// HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// How long the system asked us to wait.
    pub retry_after: Option<Duration>,
    /// What went wrong, shortened; without secrets and full phone numbers.
    pub message: String,
}

/// Answers *what now*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemoteErrorKind {
    /// Credentials refused.
    Unauthorized,
    /// The content was found wrong: the same again would be refused again.
    Rejected,
    /// What it is about does not exist there.
    NotFound,
    /// Too many requests.
    RateLimited,
    /// The request never reached the system: nothing can have happened there.
    Unreachable,
    /// The system has trouble of its own (5xx); it may have acted before it failed.
    Unavailable,
    /// The reply makes no sense; the system may have acted.
    Malformed,
    /// The connection was lost or the time ran out after sending: the system may have acted.
    Interrupted,
}

impl RemoteError {
    /// An error without a reply's details.
    pub fn new(
        system: &'static str,
        operation: &'static str,
        kind: RemoteErrorKind,
        message: impl Into<String>,
    ) -> Self {
        Self { system, operation, kind, status: None, retry_after: None, message: message.into() }
    }

    /// Whether the system says that what was asked is wrong, or about something that is not there.
    pub const fn is_refusal(&self) -> bool {
        matches!(self.kind, RemoteErrorKind::Rejected | RemoteErrorKind::NotFound)
    }

    /// Whether the system may have acted although it did not say so.
    pub fn is_ambiguous(&self) -> bool {
        matches!(
            self.kind,
            RemoteErrorKind::Unavailable | RemoteErrorKind::Malformed | RemoteErrorKind::Interrupted
        )
    }
}
