//! A call that goes on: what was told of it so far, and the events that tell more.

use domain::call::event::{CallEvent, Direction, Happening, LegChange, LegEvent, Party, Reason, Recording};
use domain::call::past::{PastCall, PastLeg};
use domain::clock::Timestamp;
use domain::id::{CommunicationId, ExternalId, LegId};
use domain::phone::Phone;

/// A call that goes on.
#[derive(Debug)]
pub(super) struct OpenCall {
    id: ExternalId,
    pub(super) began_at: Timestamp,
    /// In the order in which calls became known: of two that become one, the older stays.
    pub(super) order: u64,
    /// It is a call between people, and was told.
    pub(super) is_told: bool,
    pub(super) direction: Option<Direction>,
    pub(super) client_phone: Option<Phone>,
    pub(super) vats_phone: Option<Phone>,
    pub(super) request: Option<CommunicationId>,
    /// What was dialled on its first channel.
    pub(super) exten: Option<String>,
    /// Why the employee could not be rung.
    pub(super) failure: Option<Reason>,
    pub(super) legs: Vec<OpenLeg>,
    /// Channels that were recorded, with where that is.
    files: Vec<(String, String)>,
}

/// A leg of a call that goes on.
#[derive(Debug)]
pub(super) struct OpenLeg {
    id: LegId,
    /// The channels of both sides, by their ids.
    pub(super) ends: (String, String),
    from: Party,
    to: Party,
    rang_at: Timestamp,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// How dialling it ended, if it was not by a conversation.
    pub(super) reason: Option<Reason>,
}

impl OpenLeg {
    /// Whether it has not ended, and the channel is one of its sides.
    pub(super) fn is_at(&self, channel: &str) -> bool {
        self.ended_at.is_none() && (self.ends.0 == channel || self.ends.1 == channel)
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.id.as_str() == id
    }
}

/// Why nobody talked: as dialling ended, unless that was in a queue, to which all who do not answer are alike; else as
/// the line says. When one of several phones is busy, the line says so of all.
fn outcome(dialled: Option<Reason>, line: Option<Reason>) -> Option<Reason> {
    match (dialled, line) {
        (Some(Reason::NoAnswer), Some(Reason::Busy | Reason::Rejected)) | (None, _) => line,
        (dialled, _) => dialled,
    }
}

