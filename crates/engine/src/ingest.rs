//! From a provider's request to a committed call: store the raw request, drop repeats, fold, plan deliveries, all in
//! one transaction. Whoever calls replies only after it.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use domain::call::Call;
use domain::call::event::{CallEvent, Happening, Recording};
use domain::clock::Timestamp;
use domain::id::{CallId, ExternalId, InstanceId, LegId, RawRequestId};
use domain::instance::settings::JobTrigger;
use domain::outbox::{DestinationKind, Notice};
use domain::plan::{Told, hand_on, hand_on_recording};
use domain::port::crash::CrashPoint;
use domain::port::provider::WebhookFault;
use domain::recording::Tracked;
use domain::retention;
use storage::calls::{NewCall, StoredCall};
use storage::deliveries::NewDelivery;
use storage::error::StorageError;
use storage::{About, Tx};

use crate::happening;
use crate::instance::{Instance, Live};
use crate::outbox::Planned;

/// What became of a request's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Events that were new.
    pub accepted: usize,
    /// Repeats.
    pub duplicates: usize,
    /// Of the repeats, those that seem to be of calls that are not kept any more.
    pub forgotten: usize,
    /// Calls that were not known before.
    pub new_calls: usize,
}

/// How long things wait; from the configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    /// A finished call is handed on when it has been quiet for this long.
    pub(crate) settle: Duration,
    /// Realtime that waited longer is not sent.
    pub(crate) realtime: Duration,
    /// An open call is first looked at when it is this old.
    pub(crate) look: Duration,
    /// A registration is parked for this long at most; zero: none is.
    pub(crate) parked: Duration,
}

/// Whether events happen now or were read from history, which is told to nobody live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Live(Option<RawRequestId>),
    History,
}

impl Origin {
    fn raw(self) -> Option<RawRequestId> {
        match self {
            Self::Live(raw) => raw,
            Self::History => None,
        }
    }
}

/// What a transaction leaves to do once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    pub(crate) planned: Vec<Planned>,
    /// Finished calls, with when they are to be handed on if nothing more comes.
    pub(crate) settling: Vec<(CallId, Timestamp)>,
    /// Calls whose inferred end was corrected by the real one.
    pub(crate) corrected: Vec<CallId>,
    /// Calls whose registration was parked.
    pub(crate) parked: Vec<CallId>,
    /// Parked calls that are registered now.
    pub(crate) unparked: Vec<CallId>,
}

/// What a change is about that takes events in, and the request with them if they came as one.
pub(crate) fn about(instance: InstanceId, events: &[CallEvent], is_request: bool) -> About {
    let events = events.iter().map(|event| (instance, event.call.clone(), event.id.clone()));
    About { events: events.collect(), calls: Vec::new(), requests: usize::from(is_request) }
}

/// Takes events of one instance into the journal.
pub(crate) struct Journal<'a, 't> {
    pub(crate) tx: &'a Tx<'t>,
    pub(crate) instance: &'a Instance,
    pub(crate) live: &'a Live,
    pub(crate) waits: Waits,
    pub(crate) now: Timestamp,
    pub(crate) aftermath: Aftermath,
}

impl Journal<'_, '_> {
    /// Stores a request with what was read out of it. Faults refuse it whole; it stays stored with them.
    pub(crate) fn request(
        &mut self,
        body: &Bytes,
        read: &Result<Vec<CallEvent>, Vec<WebhookFault>>,
    ) -> Result<Accepted, StorageError> {
        let fault = read.as_ref().err().map(|faults| shown(faults));
        let kind = self.live.connections.provider.kind();
        let raw = self.tx.insert_raw_request(self.instance.id, kind, self.now, body, fault.as_deref())?;
        self.tx.pass(CrashPoint::Stored);
        match read {
            Ok(events) => self.events(events, Origin::Live(Some(raw))),
            Err(_) => Ok(Accepted::default()),
        }
    }

    /// Takes events in. Events of one call that follow each other cost one look-up and one update.
    pub(crate) fn events(&mut self, events: &[CallEvent], origin: Origin) -> Result<Accepted, StorageError> {
        let mut accepted = Accepted::default();
        for run in events.chunk_by(|a, b| a.call == b.call) {
            let taken = self.call_events(run, origin)?;
            accepted.accepted += taken.accepted;
            accepted.duplicates += taken.duplicates;
            accepted.forgotten += taken.forgotten;
            accepted.new_calls += taken.new_calls;
        }
        Ok(accepted)
    }

