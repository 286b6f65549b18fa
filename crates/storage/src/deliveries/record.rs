//! Deliveries as the dispatcher holds them, as they are settled, and as an administrator sees them.

use domain::clock::Timestamp;
use domain::id::{CallId, DeliveryId, InstanceId};
use domain::outbox::{Cause, DeliveryState, DestinationKind, Notice};

/// A delivery that still has to be made, as the dispatcher holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// Its row; within a lane the smaller one goes first.
    pub id: DeliveryId,
    /// Whose.
    pub instance: InstanceId,
    /// Where to.
    pub destination: DestinationKind,
    /// About which call: with the two above, the lane.
    pub call: CallId,
    /// What to tell.
    pub notice: Notice,
    /// Planned at.
    pub created_at: Timestamp,
    /// Not before.
    pub due_at: Timestamp,
    /// Not after, if it is realtime.
    pub expires_at: Option<Timestamp>,
    /// Attempts so far.
    pub attempts: u32,
    /// When the first one was made.
    pub first_attempt_at: Option<Timestamp>,
    /// An attempt may have had its effect without our knowing.
    pub suspect: bool,
    /// Of a call that was over long before it became known: others go first.
    pub background: bool,
    /// What earlier attempts achieved, as JSON.
    pub progress: Option<String>,
    /// Its call was among the recent ones of this process when it was planned, or since.
    pub call_at_hand: bool,
}

/// What became of a call's call-started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Where it stands.
    pub state: DeliveryState,
    /// It may have got there without our knowing.
    pub suspect: bool,
}

/// A delivery to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Whose.
    pub instance: InstanceId,
    /// Where to.
    pub destination: DestinationKind,
    /// About which call.
    pub call: CallId,
    /// What to tell.
    pub notice: Notice,
    /// Planned at, due at once.
    pub created_at: Timestamp,
    /// Not after, if it is realtime.
    pub expires_at: Option<Timestamp>,
    /// Of a call that was over long before it became known: others go first.
    pub background: bool,
}

/// A delivery as shown to an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its row.
    pub id: DeliveryId,
    /// Whose.
    pub instance: InstanceId,
    /// Where to.
    pub destination: String,
    /// About which call.
    pub call: CallId,
    /// `call-started`, `comment` and so on.
    pub kind: String,
    /// What was to be told, as JSON.
    pub notice: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Planned at.
    pub created_at: Timestamp,
    /// Next attempt, while pending.
    pub due_at: Timestamp,
    /// Not after, if it is realtime.
    pub expires_at: Option<Timestamp>,
    /// Attempts so far.
    pub attempts: u32,
    /// When the first one was made.
    pub first_attempt_at: Option<Timestamp>,
    /// When it left the state `pending`.
    pub settled_at: Option<Timestamp>,
    /// HTTP status of the last attempt.
    pub http_status: Option<u16>,
    /// The destination's last answer, shortened.
    pub answer: Option<String>,
    /// Why it was given up.
    pub cause: Option<String>,
    /// The last attempt's reason for not being the final one.
    pub reason: Option<String>,
    /// An attempt may have had its effect without our knowing.
    pub suspect: bool,
}

/// An attempt that did not succeed, or succeeded after others did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Counted from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub took_micros: i64,
    /// HTTP status.
    pub http_status: Option<u16>,
    /// Why it did not succeed, or `delivered`.
    pub outcome: String,
    /// The destination's answer, shortened.
    pub answer: Option<String>,
}

/// One attempt, to be stored with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// HTTP status.
    pub http_status: Option<u16>,
    /// The destination's answer, shortened.
    pub answer: Option<String>,
    /// What was achieved so far, as JSON.
    pub progress: Option<String>,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Told.
    Delivered,
    /// Again, at that time.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Why.
        reason: String,
        /// Whether the attempt may have had its effect.
        suspect: bool,
    },
    /// Not to be told after all.
    Skipped {
        /// Why.
        reason: String,
    },
    /// A dead letter.
    Dead {
        /// The class.
        cause: Cause,
        /// Why.
        reason: String,
        /// Whether an attempt may have had its effect.
        suspect: bool,
    },
}

/// Which deliveries are listed; `None` means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only deliveries before this one (exclusive), for paging backwards in time.
    pub before: Option<DeliveryId>,
    /// Whose.
    pub instance: Option<InstanceId>,
    /// Where to.
    pub destination: Option<DestinationKind>,
    /// In which state.
    pub state: Option<DeliveryState>,
    /// Planned at or after.
    pub from: Option<Timestamp>,
    /// Planned before.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}
