//! What the attempts of one delivery achieved, so that the next goes on where they stopped.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Stored as JSON with the delivery: old forms have to stay readable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thread_id: Option<String>,
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
