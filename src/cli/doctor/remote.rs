//! Asking remote systems: a time limit for each question, and what to do about each kind of failure.

use std::time::Duration;

use domain::port::{RemoteError, RemoteErrorKind};

use super::check::{Check, Subject};

/// A system that takes longer counts as one that does not answer.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// Waits for an answer, but not for long.
pub(super) async fn within<T>(
    system: &'static str,
    question: impl Future<Output = Result<T, RemoteError>>,
) -> Result<T, RemoteError> {
    tokio::time::timeout(LIMIT, question).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", LIMIT.as_secs());
        Err(RemoteError::new(system, "doctor", RemoteErrorKind::Interrupted, message))
    })
}

/// The keys that a failure can be mended at, each with where it is set.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// Of the system's address.
    pub(super) url: String,
    /// Of what we show there.
    pub(super) credentials: String,
}

/// The row of a question that was not answered well.
pub(super) fn failed(subject: Subject, error: &RemoteError, keys: &Keys) -> Check {
    let Keys { url, credentials } = keys;
    let found = error.message.clone();
    let fix = match error.kind {
        RemoteErrorKind::Unauthorized => format!("correct {credentials}"),
        RemoteErrorKind::Unreachable | RemoteErrorKind::Interrupted => {
            format!("check {url}, that its host is up, and that no firewall or proxy is between")
        }
        RemoteErrorKind::NotFound | RemoteErrorKind::Malformed => {
            format!("correct {url}: what answers there does not know this API")
        }
        RemoteErrorKind::Rejected => format!("check {url} and {credentials}"),
        RemoteErrorKind::RateLimited => {
            return subject.yellow(found, "run doctor again in a minute: it asked too often");
        }
        RemoteErrorKind::Unavailable => {
            let system = error.system;
            format!("wait and run doctor again; if it lasts, ask those who run {system} ({url} leads there)")
        }
    };
    subject.red(found, fix)
}
