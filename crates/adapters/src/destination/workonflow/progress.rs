//! What the attempts of one delivery achieved, so that the next goes on where they stopped.

use std::time::{Duration, Instant};

use domain::outbox::Outcome;
use domain::port::destination::Report;
use domain::port::{RemoteError, RemoteErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::Client;

/// A comment whose sending took this long before the connection broke may still be in progress there …
const SLOW: Duration = Duration::from_secs(3);
/// … and a look-up sooner than this might miss it.
const HOLD_OFF: Duration = Duration::from_secs(5);

/// Stored as JSON with the delivery: old forms have to stay readable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thread_id: Option<String>,
    /// The file is there; nothing says so yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_id: Option<String>,
    /// The comment is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment_id: Option<String>,
    /// A comment was sent and nobody knows whether it arrived.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) doubtful: bool,
}

impl Progress {
    /// What cannot be read counts as nothing achieved; doubts are then the delivery's to raise.
    pub(super) fn read(stored: &Value) -> Self {
        serde_json::from_value(stored.clone()).unwrap_or_default()
    }

    pub(super) fn store(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Notes what became of a comment that was sent then.
    pub(super) fn commented(
        &mut self,
        sent: Instant,
        created: Result<String, RemoteError>,
    ) -> Result<(), RemoteError> {
        match created {
            Ok(id) => {
                self.comment_id = Some(id);
                Ok(())
            }
            Err(error) => {
                self.doubtful |= error.is_ambiguous();
                let slow = error.kind == RemoteErrorKind::Interrupted && sent.elapsed() >= SLOW;
                Err(RemoteError { retry_after: error.retry_after.or(slow.then_some(HOLD_OFF)), ..error })
            }
        }
    }

    /// Whether what was refused was refused because the thread is not there any more.
    pub(super) async fn thread_is_gone(&self, client: &Client, error: &RemoteError) -> bool {
        match &self.thread_id {
            Some(id) if error.is_refusal() => matches!(client.thread(id).await, Ok(None)),
            _ => false,
        }
    }

    /// What an attempt comes to that achieved all of it.
    pub(super) fn delivered(&self) -> Report {
        let shown = |id: &Option<String>| id.clone().unwrap_or_default();
        let answer = format!("thread {}, comment {}", shown(&self.thread_id), shown(&self.comment_id));
        Report { status: Some(200), answer: Some(answer), ..Report::new(Outcome::Delivered) }
    }

    /// What an attempt comes to that went wrong.
    pub(super) fn failed(&self, error: &RemoteError) -> Report {
        let mut outcome = Outcome::from(error);
        if let Outcome::Retry { ambiguous, .. } = &mut outcome {
            // Everything but the comment is looked up anyway, or may be done twice.
            *ambiguous = self.doubtful && self.comment_id.is_none();
        }
        Report {
            status: error.status,
            answer: Some(error.message.clone()),
            credentials_refused: error.kind == RemoteErrorKind::Unauthorized,
            sign: error.kind.into(),
            ..Report::new(outcome)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_read_as_nothing_and_what_was_stored_comes_back() {
        assert_eq!(Progress::read(&Value::Null), Progress::default());
        let progress = Progress { thread_id: Some("t".into()), doubtful: true, ..Progress::default() };
        assert_eq!(progress.store(), json!({"thread_id": "t", "doubtful": true}));
        assert_eq!(Progress::read(&progress.store()), progress);
    }
}
