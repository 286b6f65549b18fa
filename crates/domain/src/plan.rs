//! Planning: what the world is told after an event, and in which order. Pure: it looks at the call and at what was
//! told before, nothing else.

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::call::event::{Direction, Recording};
use crate::call::leg::Leg;
use crate::call::{Call, CallResult};
use crate::clock::Timestamp;
use crate::id::LegId;
use crate::instance::settings::JobTrigger;
use crate::outbox::{DestinationKind, Notice};

/// What Kontur has been told of a call, so that nothing is told twice or out of order. Stored with the call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    stage: Stage,
    handed_on: HandedOn,
    legs: BTreeMap<LegId, LegTold>,
}

/// How far the call itself was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stage {
    /// Not at all.
    #[default]
    Untold,
    /// call-started.
    Started,
    /// call-finished or call-failed: nothing of the call itself may follow.
    Closed,
    /// Never: it is known from history.
    Silent,
}

/// Whether the call was registered, commented and its jobs started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum HandedOn {
    /// Not yet.
    #[default]
    No,
    /// As one that could not be placed: nothing to register.
    Unplaced,
    /// As a finished call, but for its registration, which is parked ([`crate::parking`]).
    Parked,
    /// As a finished call.
    Finished,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct LegTold {
    #[serde(skip_serializing_if = "Not::not")]
    connected: bool,
    #[serde(skip_serializing_if = "Not::not")]
    paused: bool,
    #[serde(skip_serializing_if = "Not::not")]
    disconnected: bool,
}

/// A change of a leg as Kontur names it (contract Kontur §4, call-event).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LegSignal {
    /// It rings.
    Appeared,
    /// People talk.
    Connected,
    /// On hold.
    Paused,
    /// Over.
    Disconnected,
}

impl LegSignal {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Connected => "connected",
            Self::Paused => "paused",
            Self::Disconnected => "disconnected",
        }
    }
}

impl Told {
    /// What Kontur has to be told now, in order; remembers it as told.
    ///
    /// The order is always legal, whatever came first: the call is opened before its legs, a leg appears before it
    /// connects, everything open is closed before the call is, and what is closed stays closed.
    pub fn catch_up(&mut self, call: &Call) -> Vec<Notice> {
        let mut notices = Vec::new();
        if matches!(self.stage, Stage::Closed | Stage::Silent) {
            return notices;
        }
        let never_placed = call.could_not_be_placed() && call.legs().is_empty();
        if self.stage == Stage::Untold && !never_placed {
            self.stage = Stage::Started;
            notices.push(Notice::CallStarted { at: call.began_at() });
        }
        let legs = in_order(call);
        for (id, leg) in &legs {
            self.legs.entry((*id).clone()).or_insert_with(|| appear(&mut notices, id, leg)).catch_up(
                &mut notices,
                id,
                leg,
            );
        }
        if let Some(at) = call.ended_at() {
            for (id, leg) in legs {
                self.legs.entry(id.clone()).or_default().disconnect(&mut notices, id, leg, at);
            }
            self.stage = Stage::Closed;
            notices.push(if call.could_not_be_placed() {
                Notice::CallFailed { at }
            } else {
                Notice::CallFinished { at }
            });
        }
        notices
    }

    /// Whether the call is over and still has to be handed on once it has been quiet.
    pub fn awaits_settling(&self, call: &Call) -> bool {
        let handed_on = match self.handed_on {
            HandedOn::No => false,
            HandedOn::Unplaced => call.could_not_be_placed(),
            HandedOn::Parked | HandedOn::Finished => true,
        };
        call.is_closed() && !handed_on
    }

    /// Whether the finished call was handed on.
    pub fn is_settled(&self) -> bool {
        matches!(self.handed_on, HandedOn::Parked | HandedOn::Finished)
    }

    /// Whether its registration is parked.
    pub fn is_parked(&self) -> bool {
        self.handed_on == HandedOn::Parked
    }

    /// Whether what a call is handed on as goes to `destination`: while its registration is parked nothing does to
    /// Kontur, not even a recording, which the registration brings along.
    pub fn hands_on_to(&self, destination: DestinationKind) -> bool {
        destination != DestinationKind::Kontur || !self.is_parked()
    }

    /// Remembers that the call was handed on. One that could not be placed, but turns out to have been, will be
    /// handed on as what it is.
    pub fn settle(&mut self, call: &Call) {
        self.handed_on = if call.could_not_be_placed() { HandedOn::Unplaced } else { HandedOn::Finished };
    }

    /// Remembers that the registration of a call that is handed on is parked.
    pub fn park(&mut self) {
        self.handed_on = HandedOn::Parked;
    }

    /// Remembers that the parked registration is told.
    pub fn unpark(&mut self) {
        self.handed_on = HandedOn::Finished;
    }

