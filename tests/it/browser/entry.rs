//! One line of a column.

use serde::Deserialize;

/// The callbacks that tell Kontur of a call.
const CALLBACKS: [&str; 6] =
    ["call-started", "call-event", "call-finished", "call-failed", "register-call", "call-recording"];

/// Reads all entries since `window.first` in the order of the journal.
pub(super) const READ: &str = "
    const entries = [...document.querySelectorAll('[data-testid=entry]')].map(({ dataset }) => ({
        system: dataset.system, operation: dataset.operation, type: dataset.type, seq: +dataset.seq,
        status: +dataset.status, violations: +dataset.violations, shown: window.shown[dataset.seq] ?? 0,
    }));
    return entries.filter(({ seq }) => seq >= window.first).sort((a, b) => a.seq - b.seq);";

/// A request that a system received or sent, as the page shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    system: String,
    operation: String,
    #[serde(rename = "type")]
    kind: String,
    /// Its place in the journal.
    pub(super) seq: u64,
    pub(super) status: u16,
    pub(super) violations: usize,
    /// When it was shown: Unix milliseconds by the browser's clock, 0 if before anybody watched.
    pub(super) shown: i64,
}

impl Entry {
    pub(super) fn is(&self, system: &str, operation: &str) -> bool {
        self.system == system && self.operation == operation
    }

    pub(super) fn is_callback(&self) -> bool {
        self.system == "kontur" && CALLBACKS.contains(&self.operation.as_str())
    }

    /// The operation, with the type of an event.
    pub(super) fn name(&self) -> String {
        if self.kind.is_empty() {
            self.operation.clone()
        } else {
            format!("{} {}", self.operation, self.kind)
        }
    }
}
