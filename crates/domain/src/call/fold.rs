//! Folding events into a call: pure and total. Any order, any repetition and any gap ends in the same call, because
//! every rule here is a minimum (or, for holding and going on, a maximum) over the events seen. What the history says
//! is kept apart from them ([`super::past`]).

use std::cmp::Reverse;

use super::event::{CallEvent, Happening, LegChange, LegEvent, Party, Recording};
use super::leg::Leg;
use super::{Call, Fact};
use crate::clock::Timestamp;

impl Call {
    /// Takes `event` in. Says whether anything became known that was not known before.
    pub fn fold(&mut self, event: &CallEvent) -> bool {
        let stamp = Stamp(event.at);
        let is_heard = !matches!(event.happening, Happening::Past(_));
        let facts = [
            is_heard && earliest(&mut self.first_at, event.at),
            stamp.learn(&mut self.direction, event.direction.as_ref()),
            stamp.learn(&mut self.client_phone, event.client_phone.as_ref()),
            stamp.learn(&mut self.vats_phone, event.vats_phone.as_ref()),
            stamp.learn(&mut self.request, event.request.as_ref()),
        ];
        let happened = match &event.happening {
            Happening::CallStarted => earliest(&mut self.started_at, event.at),
            Happening::CallFinished(reason) => stamp.learn(&mut self.finished, Some(reason)),
            Happening::CallFailed(reason) => stamp.learn(&mut self.failed, Some(reason)),
            Happening::Leg(leg) => self.legs.entry(leg.id.clone()).or_default().fold(leg, stamp),
            Happening::RecordingReady(recording) => self.learn_recording(recording, stamp),
            Happening::Past(past) => self.learn_past(&past.0, &past.1, event.at),
            Happening::GoesOn => latest(&mut self.went_on_at, event.at),
            Happening::EndInferred => !std::mem::replace(&mut self.inferred_over, true),
        };
        happened || facts.contains(&true)
    }

    fn learn_recording(&mut self, recording: &Recording, stamp: Stamp) -> bool {
        let mut known = self.recordings.remove(&recording.leg);
        let learned = stamp.learn(&mut known, Some(recording));
        self.recordings.extend(known.map(|fact| (recording.leg.clone(), fact)));
        learned
    }
}

impl Leg {
    fn fold(&mut self, event: &LegEvent, stamp: Stamp) -> bool {
        let facts = [
            earliest(&mut self.first_at, stamp.0),
            self.learn_sides(event.from.as_ref(), event.to.as_ref(), stamp.0),
        ];
        let changed = match event.change {
            LegChange::Ringing => earliest(&mut self.rang_at, stamp.0),
            LegChange::Answered => earliest(&mut self.answered_at, stamp.0),
            LegChange::Ended(reason) => stamp.learn(&mut self.ended, Some(&reason)),
            LegChange::Held => stamp.latest(&mut self.held, true),
            LegChange::Resumed => stamp.latest(&mut self.held, false),
        };
        changed || facts.contains(&true)
    }

    /// Who called whom, as told at that time.
    pub(super) fn learn_sides(&mut self, from: Option<&Party>, to: Option<&Party>, at: Timestamp) -> bool {
        let stamp = Stamp(at);
        let learned = [stamp.learn(&mut self.from, from), stamp.learn(&mut self.to, to)];
        learned.contains(&true)
    }
}

/// When something became known.
#[derive(Clone, Copy)]
struct Stamp(Timestamp);

impl Stamp {
    fn learn<T: Clone + Ord>(self, known: &mut Option<Fact<T>>, value: Option<&T>) -> bool {
        let Some(value) = value else { return false };
        let earlier = known.as_ref().is_none_or(|fact| (self.0, value) < (fact.at, &fact.value));
        if earlier {
            *known = Some(Fact { value: value.clone(), at: self.0 });
        }
        earlier
    }

    /// A PBX that tells whole seconds may tell both of the same second: a conversation that was held for less goes on.
    fn latest(self, held: &mut Option<Fact<bool>>, value: bool) -> bool {
        let later =
            held.as_ref().is_none_or(|fact| (self.0, Reverse(value)) > (fact.at, Reverse(fact.value)));
        if later {
            *held = Some(Fact { value, at: self.0 });
        }
        later
    }
}

fn latest(known: &mut Option<Timestamp>, at: Timestamp) -> bool {
    let later = known.is_none_or(|before| at > before);
    if later {
        *known = Some(at);
    }
    later
}

fn earliest(known: &mut Option<Timestamp>, at: Timestamp) -> bool {
    let earlier = known.is_none_or(|before| at < before);
    if earlier {
        *known = Some(at);
    }
    earlier
}
