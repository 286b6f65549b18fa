//! A downstream system that deliveries go to.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Call, CallReference};
use crate::clock::Timestamp;
use crate::directory::Directory;
use crate::id::{CommunicationId, ExternalId, LegId};
use crate::outbox::breaker::Sign;
use crate::outbox::{DestinationKind, Notice, Outcome};
use crate::recording::News;

/// All that a destination needs for one delivery attempt.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// What to tell.
    pub notice: &'a Notice,
    /// The call as it is known now.
    pub call: &'a Call,
    /// The provider's id of the call.
    pub external_id: &'a ExternalId,
    /// The short name of the call for people and look-ups.
    pub reference: &'a CallReference,
    /// Kontur's communication of the call, once known.
    pub communication: Option<&'a CommunicationId>,
    /// Users and extensions.
    pub directory: &'a Directory,
    /// What is known of the client from other calls.
    pub customer: &'a CustomerHistory,
    /// An earlier attempt may have had its effect although we do not know: look before creating.
    pub suspect: bool,
    /// What earlier attempts of this delivery achieved; `null` before the first.
    pub progress: &'a Value,
    /// Now.
    pub now: Timestamp,
}

/// What is known of a client from other calls. Loaded while no other delivery of the same client runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerHistory {
    /// Threads with a missed call of this client that nobody returned yet.
    pub unreturned: Vec<UnreturnedThread>,
    /// When the client was last talked to, in any other call that was written down.
    pub last_conversation_at: Option<Timestamp>,
}

/// A Workonflow thread with a missed call in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreturnedThread {
    /// The thread.
    pub thread_id: String,
    /// When the call was missed.
    pub missed_at: Timestamp,
}

/// Something an attempt found out or brought about that outlives the delivery. Stored with the attempt's outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Kontur's communication of the call became known.
    Communication(CommunicationId),
    /// The thread waits for this client to be called back.
    Missed(UnreturnedThread),
    /// The thread waits no longer.
    Returned {
        /// The thread.
        thread_id: String,
    },
    /// Something more is to be told in the same lane.
    Follow(Notice),
    /// How far a recording of the call got.
    Recording {
        /// Which leg's.
        leg: LegId,
        /// What became known of it.
        news: News,
    },
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Delivered, to be retried, skipped, or dead.
    pub outcome: Outcome,
    /// HTTP status of the deciding reply.
    pub status: Option<u16>,
    /// The destination's reply, shortened, for the timeline.
    pub answer: Option<String>,
    /// What was achieved so far, for the next attempt.
    pub progress: Value,
    /// What to remember beyond this delivery.
    pub effects: Vec<Effect>,
    /// The destination refused our credentials (as opposed to this one delivery).
    pub credentials_refused: bool,
    /// What the attempt says of the destination as a whole.
    pub sign: Sign,
}

impl Report {
    /// A report of nothing but its outcome.
    pub fn new(outcome: Outcome) -> Self {
        Self {
            sign: if outcome == Outcome::Delivered { Sign::Well } else { Sign::Silent },
            outcome,
            status: None,
            answer: None,
            progress: Value::Null,
            effects: Vec::new(),
            credentials_refused: false,
        }
    }
}

/// A downstream system of one integration instance.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Which one.
    fn kind(&self) -> DestinationKind;

    /// Deliveries of one client must not run at the same time, lest each create the client's contact or thread.
    fn serialises_by_client(&self) -> bool {
        false
    }

    /// Makes one attempt. Never panics and never returns an error: every outcome is a report.
    async fn deliver(&self, delivery: &Delivery<'_>) -> Report;

    /// Whether the system answers and takes our credentials; for the diagnosis.
    async fn check(&self) -> Result<(), super::RemoteError>;
}