    /// A call that is known only from history is told to nobody live.
    pub fn skip_realtime(&mut self) {
        self.stage = Stage::Silent;
    }

    /// Whether nothing of the call is told live, nor was: it has no call-started.
    pub fn is_silent(&self) -> bool {
        self.stage == Stage::Silent
    }
}

/// What a finished call is handed on as, once it has been quiet: to whom and in which order.
pub fn hand_on(call: &Call, workonflow: bool, jobs: &[JobTrigger]) -> Vec<(DestinationKind, Notice)> {
    let mut plan = Vec::new();
    if !call.could_not_be_placed() {
        plan.push((DestinationKind::Kontur, Notice::Register));
        if workonflow && is_commented(call) {
            plan.push((DestinationKind::Workonflow, Notice::Comment));
            plan.extend(call.recordings().map(|(_, recording)| attached(recording)));
        }
    }
    plan.extend(matching_jobs(call, trigger_of(call.result()), jobs));
    if call.recordings().next().is_some() {
        plan.extend(matching_jobs(call, JobTrigger::Recording, jobs));
    }
    plan
}

/// What a recording gives rise to that became ready after its call was handed on.
pub fn hand_on_recording(
    call: &Call,
    recording: &Recording,
    workonflow: bool,
    jobs: &[JobTrigger],
) -> Vec<(DestinationKind, Notice)> {
    let mut plan = vec![(DestinationKind::Kontur, Notice::Recording { recording: recording.clone() })];
    if workonflow && is_commented(call) {
        plan.push(attached(recording));
    }
    plan.extend(matching_jobs(call, JobTrigger::Recording, jobs));
    plan
}

/// There is no client in an internal call whom a thread could be about.
fn is_commented(call: &Call) -> bool {
    call.direction() != Direction::Internal
}

fn attached(recording: &Recording) -> (DestinationKind, Notice) {
    (DestinationKind::Workonflow, Notice::Attach { recording: recording.clone() })
}

fn matching_jobs(call: &Call, on: JobTrigger, jobs: &[JobTrigger]) -> Vec<(DestinationKind, Notice)> {
    let rules = jobs
        .iter()
        .enumerate()
        .filter(|(_, trigger)| **trigger == on && call.direction() != Direction::Internal);
    rules.map(|(rule, _)| (DestinationKind::Metabot, Notice::Job { rule })).collect()
}

const fn trigger_of(result: CallResult) -> JobTrigger {
    match result {
        CallResult::Answered => JobTrigger::Answered,
        CallResult::Missed => JobTrigger::Missed,
        CallResult::Failed => JobTrigger::Failed,
    }
}

impl LegTold {
    fn catch_up(&mut self, notices: &mut Vec<Notice>, id: &LegId, leg: &Leg) {
        if self.disconnected {
            return;
        }
        if let Some(at) = leg.answered_at().filter(|_| !self.connected) {
            self.connected = true;
            notices.push(signal(id, LegSignal::Connected, at));
        }
        let changed_at = leg.hold_changed_at().filter(|_| self.connected && leg.is_held() != self.paused);
        if let Some(at) = changed_at {
            self.paused = leg.is_held();
            notices.push(signal(id, if self.paused { LegSignal::Paused } else { LegSignal::Connected }, at));
        }
        if let Some(at) = leg.ended_at() {
            self.disconnected = true;
            notices.push(signal(id, LegSignal::Disconnected, at));
        }
    }

    /// The call is over, so this leg is, even if the provider did not say so.
    fn disconnect(&mut self, notices: &mut Vec<Notice>, id: &LegId, leg: &Leg, call_ended_at: Timestamp) {
        if !self.disconnected {
            self.disconnected = true;
            let at = leg.ended_at().unwrap_or(call_ended_at);
            notices.push(signal(id, LegSignal::Disconnected, at));
        }
    }
}

fn appear(notices: &mut Vec<Notice>, id: &LegId, leg: &Leg) -> LegTold {
    notices.push(signal(id, LegSignal::Appeared, leg.appeared_at()));
    LegTold::default()
}

fn signal(leg: &LegId, signal: LegSignal, at: Timestamp) -> Notice {
    Notice::LegChanged { leg: leg.clone(), signal, at }
}

/// The legs Kontur can hear of, in the order they came up: one side has to be an employee. A client in a menu or a
/// queue is talking with nobody yet.
fn in_order(call: &Call) -> Vec<(&LegId, &Leg)> {
    let mut legs: Vec<_> = call.legs().iter().filter(|(_, leg)| leg.has_employee()).collect();
    legs.sort_by_key(|(id, leg)| (leg.appeared_at(), *id));
    legs
}

#[cfg(test)]
mod tests;
