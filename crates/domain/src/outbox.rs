//! The outbox: promises to tell a destination something, kept in order per lane and kept until told.

pub mod breaker;
pub mod expiry;
pub mod judge;
pub mod limits;
pub mod schedule;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::call::event::Recording;
use crate::clock::Timestamp;
use crate::id::LegId;
use crate::plan::LegSignal;

/// A downstream system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestinationKind {
    /// Kontur CRM.
    Kontur,
    /// Workonflow.
    Workonflow,
    /// Metabot.
    Metabot,
}

impl DestinationKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kontur, Self::Workonflow, Self::Metabot];

    /// The word of API, database and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kontur => "kontur",
            Self::Workonflow => "workonflow",
            Self::Metabot => "metabot",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for DestinationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a destination is told. The call's own facts are taken from the call when it is sent, so that stragglers are
/// in; only what belongs to the moment is kept here. Stored as JSON: old forms have to stay readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// call-started.
    CallStarted {
        /// When the call began.
        at: Timestamp,
    },
    /// call-event.
    LegChanged {
        /// Which leg.
        leg: LegId,
        /// What happened to it.
        signal: LegSignal,
        /// When.
        at: Timestamp,
    },
    /// call-finished.
    CallFinished {
        /// When.
        at: Timestamp,
    },
    /// call-failed.
    CallFailed {
        /// When.
        at: Timestamp,
    },
    /// register-call.
    Register,
    /// register-call of a call whose communication was deleted in Kontur.
    Restore,
    /// The recording of a call that is registered already: download, upload, call-recording.
    Recording {
        /// Where it is.
        recording: Recording,
    },
    /// The comment in Workonflow, with what follows from it for the thread.
    Comment,
    /// The recording of a call that is written down in Workonflow, as a file beside the comment.
    Attach {
        /// Where it is.
        recording: Recording,
    },
    /// A job in Metabot.
    Job {
        /// Which of the configured rules, counted from 0.
        rule: usize,
    },
}

impl Notice {
    /// The word of API, database and metrics; for Kontur the callback's name.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::CallStarted { .. } => "call-started",
            Self::LegChanged { .. } => "call-event",
            Self::CallFinished { .. } => "call-finished",
            Self::CallFailed { .. } => "call-failed",
            Self::Register | Self::Restore => "register-call",
            Self::Recording { .. } => "call-recording",
            Self::Comment => "comment",
            Self::Attach { .. } => "file",
            Self::Job { .. } => "job",
        }
    }

    /// Realtime that is late is worthless and expires (design §1, rule 4). call-failed is the answer to a user who
    /// waits, and the only end Kontur gets of that call: it does not.
    pub const fn is_realtime(&self) -> bool {
        matches!(self, Self::CallStarted { .. } | Self::LegChanged { .. } | Self::CallFinished { .. })
    }

    /// Whether sending it twice would make two of something at the destination.
    pub const fn creates(&self) -> bool {
        matches!(
            self,
            Self::CallStarted { .. }
                | Self::Register
                | Self::Restore
                | Self::Comment
                | Self::Attach { .. }
                | Self::Job { .. }
        )
    }
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// To be sent, now or later.
    Pending,
    /// Told.
    Delivered,
    /// Not worth sending any more: realtime that came too late, or what the destination cannot take.
    Expired,
    /// Given up: a dead letter, waiting for a human.
    Dead,
}

impl DeliveryState {
    /// All of them; the position is the number stored.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Expired, Self::Dead];

    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Dead => "dead",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Why a delivery was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The destination found the content wrong; sending it again would change nothing.
    Validation,
    /// What it is about does not exist there.
    NotFound,
    /// Credentials refused, where the contract calls that permanent.
    Unauthorized,
    /// The time for retries ran out.
    GaveUp,
    /// An earlier delivery that this one needs never succeeded.
    Prerequisite,
    /// The configuration does not allow it to be sent any more.
    Configuration,
}

impl Cause {
    /// The word of API, database and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::NotFound => "not_found",
            Self::Unauthorized => "unauthorized",
            Self::GaveUp => "gave_up",
            Self::Prerequisite => "prerequisite",
            Self::Configuration => "configuration",
        }
    }
}

/// What became of one attempt: a normal result, not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Told.
    Delivered,
    /// To be tried again.
    Retry {
        /// Shown to the administrator.
        reason: String,
        /// The destination's own wish; wins over the schedule when longer.
        retry_after: Option<std::time::Duration>,
        /// The destination may have acted on it: look it up before sending again.
        ambiguous: bool,
    },
    /// Not to be told after all, which is nobody's fault.
    Skipped {
        /// Shown to the administrator.
        reason: String,
    },
    /// Never to be tried again by itself.
    Dead {
        /// The class.
        cause: Cause,
        /// Shown to the administrator.
        reason: String,
    },
}

impl Outcome {
    /// How long the destination wants to be left alone, if it said so.
    pub const fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Retry { retry_after, .. } => *retry_after,
            Self::Delivered | Self::Skipped { .. } | Self::Dead { .. } => None,
        }
    }
}
