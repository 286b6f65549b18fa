//! The telephone exchange: calls change here and nowhere else, and each change says what a webhook has to tell.

mod index;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Duration, FixedOffset};
use serde_json::{Value, json};

use self::index::Index;
use super::call::{Call, CallShown, Direction, Leg, LegState, Party, Recording, RecordingShown, text};
use super::history::{Limiter, Place};
use super::imagined::Imagined;
use super::trouble::Troubles;
use crate::clock;

/// An action that the state of the call does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PbxError {
    #[error("there is no call {0}")]
    UnknownCall(String),
    #[error("the call {call} has no leg {leg}")]
    UnknownLeg { call: String, leg: String },
    #[error("the call {call} cannot do that: {why}")]
    WrongState { call: String, why: String },
}

/// Why a leg or a call ended.
pub type Reason = Option<&'static str>;

/// All calls, and the events not yet handed to the sender.
#[derive(Debug, Default)]
pub(super) struct PhoneSystem {
    calls: Vec<Call>,
    index: Index,
    imagined: Vec<Imagined>,
    pub(super) limiter: Limiter,
    forgotten: HashSet<String>,
    next_event: u64,
    /// The offset that times are written with.
    offset_hours: i32,
    /// Where recordings are read, e.g. `http://127.0.0.1:5000/recordings`.
    pub(super) recordings_url: String,
    /// Part of every recording's url; urls of an earlier generation are gone.
    generation: u32,
    /// How many generations the recording of a leg is ahead of that.
    ahead: HashMap<String, u32>,
    pub(super) troubles: Troubles,
    pub(super) events: Vec<Value>,
}

/// Whether the world hears that a recording is there; the history shows it in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announce {
    Event,
    No,
}

/// A call to come.
#[derive(Debug, Clone)]
pub(super) struct NewCall<'a> {
    pub(super) direction: Direction,
    pub(super) client_phone: &'a str,
    pub(super) vats_phone: &'a str,
    pub(super) request_id: Option<&'a str>,
    /// From and to of each leg that begins to ring.
    pub(super) legs: Vec<(Party, Party)>,
}

