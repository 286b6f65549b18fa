//! What a provider's history says of a call, and how that goes together with what was heard live.
//!
//! The history is written when all is over, often in whole seconds and by another clock: it is believed about who
//! talked, for how long, and what was recorded. Of times, what was heard live is believed, which is exact.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::event::{CallEvent, Direction, Happening, LegChange, LegEvent, Party, Recording};
use super::leg::Leg;
use super::{Call, Fact};
use crate::clock::Timestamp;
use crate::id::{CommunicationId, EventId, ExternalId, LegId};
use crate::phone::Phone;

/// What is told in whole seconds may be off by as much.
const ROUNDING: Duration = Duration::from_secs(1);

/// A recording that the history names is older than any that was heard of: of two facts the older one stands.
const ABOVE_ALL: Timestamp = Timestamp::from_micros(i64::MIN);

/// A call as a provider's history, or its answer to a look-up, has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastCall {
    /// The provider's id of the call.
    pub call: ExternalId,
    /// From the company's viewpoint.
    pub direction: Option<Direction>,
    /// The client's number.
    pub client_phone: Option<Phone>,
    /// The company's number that was called or is shown.
    pub vats_phone: Option<Phone>,
    /// The communication of Kontur's CALL, if that started the call.
    pub request: Option<CommunicationId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it goes on.
    pub finished_at: Option<Timestamp>,
    /// Its legs.
    pub legs: Vec<PastLeg>,
}

/// A leg of a [`PastCall`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastLeg {
    /// The provider's id of the leg.
    pub id: LegId,
    /// Who called.
    pub from: Option<Party>,
    /// Who was called.
    pub to: Option<Party>,
    /// When it began to ring.
    pub started_at: Timestamp,
    /// When it was picked up.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Its audio.
    pub recording: Option<Recording>,
    /// Its times, and whether anybody talked, are those of more than this leg, such as the wait in a queue before it: what
    /// was heard live is believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rough: bool,
}

impl PastCall {
    /// The call as events: a finished one is a single event that stands for all, one that goes on is what it would have
    /// told so far.
    pub fn into_events(self) -> Vec<CallEvent> {
        match self.finished_at {
            Some(at) => vec![self.finished(at)],
            None => self.so_far(),
        }
    }

    /// How many of its legs were recorded.
    pub fn recordings(&self) -> usize {
        self.legs.iter().filter(|leg| leg.recording.is_some()).count()
    }

    fn finished(self, at: Timestamp) -> CallEvent {
        let id = EventId::new(format!("history:{:016x}", self.digest()));
        let common = self.common(id, at);
        // A call that Kontur asked for and that has no leg at all rang nowhere.
        let failed = self.legs.is_empty() && self.request.is_some();
        let past = Past { started_at: self.started_at, finished_at: at, failed };
        CallEvent { happening: Happening::Past(Box::new((past, self.legs))), ..common }
    }

    fn so_far(&self) -> Vec<CallEvent> {
        let event = |word: &str, at, happening| {
            let id = EventId::new(format!("history:{}:{word}", self.call));
            CallEvent { happening, ..self.common(id, at) }
        };
        let mut events = vec![event("started", self.started_at, Happening::CallStarted)];
        for leg in &self.legs {
            let changed = |change| {
                let (id, from, to) = (leg.id.clone(), leg.from.clone(), leg.to.clone());
                Happening::Leg(LegEvent { id, from, to, change })
            };
            let told = |word: &str, at, change| event(&format!("{}:{word}", leg.id), at, changed(change));
            events.push(told("ringing", leg.started_at, LegChange::Ringing));
            events.extend(leg.answered_at.map(|at| told("answered", at, LegChange::Answered)));
            events.extend(leg.finished_at.map(|at| told("ended", at, LegChange::Ended(None))));
        }
        events.sort_by_key(|event| event.at);
        events
    }

    fn common(&self, id: EventId, at: Timestamp) -> CallEvent {
        CallEvent {
            id,
            at,
            call: self.call.clone(),
            direction: self.direction,
            client_phone: self.client_phone.clone(),
            vats_phone: self.vats_phone.clone(),
            request: self.request.clone(),
            happening: Happening::CallStarted,
        }
    }

    /// Follows from all that the history says: read again unchanged it is a repeat, changed it is news.
    fn digest(&self) -> u64 {
        let said = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(said)[..8].iter().fold(0, |digest, byte| digest << 8 | u64::from(*byte))
    }
}

/// What the history says of a call as a whole. Kept with the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    started_at: Timestamp,
    finished_at: Timestamp,
    /// It could not be placed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    failed: bool,
}

impl Past {
    pub(super) const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    pub(super) const fn finished_at(&self) -> Timestamp {
        self.finished_at
    }

    pub(super) const fn failed(&self) -> bool {
        self.failed
    }
}

/// What the history says of a leg. Kept with the leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PastTimes {
    started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rough: bool,
}

impl PastTimes {
    pub(super) const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When it was picked up, if it was: whether is the history's to say, when that of whoever heard it. Where it is
    /// rough, whoever heard the end knows that as well.
    pub(super) fn answered_at(
        &self,
        heard: Option<Timestamp>,
        heard_end: Option<Timestamp>,
    ) -> Option<Timestamp> {
        if self.rough && heard_end.is_some() {
            return heard;
        }
        self.answered_at.map(|at| heard.unwrap_or(at))
    }

    /// When it ended: what was heard, unless the conversation then lasted otherwise than the history says.
    pub(super) fn ended_at(
        &self,
        heard_answer: Option<Timestamp>,
        heard_end: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let (Some(answered_at), Some(finished_at), false) = (self.answered_at, self.finished_at, self.rough)
        else {
            return heard_end.or(self.finished_at);
        };
        let lasted = finished_at.since(answered_at);
        let ended_at = heard_answer.unwrap_or(answered_at).plus(lasted);
        let agrees = |heard: &Timestamp| heard.since(ended_at).max(ended_at.since(*heard)) <= ROUNDING;
        Some(heard_end.filter(agrees).unwrap_or(ended_at))
    }
}

impl Call {
    /// Takes in what the history says; of two readings the later one counts. Says whether anything became known.
    pub(super) fn learn_past(&mut self, past: &Past, legs: &[PastLeg], at: Timestamp) -> bool {
        let mut learned = self.past.replace(past.clone()).as_ref() != Some(past);
        for leg in legs {
            learned |= self.legs.entry(leg.id.clone()).or_default().learn_past(leg, at);
            if let Some(recording) = &leg.recording {
                let fact = Fact { value: recording.clone(), at: ABOVE_ALL };
                let before = self.recordings.insert(recording.leg.clone(), fact);
                learned |= before.is_none_or(|before| before.value != *recording);
            }
        }
        learned
    }
}

impl Leg {
    fn learn_past(&mut self, past: &PastLeg, at: Timestamp) -> bool {
        let times = PastTimes {
            started_at: past.started_at,
            answered_at: past.answered_at,
            finished_at: past.finished_at,
            rough: past.rough,
        };
        let sides = self.learn_sides(past.from.as_ref(), past.to.as_ref(), at);
        let learned = self.past.as_ref() != Some(&times);
        self.past = Some(times);
        learned || sides
    }
}

#[cfg(test)]
mod tests;
