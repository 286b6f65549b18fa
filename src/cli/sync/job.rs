//! A run of the history sync as the server shows it.

use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::progress::short;

/// As much of a run as people look at.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Job {
    pub(super) id: i64,
    pub(super) state: State,
    pub(super) percent: u8,
    seconds_left: Option<u64>,
    seen: u64,
    added: u64,
    pub(super) reason: Option<String>,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Running,
    Paused,
    Done,
    Failed,
    Cancelled,
}

impl State {
    /// Whether nothing more comes.
    pub(super) const fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl Job {
    pub(super) fn read(shown: &Value) -> anyhow::Result<Self> {
        Self::deserialize(shown)
            .context("the server tells of its syncs in another way; is it another version?")
    }

    /// What was found so far.
    pub(super) fn counts(&self) -> String {
        format!("{} calls seen, {} added", self.seen, self.added)
    }

    /// What was found, how long the rest takes, and what it waits for.
    pub(super) fn told(&self) -> String {
        let mut parts = vec![self.counts()];
        parts.extend(self.seconds_left.map(|left| format!("{} left", short(Duration::from_secs(left)))));
        if self.state == State::Paused {
            parts.push("paused".to_owned());
        }
        parts.extend(self.reason.clone());
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_told_in_a_line() {
        let mut shown = json!({
            "id": 7, "state": "running", "percent": 12, "seconds_left": 95, "seen": 1200, "added": 800, "reason": null,
            "workspace": "acme",
        });
        let told = |shown: &Value| Job::read(shown).unwrap().told();
        assert_eq!(told(&shown), "1200 calls seen, 800 added, 1 min 35 s left");
        shown["reason"] = "waits for the telephony: status 429".into();
        shown["seconds_left"] = Value::Null;
        assert_eq!(told(&shown), "1200 calls seen, 800 added, waits for the telephony: status 429");
        shown["state"] = "paused".into();
        shown["reason"] = Value::Null;
        assert_eq!(told(&shown), "1200 calls seen, 800 added, paused");
    }
}
