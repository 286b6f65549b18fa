//! What attempts of a delivery have achieved so far, as it is stored between them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::LegId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::FileMeta;

/// Kontur keeps an unbound file for 1 day; an older upload is not relied on.
const FILES_LIVE: Duration = Duration::from_hours(23);

/// Stored as JSON: old forms have to stay readable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// What was uploaded, by leg.
    files: BTreeMap<LegId, Uploaded>,
    /// Recordings that could not be had and are told later by themselves.
    later: BTreeSet<LegId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Uploaded {
    file: FileMeta,
    at: Timestamp,
}

impl Progress {
    /// As stored; nothing if it cannot be read, since work done twice is better than none.
    pub(super) fn read(stored: &Value, now: Timestamp) -> Self {
        let mut progress = Self::deserialize(stored).unwrap_or_default();
        progress.files.retain(|_, uploaded| now.since(uploaded.at) < FILES_LIVE);
        progress
    }

    /// To be stored; `null` if there is nothing to remember.
    pub(super) fn to_json(&self) -> Value {
        if *self == Self::default() {
            return Value::Null;
        }
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The file uploaded for `leg`.
    pub(super) fn file(&self, leg: &LegId) -> Option<&FileMeta> {
        self.files.get(leg).map(|uploaded| &uploaded.file)
    }

    /// Whether the recording of `leg` is still to be brought within this delivery.
    pub(super) fn wants(&self, leg: &LegId) -> bool {
        !self.files.contains_key(leg) && !self.later.contains(leg)
    }

    /// All uploaded files.
    pub(super) fn files(&self) -> BTreeMap<LegId, FileMeta> {
        self.files.iter().map(|(leg, uploaded)| (leg.clone(), uploaded.file.clone())).collect()
    }

    /// Remembers an upload.
    pub(super) fn uploaded(&mut self, leg: LegId, file: FileMeta, at: Timestamp) {
        self.files.insert(leg, Uploaded { file, at });
    }

    /// Remembers that a recording could not be had, so that the next attempt does not wait for it again.
    pub(super) fn postpone(&mut self, leg: LegId, why: &str) {
        tracing::info!(leg.id = %leg, reason = why, "a recording is not in its registration and will be told by itself");
        self.later.insert(leg);
    }
}