impl OpenCall {
    pub(super) fn new(id: &str, began_at: Timestamp, order: u64) -> Self {
        Self {
            id: id.into(),
            began_at,
            order,
            is_told: false,
            direction: None,
            client_phone: None,
            vats_phone: None,
            request: None,
            exten: None,
            failure: None,
            legs: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Tells that it began, once.
    pub(super) fn start(&mut self) -> Option<CallEvent> {
        let is_new = !std::mem::replace(&mut self.is_told, true);
        is_new.then(|| self.event("started", self.began_at, Happening::CallStarted))
    }

    /// A leg that rings, with its event.
    pub(super) fn ring(
        &mut self,
        id: &str,
        (from_channel, from): (&str, Party),
        (to_channel, to): (&str, Party),
        at: Timestamp,
    ) -> CallEvent {
        let leg = OpenLeg {
            id: id.into(),
            ends: (from_channel.to_owned(), to_channel.to_owned()),
            from,
            to,
            rang_at: at,
            answered_at: None,
            ended_at: None,
            reason: None,
        };
        self.legs.push(leg);
        self.told_of(self.legs.len() - 1, "ringing", at, LegChange::Ringing)
    }

    /// The leg is a conversation now.
    pub(super) fn answer(&mut self, leg: usize, at: Timestamp) -> CallEvent {
        self.legs[leg].answered_at = Some(at);
        self.told_of(leg, "answered", at, LegChange::Answered)
    }

    /// The leg is over. Why it came to nothing is told, not why a conversation ended.
    fn end(&mut self, leg: usize, at: Timestamp, reason: Option<Reason>) -> CallEvent {
        let ended = &mut self.legs[leg];
        ended.ended_at = Some(at);
        let why = outcome(ended.reason, reason).filter(|_| ended.answered_at.is_none());
        self.told_of(leg, "ended", at, LegChange::Ended(why))
    }

    /// The legs of that channel are over.
    pub(super) fn end_at(&mut self, channel: &str, at: Timestamp, reason: Option<Reason>) -> Vec<CallEvent> {
        self.end_all(|leg| leg.is_at(channel), at, reason)
    }

    fn end_all(
        &mut self,
        is_meant: impl Fn(&OpenLeg) -> bool,
        at: Timestamp,
        reason: Option<Reason>,
    ) -> Vec<CallEvent> {
        let meant: Vec<usize> = (0..self.legs.len()).filter(|leg| is_meant(&self.legs[*leg])).collect();
        meant.into_iter().map(|leg| self.end(leg, at, reason)).collect()
    }

    /// The leg is put on hold, or taken from it. That may happen often.
    pub(super) fn hold(&self, leg: usize, at: Timestamp, is_held: bool) -> CallEvent {
        let change = if is_held { LegChange::Held } else { LegChange::Resumed };
        let word = format!("{}:{}", if is_held { "held" } else { "resumed" }, at.micros());
        self.told_of(leg, &word, at, change)
    }

    /// What is said on the channel is recorded, at that URL.
    pub(super) fn recorded(&mut self, channel: &str, url: String) {
        if !self.files.iter().any(|(_, known)| *known == url) {
            self.files.push((channel.to_owned(), url));
        }
    }

    /// What was recorded belongs to the first conversation of its channel. Nobody wants to hear a call without one.
    fn recordings(&self) -> Vec<Recording> {
        let mut recordings: Vec<Recording> = Vec::new();
        for (channel, url) in &self.files {
            let conversations = || self.legs.iter().filter(|leg| leg.answered_at.is_some());
            let of_channel = conversations().find(|leg| leg.ends.0 == *channel || leg.ends.1 == *channel);
            let Some(leg) = of_channel.or_else(|| conversations().next()).map(|leg| leg.id.clone()) else {
                continue;
            };
            if !recordings.iter().any(|known| known.leg == leg) {
                recordings.push(Recording { leg, url: url.clone(), content_type: None, size: None });
            }
        }
        recordings
    }

    /// It is over: its open legs end, and what was recorded is there.
    pub(super) fn finish(&mut self, at: Timestamp) -> Vec<CallEvent> {
        if !self.is_told {
            return Vec::new();
        }
        let mut events = self.end_all(|leg| leg.ended_at.is_none(), at, None);
        // An employee who was not reached called nobody.
        let failed = self.request.is_some() && self.legs.is_empty();
        let happening =
            if failed { Happening::CallFailed(self.failure) } else { Happening::CallFinished(None) };
        events.push(self.event("finished", at, happening));
        events.extend(self.recordings().into_iter().map(|recording| {
            self.event(&format!("{}:recorded", recording.leg), at, Happening::RecordingReady(recording))
        }));
        events
    }

    /// As somebody who asks for it is told. `finished_at`: when it was found to be over, if it was.
    pub(super) fn so_far(&self, finished_at: Option<Timestamp>) -> PastCall {
        let recordings = self.recordings();
        let leg = |leg: &OpenLeg| PastLeg {
            rough: false,
            id: leg.id.clone(),
            from: Some(leg.from.clone()),
            to: Some(leg.to.clone()),
            started_at: leg.rang_at,
            answered_at: leg.answered_at,
            finished_at: leg.ended_at.or(finished_at),
            recording: recordings.iter().find(|recording| recording.leg == leg.id).cloned(),
        };
        PastCall {
            call: self.id.clone(),
            direction: self.direction,
            client_phone: self.client_phone.clone(),
            vats_phone: self.vats_phone.clone(),
            request: self.request.clone(),
            started_at: self.began_at,
            finished_at,
            legs: self.legs.iter().map(leg).collect(),
        }
    }

    fn told_of(&self, leg: usize, word: &str, at: Timestamp, change: LegChange) -> CallEvent {
        let leg = &self.legs[leg];
        let (id, from, to) = (leg.id.clone(), Some(leg.from.clone()), Some(leg.to.clone()));
        let event = LegEvent { id, from, to, change };
        self.event(&format!("{}:{word}", leg.id), at, Happening::Leg(event))
    }

    /// The ids follow from what happened, so that it may be found out twice.
    fn event(&self, word: &str, at: Timestamp, happening: Happening) -> CallEvent {
        CallEvent {
            id: format!("{}:{word}", self.id).into(),
            at,
            call: self.id.clone(),
            direction: self.direction,
            client_phone: self.client_phone.clone(),
            vats_phone: self.vats_phone.clone(),
            request: self.request.clone(),
            happening,
        }
    }
}