impl PhoneSystem {
    pub(super) fn new(offset_hours: i32) -> Self {
        Self { offset_hours, ..Self::default() }
    }

    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// A call that happened or is imagined.
    pub(super) fn call(&self, call_id: &str) -> Result<Cow<'_, Call>, PbxError> {
        let happened = || self.index.call(call_id).map(|position| Cow::Borrowed(&self.calls[position]));
        let imagined = || self.imagined.iter().find_map(|imagined| imagined.find(call_id)).map(Cow::Owned);
        let found = if self.forgotten.contains(call_id) { None } else { happened().or_else(imagined) };
        found.ok_or_else(|| PbxError::UnknownCall(call_id.to_owned()))
    }

    /// The call that was begun for a request.
    pub(super) fn requested(&self, request_id: &str) -> Option<&Call> {
        self.index.request(request_id).map(|position| &self.calls[position])
    }

    /// What happened from this place on, oldest first.
    pub(super) fn happened_since(&self, place: Place) -> impl Iterator<Item = Cow<'_, Call>> {
        self.index.since(place).map(|position| Cow::Borrowed(&self.calls[position]))
    }

    pub(super) fn imagined(&self) -> &[Imagined] {
        &self.imagined
    }

    /// These calls are in the history, too.
    pub(super) fn imagine(&mut self, imagined: Imagined) {
        self.imagined.push(imagined);
    }

    /// Puts a finished call into the history, without a word to anyone.
    pub(super) fn import(&mut self, call: Call) {
        self.index.add(&call, self.calls.len());
        self.calls.push(call);
    }

    /// Whoever asks for the call hears that there is none. It stays in its place, since ids are counted.
    pub(super) fn forget(&mut self, call_id: &str) {
        self.forgotten.insert(call_id.to_owned());
    }

    /// A call begins and its legs ring.
    pub(super) fn begin(&mut self, new: NewCall<'_>) -> String {
        let now = self.now();
        let call_id = format!("pbx-{}-{}", clock::now().format("%Y%m%d%H%M%S"), self.calls.len() + 1);
        self.import(Call {
            call_id: call_id.clone(),
            direction: new.direction,
            client_phone: new.client_phone.to_owned(),
            vats_phone: new.vats_phone.to_owned(),
            request_id: new.request_id.map(str::to_owned),
            started_at: now,
            finished_at: None,
            legs: Vec::new(),
        });
        let call = self.calls.len() - 1;
        self.tell(call, "call.started", None, None);
        for (from, to) in new.legs {
            self.ring(call, from, to);
        }
        call_id
    }

    /// A leg is picked up; the others that ring stop.
    pub(super) fn answer(&mut self, call_id: &str, leg: &str) -> Result<(), PbxError> {
        let (call, leg) = self.find(call_id, leg, &[LegState::Ringing])?;
        let now = self.now();
        self.calls[call].legs[leg].state = LegState::Talking;
        self.calls[call].legs[leg].answered_at = Some(now);
        self.tell(call, "leg.answered", Some(leg), None);
        for other in self.legs_in(call, &[LegState::Ringing]) {
            self.end_leg(call, other, Some("cancelled"));
        }
        Ok(())
    }

    pub(super) fn hold(&mut self, call_id: &str, leg: &str) -> Result<(), PbxError> {
        let (call, leg) = self.find(call_id, leg, &[LegState::Talking])?;
        self.calls[call].legs[leg].state = LegState::Held;
        self.tell(call, "leg.held", Some(leg), None);
        Ok(())
    }

    pub(super) fn resume(&mut self, call_id: &str, leg: &str) -> Result<(), PbxError> {
        let (call, leg) = self.find(call_id, leg, &[LegState::Held])?;
        self.calls[call].legs[leg].state = LegState::Talking;
        self.tell(call, "leg.resumed", Some(leg), None);
        Ok(())
    }

    /// The conversation goes to another extension: its leg ends, a new one rings. Says the new leg's id.
    pub(super) fn transfer(&mut self, call_id: &str, extension: &str) -> Result<String, PbxError> {
        let call = self.open_call(call_id)?;
        let talking = self.legs_in(call, &[LegState::Talking, LegState::Held]);
        if talking.is_empty() {
            return Err(wrong(call_id, "nobody talks"));
        }
        for leg in talking {
            self.end_leg(call, leg, None);
        }
        let leg = self.ring(call, Party::Client, Party::user(extension));
        Ok(self.calls[call].legs[leg].id.clone())
    }

    /// One leg ends; the call with it when it was the last.
    pub(super) fn drop_leg(&mut self, call_id: &str, leg: &str, reason: Reason) -> Result<(), PbxError> {
        let (call, leg) = self.find(call_id, leg, &[LegState::Ringing, LegState::Talking, LegState::Held])?;
        let reason = reason.or(self.unanswered(call, leg));
        self.end_leg(call, leg, reason);
        if self.open_legs(call).is_empty() {
            self.end_call(call, "call.finished", reason);
        }
        Ok(())
    }

    /// Everything ends: `call.finished`, or `call.failed` for a call that was never a call.
    pub(super) fn end(&mut self, call_id: &str, kind: &'static str, reason: Reason) -> Result<(), PbxError> {
        let call = self.open_call(call_id)?;
        for leg in self.open_legs(call) {
            let of_leg = reason.or(self.unanswered(call, leg));
            self.end_leg(call, leg, of_leg);
        }
        self.end_call(call, kind, reason);
        Ok(())
    }

    /// The recording of a leg is there. Leg: by id or extension.
    pub(super) fn record(
        &mut self,
        call_id: &str,
        leg: &str,
        recording: Recording,
        announce: Announce,
    ) -> Result<(), PbxError> {
        let (call, leg) = self.find(call_id, leg, &[LegState::Talking, LegState::Held, LegState::Ended])?;
        if self.calls[call].legs[leg].answered_at.is_none() {
            return Err(wrong(call_id, "nobody talked on that leg"));
        }
        self.calls[call].legs[leg].recording = Some(recording);
        if announce == Announce::Event {
            self.tell(call, "recording.ready", Some(leg), None);
        }
        Ok(())
    }

    /// The present url of a leg's recording.
    pub(super) fn url_of(&self, leg: &Leg) -> String {
        format!("{}/{}/{}", self.recordings_url, self.generation_of(&leg.id), leg.id)
    }

    /// The generation that the url of a leg's recording has to be of.
    pub(super) fn generation_of(&self, leg_id: &str) -> u32 {
        self.generation + self.ahead.get(leg_id).copied().unwrap_or_default()
    }

    /// The urls of all recordings given out so far are gone.
    pub(super) fn expire_recordings(&mut self) {
        self.generation += 1;
    }

    /// The url of one recording is gone.
    pub(super) fn expire_recording(&mut self, leg_id: &str) {
        *self.ahead.entry(leg_id.to_owned()).or_default() += 1;
    }

    /// The recording of a leg, by the leg's id alone.
    pub(super) fn recording(&self, leg_id: &str) -> Option<Recording> {
        let of = |call: &Call| call.legs.iter().find(|leg| leg.id == leg_id)?.recording.clone();
        match self.index.leg(leg_id) {
            Some(position) => of(&self.calls[position]),
            None => of(&self.imagined.iter().find_map(|imagined| imagined.find_leg(leg_id))?),
        }
    }

    pub(super) fn history_entry<'a>(&self, call: &'a Call) -> CallShown<'a> {
        call.to_history(|leg| self.url_of(leg))
    }

    fn ring(&mut self, call: usize, from: Party, to: Party) -> usize {
        let now = self.now();
        let id = format!("{}-{}", self.calls[call].call_id, self.calls[call].legs.len() + 1);
        self.index.add_leg(&id, call);
        self.calls[call].legs.push(Leg::ringing(id, from, to, now));
        let leg = self.calls[call].legs.len() - 1;
        self.tell(call, "leg.ringing", Some(leg), None);
        leg
    }

    fn end_leg(&mut self, call: usize, leg: usize, reason: Reason) {
        let now = self.now();
        self.calls[call].legs[leg].state = LegState::Ended;
        self.calls[call].legs[leg].finished_at = Some(now);
        self.tell(call, "leg.ended", Some(leg), reason);
    }

    fn end_call(&mut self, call: usize, kind: &'static str, reason: Reason) {
        self.calls[call].finished_at = Some(self.now());
        self.tell(call, kind, None, reason);
    }

    /// Writes an event; the sender takes it from here.
    fn tell(&mut self, call: usize, kind: &str, leg: Option<usize>, reason: Reason) {
        self.next_event += 1;
        let call = &self.calls[call];
        let leg = leg.map(|leg| &call.legs[leg]);
        let recorded = leg.filter(|_| kind == "recording.ready");
        let recording = recorded.and_then(|leg| RecordingShown::of(leg, |leg| self.url_of(leg)));
        self.events.push(json!({
            "id": format!("{}-evt-{}", call.call_id, self.next_event), "type": kind, "at": text(self.now()),
            "call_id": call.call_id, "direction": call.direction, "client_phone": call.client_phone,
            "vats_phone": call.vats_phone, "request_id": call.request_id,
            "leg": leg.map(Leg::reference), "recording": recording, "reason": reason
        }));
    }

    fn find(&self, call_id: &str, leg: &str, states: &[LegState]) -> Result<(usize, usize), PbxError> {
        let call = self.position(call_id)?;
        let unknown = || PbxError::UnknownLeg { call: call_id.to_owned(), leg: leg.to_owned() };
        let position = self.calls[call].position_of(leg).ok_or_else(unknown)?;
        let state = self.calls[call].legs[position].state;
        if states.contains(&state) {
            Ok((call, position))
        } else {
            Err(wrong(call_id, &format!("the leg {leg} is {state:?}")))
        }
    }

    fn position(&self, call_id: &str) -> Result<usize, PbxError> {
        self.index.call(call_id).ok_or_else(|| PbxError::UnknownCall(call_id.to_owned()))
    }

    fn open_call(&self, call_id: &str) -> Result<usize, PbxError> {
        let call = self.position(call_id)?;
        if self.calls[call].finished_at.is_some() { Err(wrong(call_id, "it has ended")) } else { Ok(call) }
    }

    fn legs_in(&self, call: usize, states: &[LegState]) -> Vec<usize> {
        let legs = self.calls[call].legs.iter().enumerate();
        legs.filter(|(_, leg)| states.contains(&leg.state)).map(|(position, _)| position).collect()
    }

    fn open_legs(&self, call: usize) -> Vec<usize> {
        self.legs_in(call, &[LegState::Ringing, LegState::Talking, LegState::Held])
    }

    /// The reason of a leg that ends while it rings.
    fn unanswered(&self, call: usize, leg: usize) -> Reason {
        (self.calls[call].legs[leg].state == LegState::Ringing).then_some("cancelled")
    }

    fn now(&self) -> DateTime<FixedOffset> {
        let zone = FixedOffset::east_opt(self.offset_hours * 3600);
        let now = clock::now();
        // Cut to what is written: a time that is compared with its own text has to be equal.
        let now = now - Duration::nanoseconds(i64::from(now.timestamp_subsec_nanos() % 1_000_000));
        zone.map_or_else(|| now.fixed_offset(), |zone| now.with_timezone(&zone))
    }
}

fn wrong(call: &str, why: &str) -> PbxError {
    PbxError::WrongState { call: call.to_owned(), why: why.to_owned() }
}