    /// Takes events of one call in.
    fn call_events(&mut self, events: &[CallEvent], origin: Origin) -> Result<Accepted, StorageError> {
        let Some(first) = events.first() else { return Ok(Accepted::default()) };
        match self.tx.find_call(self.instance.id, &first.call)? {
            Some(stored) => self.go_on(stored, events, origin),
            None if self.are_forgotten(events)? => {
                let repeats = events.len();
                Ok(Accepted { duplicates: repeats, forgotten: repeats, ..Accepted::default() })
            }
            None => self.open_call(&first.call, events, origin),
        }
    }

    /// Whether the events of an unknown call seem to repeat those of one that was pruned.
    fn are_forgotten(&self, events: &[CallEvent]) -> Result<bool, StorageError> {
        let last = events.iter().map(|event| event.at).max().unwrap_or_default();
        if retention::is_recent(last, self.now) {
            return Ok(false);
        }
        Ok(retention::may_be_forgotten(last, self.tx.pruned_until()?))
    }

    fn go_on(
        &mut self,
        mut stored: StoredCall,
        events: &[CallEvent],
        origin: Origin,
    ) -> Result<Accepted, StorageError> {
        let mut new = Vec::with_capacity(events.len());
        for event in events {
            if self.tx.insert_event(stored.id, event, self.now, origin.raw())? {
                new.push(event);
            }
        }
        let accepted = Accepted {
            accepted: new.len(),
            duplicates: events.len() - new.len(),
            forgotten: 0,
            new_calls: 0,
        };
        if new.is_empty() {
            self.tx.put_back(stored);
            return Ok(accepted);
        }
        let was_inferred = stored.call.end_is_inferred();
        let consequences = Consequences::of(&mut stored.call, &mut stored.told, &new, |call, recording| {
            hand_on_recording(call, recording, self.has_workonflow(), &self.job_triggers())
        });
        if was_inferred && stored.call.end_was_corrected() {
            self.aftermath.corrected.push(stored.id);
        }
        stored.settle_at = self.settle_at(&stored.call, &stored.told);
        self.carry_out(&stored, consequences)?;
        self.reconsider_changed(&mut stored)?;
        self.tx.update_call(stored)?;
        Ok(accepted)
    }

    fn open_call(
        &mut self,
        external_id: &ExternalId,
        events: &[CallEvent],
        origin: Origin,
    ) -> Result<Accepted, StorageError> {
        let (mut call, mut told) = (Call::default(), Told::default());
        if origin == Origin::History {
            told.skip_realtime();
        }
        let mut seen = HashSet::new();
        let new: Vec<_> = events.iter().filter(|event| seen.insert(&event.id)).collect();
        let mut consequences = Consequences::of(&mut call, &mut told, &new, |call, recording| {
            hand_on_recording(call, recording, self.has_workonflow(), &self.job_triggers())
        });
        let (mut settle_at, mut unmapped) = (self.settle_at(&call, &told), Vec::new());
        if let (Some(at), Origin::History) = (&mut settle_at, origin) {
            let until = self.webhooks_until(&call);
            if until <= self.now {
                unmapped = self.mark_handed_on(external_id, &call, &mut told);
                consequences.settled = self.hand_on(&call, &told);
                settle_at = None;
            } else {
                *at = until.max(*at);
            }
        }
        let instance = self.instance.id;
        let look_at = settle_at.is_none().then(|| self.now.plus(self.waits.look));
        let call = NewCall { instance, external_id: external_id.clone(), call, told, settle_at, look_at };
        let stored = self.tx.insert_call(call)?;
        for event in &new {
            self.tx.insert_event(stored.id, event, self.now, origin.raw())?;
        }
        self.carry_out(&stored, consequences)?;
        self.note_unmapped(&stored, unmapped)?;
        self.tx.put_back(stored);
        Ok(Accepted { accepted: new.len(), duplicates: events.len() - new.len(), forgotten: 0, new_calls: 1 })
    }

    /// A finished call that is known only from history waits until then for webhooks of it.
    fn webhooks_until(&self, call: &Call) -> Timestamp {
        let settle = Duration::from_secs(self.live.settings.sync.settle_sec.into());
        call.ended_at().unwrap_or(self.now).plus(settle)
    }

    fn carry_out(&mut self, stored: &StoredCall, consequences: Consequences) -> Result<(), StorageError> {
        self.tx.pass(CrashPoint::Folded);
        for leg in &consequences.legs {
            self.tx.insert_leg(self.instance.id, leg, stored.id)?;
        }
        for (leg, tracked) in &consequences.recordings {
            self.tx.insert_recording(self.instance.id, stored.id, leg, tracked, self.now)?;
            happening::recording(tracked.state);
        }
        for (destination, notice) in consequences.notices {
            self.plan(stored.id, destination, notice, false)?;
        }
        for (destination, notice) in consequences.settled {
            self.plan(stored.id, destination, notice, true)?;
        }
        self.tx.pass(CrashPoint::Planned);
        self.aftermath.settling.extend(stored.settle_at.map(|at| (stored.id, at)));
        Ok(())
    }

