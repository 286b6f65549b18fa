//! One line of the journal.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock;

/// The simulated system that received (or sent) a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    Kontur,
    Workonflow,
    Metabot,
    Pbx,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub system: System,
    /// The simulator's own word, e.g. `call-started`; requests that it sent itself start with `→ `.
    pub operation: String,
    pub method: String,
    pub path: String,
    /// The raw query, without the question mark.
    pub query: String,
    /// Names in lower case; a header sent twice keeps its last value.
    pub headers: BTreeMap<String, String>,
    /// JSON as it is, other bodies as text, binary and huge ones as a note of their size.
    pub body: Value,
    /// HTTP status of the answer; 0 when there was none.
    pub status: u16,
    pub reply: Value,
    /// The fault that was played, e.g. `cut_after`.
    pub fault: Option<String>,
    /// What the contract forbids and the server under test did all the same.
    pub violations: Vec<String>,
}

impl Record {
    /// An empty record, to be filled in.
    pub fn new(system: System, operation: impl Into<String>) -> Self {
        Self {
            system,
            operation: operation.into(),
            method: String::new(),
            path: String::new(),
            query: String::new(),
            headers: BTreeMap::new(),
            body: Value::Null,
            status: 0,
            reply: Value::Null,
            fault: None,
            violations: Vec::new(),
        }
    }

    /// Whether this is the given operation of the given system.
    pub fn is(&self, system: System, operation: &str) -> bool {
        self.system == system && self.operation == operation
    }

    pub(super) fn into_entry(self, seq: u64) -> Entry {
        Entry { seq, at: clock::now().timestamp_millis(), record: self }
    }
}

/// A [`Record`] with its place in the journal; its fields are reached directly (`entry.status`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Place in the order in which requests were finished, across all systems of a run.
    pub seq: u64,
    /// Unix time in milliseconds.
    pub at: i64,
    #[serde(flatten)]
    pub record: Record,
}

impl Deref for Entry {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, record, .. } = self;
        write!(f, "#{seq} {} {} → {}", record.system, record.operation, record.status)?;
        if let Some(fault) = &record.fault {
            write!(f, " ({fault})")?;
        }
        if !record.violations.is_empty() {
            write!(f, " VIOLATIONS: {}", record.violations.join("; "))?;
        }
        write!(f, " {}", record.body)
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kontur => "kontur",
            Self::Workonflow => "workonflow",
            Self::Metabot => "metabot",
            Self::Pbx => "pbx",
        })
    }
}
