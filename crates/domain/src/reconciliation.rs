//! Reconciliation: what the telephony has, what is here, what Kontur and Workonflow got of it; every difference with its
//! cause. Pure: one call after the other is put in, a report comes out.

mod days;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{CallId, ExternalId};
use crate::outbox::DeliveryState;

pub use days::days;

/// Days that one reconciliation takes at most.
pub const LONGEST: u32 = 366;

/// Differences that are listed one by one; beyond that they are only counted.
pub const LISTED: usize = 1_000;

/// A call as all sides have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// The provider's id of it.
    pub external_id: ExternalId,
    /// When it began.
    pub began_at: Timestamp,
    /// What the telephony's history says of it.
    pub history: History,
    /// What is known of it here; none if nothing is.
    pub known: Option<Known>,
}

/// What the telephony's history says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// The telephony tells no history.
    None,
    /// It does not name the call.
    Silent,
    /// It names the call.
    Names {
        /// So many of its legs were recorded.
        recordings: u32,
    },
}

/// A call as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its row.
    pub id: CallId,
    /// Where it stands.
    pub stage: Stage,
    /// It was registered, and its communication was deleted in Kontur since.
    pub is_deleted: bool,
    /// What became of its registration; none if it is not kept any more.
    pub registered: Option<Delivered>,
    /// What became of its comment; none if there is to be none, or it is not kept any more.
    pub commented: Option<Delivered>,
    /// Its recordings.
    pub recordings: Vec<Recorded>,
}

/// Where a call stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It goes on, or has just ended.
    Open,
    /// It could not be placed: there is nothing to register.
    Unplaced,
    /// It waits for a user to whom its extension belongs.
    Parked,
    /// It was handed on.
    HandedOn,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it is not delivered.
    pub reason: Option<String>,
}

/// What became of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// Kontur has it.
    Attached,
    /// It is on its way.
    OnItsWay,
    /// It could not be brought.
    Failed(String),
    /// It is larger than anything that Kontur takes.
    TooLarge(String),
}

/// Why two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The telephony has the call and it is not here: no webhook came, and no sync read it.
    NotRead,
    /// The call is here, and the telephony's history does not name it.
    NotInHistory,
    /// The call waits for a user to whom its extension belongs.
    Parked,
    /// The registration is on its way.
    RegistrationPending,
    /// The registration was given up.
    RegistrationDead,
    /// The communication was deleted in Kontur.
    DeletedInKontur,
    /// The comment is on its way.
    CommentPending,
    /// The comment was given up.
    CommentDead,
    /// The telephony has a recording that was not told of here.
    RecordingNotRead,
    /// A recording is on its way.
    RecordingPending,
    /// A recording could not be brought.
    RecordingFailed,
    /// A recording is larger than anything that Kontur takes.
    RecordingTooLarge,
}

impl Cause {
    /// The word of API and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotRead => "not_read",
            Self::NotInHistory => "not_in_history",
            Self::Parked => "parked",
            Self::RegistrationPending => "registration_pending",
            Self::RegistrationDead => "registration_dead",
            Self::DeletedInKontur => "deleted_in_kontur",
            Self::CommentPending => "comment_pending",
            Self::CommentDead => "comment_dead",
            Self::RecordingNotRead => "recording_not_read",
            Self::RecordingPending => "recording_pending",
            Self::RecordingFailed => "recording_failed",
            Self::RecordingTooLarge => "recording_too_large",
        }
    }

    /// Whether a repair does something about it. The others mend themselves, or nobody can.
    pub const fn is_repairable(self) -> bool {
        match self {
            Self::NotRead
            | Self::RegistrationDead
            | Self::DeletedInKontur
            | Self::CommentDead
            | Self::RecordingNotRead
            | Self::RecordingFailed => true,
            Self::NotInHistory
            | Self::Parked
            | Self::RegistrationPending
            | Self::CommentPending
            | Self::RecordingPending
            | Self::RecordingTooLarge => false,
        }
    }
}

/// A difference between two sides. Stored as JSON: old forms have to stay readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The provider's id of the call.
    pub external_id: ExternalId,
    /// The call here, if it is.
    pub call: Option<i64>,
    /// When the call began.
    pub began_at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// More about why, if there is more to say.
    pub reason: Option<String>,
}

/// What was counted of a day. Stored as JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Finished calls in the telephony's history.
    pub telephony_calls: u64,
    /// Their recordings.
    pub telephony_recordings: u64,
    /// Calls that are here.
    pub journal_calls: u64,
    /// Of them, those that could not be placed: nobody is told of them.
    pub unplaced_calls: u64,
    /// Recordings of which the telephony told.
    pub journal_recordings: u64,
    /// Calls that Kontur has registered and not deleted since.
    pub kontur_calls: u64,
    /// Recordings that Kontur has.
    pub kontur_recordings: u64,
    /// Comments in Workonflow.
    pub workonflow_comments: u64,
    /// Differences of all causes.
    pub differences: u64,
}