    /// A finished call waits until nothing more comes of it.
    fn settle_at(&self, call: &Call, told: &Told) -> Option<Timestamp> {
        told.awaits_settling(call).then(|| self.now.plus(self.waits.settle))
    }

    /// Hands a finished call on if it has been quiet: registration, unless that is parked, comment, jobs.
    pub(crate) fn settle(&mut self, mut stored: StoredCall) -> Result<(), StorageError> {
        let unmapped = self.mark_handed_on(&stored.external_id, &stored.call, &mut stored.told);
        for (destination, notice) in self.hand_on(&stored.call, &stored.told) {
            self.plan(stored.id, destination, notice, false)?;
        }
        self.note_unmapped(&stored, unmapped)?;
        stored.settle_at = None;
        self.tx.update_call(stored)?;
        self.tx.pass(CrashPoint::HandedOn);
        Ok(())
    }

    fn hand_on(&self, call: &Call, told: &Told) -> Vec<(DestinationKind, Notice)> {
        let plan = hand_on(call, self.has_workonflow(), &self.job_triggers()).into_iter();
        plan.filter(|(to, _)| told.hands_on_to(*to)).collect()
    }

    fn has_workonflow(&self) -> bool {
        self.live.connections.destinations.contains_key(&DestinationKind::Workonflow)
    }

    fn job_triggers(&self) -> Vec<JobTrigger> {
        self.live.settings.metabot.iter().flat_map(|metabot| metabot.jobs.iter().map(|job| job.on)).collect()
    }

    pub(crate) fn plan(
        &mut self,
        call: CallId,
        destination: DestinationKind,
        notice: Notice,
        background: bool,
    ) -> Result<(), StorageError> {
        let expires_at = notice.is_realtime().then(|| self.now.plus(self.waits.realtime));
        let (instance, created_at) = (self.instance.id, self.now);
        let new = NewDelivery { instance, destination, call, notice, created_at, expires_at, background };
        let (delivery, knowledge) = (self.tx.insert_delivery(new)?, self.tx.knowledge(call));
        self.aftermath.planned.push(Planned { delivery, knowledge });
        Ok(())
    }
}

/// What follows from new events of a call.
#[derive(Default)]
struct Consequences {
    /// Legs that were not known before.
    legs: Vec<LegId>,
    /// Recordings that were not known before.
    recordings: Vec<(LegId, Tracked)>,
    /// What is to be told, in order.
    notices: Vec<(DestinationKind, Notice)>,
    /// What the call is handed on as, if that is at once.
    settled: Vec<(DestinationKind, Notice)>,
}

impl Consequences {
    /// Folds events into a call and plans what they give rise to; `hand_on_recording` says what a recording does that
    /// comes after its call was handed on.
    fn of(
        call: &mut Call,
        told: &mut Told,
        events: &[&CallEvent],
        hand_on_recording: impl Fn(&Call, &Recording) -> Vec<(DestinationKind, Notice)>,
    ) -> Self {
        let mut all = Self::default();
        for event in events {
            // The history tells of recordings that were told live, under another event id.
            if let Happening::Leg(leg) = &event.happening {
                all.legs.extend((!call.legs().contains_key(&leg.id)).then(|| leg.id.clone()));
            }
            let told_of = event.happening.recordings().into_iter();
            let new: Vec<_> = told_of.filter(|recording| call.recording(&recording.leg).is_none()).collect();
            call.fold(event);
            let live = told.catch_up(call).into_iter().map(|notice| (DestinationKind::Kontur, notice));
            all.notices.extend(live);
            for recording in new {
                let tracked = Tracked::available(recording.size, recording.content_type.clone());
                all.recordings.push((recording.leg.clone(), tracked));
                if told.is_settled() {
                    let plan = hand_on_recording(call, recording).into_iter();
                    all.notices.extend(plan.filter(|(to, _)| told.hands_on_to(*to)));
                }
            }
        }
        all
    }
}

/// The faults as one text, for the stored request.
fn shown(faults: &[WebhookFault]) -> String {
    let lines = faults.iter().map(|fault| match fault.index {
        Some(index) => format!("events[{index}].{}: {}", fault.field, fault.message),
        None => fault.message.clone(),
    });
    lines.collect::<Vec<_>>().join("; ")
}
