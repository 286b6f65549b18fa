//! From a provider's request to a committed call: store the raw request, parse, drop repeats, fold, plan deliveries,
//! all in one transaction. Whoever calls replies only after it.

use std::time::Duration;

use bytes::Bytes;
use domain::call::event::{CallEvent, Happening};
use domain::call::{Call, CallReference};
use domain::clock::Timestamp;
use domain::id::RawRequestId;
use domain::instance::settings::JobTrigger;
use domain::outbox::{DestinationKind, Notice};
use domain::plan::{Told, hand_on, hand_on_recording};
use domain::port::crash::CrashPoint;
use domain::port::provider::{WebhookError, WebhookFault};
use storage::Tx;
use storage::calls::StoredCall;
use storage::deliveries::{NewDelivery, PendingDelivery};
use storage::error::StorageError;

use crate::instance::{Instance, Live};

/// What became of a request's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Events that were new.
    pub accepted: usize,
    /// Repeats.
    pub duplicates: usize,
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
}

/// Whether events happen now or were read from history, which is told to nobody live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Live(Option<RawRequestId>),
    History,
}

/// What a transaction leaves to do once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    pub(crate) planned: Vec<PendingDelivery>,
    /// Finished calls, with when they are to be handed on if nothing more comes.
    pub(crate) settling: Vec<(domain::id::CallId, Timestamp)>,
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
    /// Stores a request, then reads it. Faults refuse it whole; it stays stored with them.
    pub(crate) fn request(
        &mut self,
        body: &Bytes,
    ) -> Result<Result<Accepted, Vec<WebhookFault>>, StorageError> {
        let provider = &self.live.connections.provider;
        let raw = self.tx.insert_raw_request(self.instance.id, provider.kind(), self.now, body)?;
        self.tx.pass(CrashPoint::Stored);
        match provider.parse(body) {
            Ok(events) => self.events(&events, Origin::Live(Some(raw))).map(Ok),
            Err(WebhookError::Invalid(faults)) => {
                self.tx.set_raw_request_fault(raw, &shown(&faults))?;
                Ok(Err(faults))
            }
            Err(WebhookError::Unauthorized(message)) => {
                self.tx.set_raw_request_fault(raw, &message)?;
                Ok(Err(vec![WebhookFault { index: None, field: String::new(), message }]))
            }
        }
    }

    /// Takes events in. Events of one call that follow each other cost one look-up and one update.
    pub(crate) fn events(&mut self, events: &[CallEvent], origin: Origin) -> Result<Accepted, StorageError> {
        let mut accepted = Accepted::default();
        for run in events.chunk_by(|a, b| a.call == b.call) {
            let taken = self.call_events(run, origin)?;
            accepted.accepted += taken.accepted;
            accepted.duplicates += taken.duplicates;
            accepted.new_calls += taken.new_calls;
        }
        Ok(accepted)
    }

    /// Takes events of one call in.
    fn call_events(&mut self, events: &[CallEvent], origin: Origin) -> Result<Accepted, StorageError> {
        let Some(first) = events.first() else { return Ok(Accepted::default()) };
        let known = self.tx.find_call(self.instance.id, &first.call)?;
        let new_calls = usize::from(known.is_none());
        let mut stored = match known {
            Some(stored) => stored,
            None => self.open_call(first, origin)?,
        };
        let mut new = 0;
        for event in events {
            let raw = if let Origin::Live(raw) = origin { raw } else { None };
            if self.tx.insert_event(stored.id, event, self.now, raw)? {
                new += 1;
                self.fold(&mut stored, event)?;
            }
        }
        if new > 0 {
            self.let_settle(&mut stored);
            self.tx.update_call(stored)?;
        } else {
            self.tx.put_back(stored);
        }
        Ok(Accepted { accepted: new, duplicates: events.len() - new, new_calls })
    }

    fn open_call(&self, first: &CallEvent, origin: Origin) -> Result<StoredCall, StorageError> {
        let (mut call, mut told) = (Call::default(), Told::default());
        if origin == Origin::History {
            told.skip_realtime();
        }
        // What the indexes hold is right at once; the call itself begins empty and takes this event like any other.
        call.fold(first);
        let reference = CallReference::of(&self.instance.workspace, &first.call);
        let mut stored = self.tx.insert_call(self.instance.id, &first.call, &reference, call, told)?;
        stored.call = Call::default();
        Ok(stored)
    }

    fn fold(&mut self, stored: &mut StoredCall, event: &CallEvent) -> Result<(), StorageError> {
        if let Happening::Leg(leg) = &event.happening
            && !stored.call.legs().contains_key(&leg.id)
        {
            self.tx.insert_leg(self.instance.id, &leg.id, stored.id)?;
        }
        // The history tells of recordings that were told live, under another event id.
        let new_recording = match &event.happening {
            Happening::RecordingReady(recording) => stored.call.recording(&recording.leg).is_none(),
            _ => false,
        };
        stored.call.fold(event);
        self.tx.pass(CrashPoint::Folded);
        for notice in stored.told.catch_up(&stored.call) {
            self.plan(stored, DestinationKind::Kontur, notice)?;
        }
        self.tx.pass(CrashPoint::Planned);
        if let Happening::RecordingReady(recording) = &event.happening
            && new_recording
            && stored.told.is_settled()
        {
            for (destination, notice) in hand_on_recording(&stored.call, recording, &self.job_triggers()) {
                self.plan(stored, destination, notice)?;
            }
        }
        Ok(())
    }

    /// A finished call waits until nothing more comes of it.
    fn let_settle(&mut self, stored: &mut StoredCall) {
        let due = stored.told.awaits_settling(&stored.call).then(|| self.now.plus(self.waits.settle));
        stored.settle_at = due;
        self.aftermath.settling.extend(due.map(|at| (stored.id, at)));
    }

    /// Hands a finished call on if it has been quiet: registration, comment, jobs.
    pub(crate) fn settle(&mut self, mut stored: StoredCall) -> Result<(), StorageError> {
        for (destination, notice) in self.hand_on(&stored.call) {
            self.plan(&stored, destination, notice)?;
        }
        stored.told.settle(&stored.call);
        stored.settle_at = None;
        self.tx.update_call(stored)?;
        self.tx.pass(CrashPoint::HandedOn);
        Ok(())
    }

    fn hand_on(&self, call: &Call) -> Vec<(DestinationKind, Notice)> {
        let workonflow = self.live.connections.destinations.contains_key(&DestinationKind::Workonflow);
        hand_on(call, workonflow, &self.job_triggers())
    }

    fn job_triggers(&self) -> Vec<JobTrigger> {
        self.live.settings.metabot.iter().flat_map(|metabot| metabot.jobs.iter().map(|job| job.on)).collect()
    }

    fn plan(
        &mut self,
        stored: &StoredCall,
        destination: DestinationKind,
        notice: Notice,
    ) -> Result<(), StorageError> {
        let expires_at = notice.is_realtime().then(|| self.now.plus(self.waits.realtime));
        let (instance, call, created_at) = (self.instance.id, stored.id, self.now);
        let new = NewDelivery { instance, destination, call, notice, created_at, expires_at };
        self.aftermath.planned.push(self.tx.insert_delivery(new)?);
        Ok(())
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