/// What a reconciliation found. Stored as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Each day (`2026-11-22`, by the workspace's clocks) on which there was something.
    pub days: BTreeMap<String, Counts>,
    /// How many differences each cause has.
    pub causes: BTreeMap<Cause, u64>,
    /// The differences, the first [`LISTED`] of them.
    pub differences: Vec<Difference>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

impl Report {
    /// Takes a call of that day in.
    pub fn count(&mut self, day: &str, sides: &Sides) {
        let counts = if let Some(known) = self.days.get_mut(day) {
            known
        } else {
            self.days.entry(day.to_owned()).or_default()
        };
        counts.add(sides);
        let found = differences(sides);
        counts.differences += found.len() as u64;
        for (cause, reason) in found {
            *self.causes.entry(cause).or_default() += 1;
            if self.differences.len() < LISTED {
                self.differences.push(Difference {
                    external_id: sides.external_id.clone(),
                    call: sides.known.as_ref().map(|known| known.id.0),
                    began_at: sides.began_at,
                    cause,
                    reason,
                });
            }
        }
    }

    /// How many differences there are.
    pub fn total(&self) -> u64 {
        self.causes.values().sum()
    }

    /// How many of them a repair does something about.
    pub fn repairable(&self) -> u64 {
        self.causes.iter().filter(|(cause, _)| cause.is_repairable()).map(|(_, count)| count).sum()
    }
}

impl Counts {
    fn add(&mut self, sides: &Sides) {
        if let History::Names { recordings } = sides.history {
            self.telephony_calls += 1;
            self.telephony_recordings += u64::from(recordings);
        }
        let Some(known) = &sides.known else { return };
        self.journal_calls += 1;
        self.unplaced_calls += u64::from(known.stage == Stage::Unplaced);
        self.journal_recordings += known.recordings.len() as u64;
        if known.is_registered() {
            self.kontur_calls += 1;
            let attached = known.recordings.iter().filter(|recorded| **recorded == Recorded::Attached);
            self.kontur_recordings += attached.count() as u64;
        }
        let is_done = |delivered: &Delivered| delivered.state == DeliveryState::Delivered;
        self.workonflow_comments += u64::from(known.commented.as_ref().is_some_and(is_done));
    }
}

impl Known {
    /// Whether Kontur has it. A delivery that is not kept any more was made long ago.
    fn is_registered(&self) -> bool {
        let is_told = |delivered: &Delivered| delivered.state == DeliveryState::Delivered;
        self.stage == Stage::HandedOn && !self.is_deleted && self.registered.as_ref().is_none_or(is_told)
    }
}

/// All differences of a call. What follows from another one is not named: a call that is not registered has no
/// recordings in Kontur either.
fn differences(sides: &Sides) -> Vec<(Cause, Option<String>)> {
    let Some(known) = &sides.known else { return vec![(Cause::NotRead, None)] };
    let mut found = Vec::new();
    if sides.history == History::Silent && known.stage != Stage::Open {
        found.push((Cause::NotInHistory, None));
    }
    found.extend(of_registration(known));
    if known.is_registered() {
        found.extend(of_recordings(known, sides.history));
    }
    let comment = known
        .commented
        .as_ref()
        .and_then(|delivered| undelivered(delivered, Cause::CommentPending, Cause::CommentDead));
    found.extend(comment);
    found
}

fn of_registration(known: &Known) -> Option<(Cause, Option<String>)> {
    match known.stage {
        Stage::Open | Stage::Unplaced => None,
        Stage::Parked => Some((Cause::Parked, None)),
        Stage::HandedOn => {
            let delivered = known.registered.as_ref();
            let pending = delivered.and_then(|delivered| {
                undelivered(delivered, Cause::RegistrationPending, Cause::RegistrationDead)
            });
            pending.or_else(|| known.is_deleted.then_some((Cause::DeletedInKontur, None)))
        }
    }
}

fn of_recordings(known: &Known, history: History) -> Vec<(Cause, Option<String>)> {
    let told = if let History::Names { recordings } = history { recordings as usize } else { 0 };
    let unread = told.saturating_sub(known.recordings.len());
    let mut found = vec![(Cause::RecordingNotRead, None); unread];
    found.extend(known.recordings.iter().filter_map(|recorded| match recorded {
        Recorded::Attached => None,
        Recorded::OnItsWay => Some((Cause::RecordingPending, None)),
        Recorded::Failed(reason) => Some((Cause::RecordingFailed, Some(reason.clone()))),
        Recorded::TooLarge(reason) => Some((Cause::RecordingTooLarge, Some(reason.clone()))),
    }));
    found
}

fn undelivered(delivered: &Delivered, pending: Cause, dead: Cause) -> Option<(Cause, Option<String>)> {
    match delivered.state {
        DeliveryState::Delivered => None,
        DeliveryState::Pending => Some((pending, delivered.reason.clone())),
        DeliveryState::Dead | DeliveryState::Expired => Some((dead, delivered.reason.clone())),
    }
}

#[cfg(test)]
mod tests;
