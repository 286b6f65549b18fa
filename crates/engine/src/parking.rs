//! Calls whose registration is parked until their extensions are given to users, which is decided in
//! `domain::parking`. Looked at again when the mapping changes, when the call does, and when it has waited for long
//! enough.
//!
//! Which calls are parked is in the store: a kill between a new mapping and the registrations that follow from it costs
//! nothing, since a start looks at all of them. So does a mapping that is given again.

use std::sync::Arc;
use std::time::Duration;

use domain::call::Call;
use domain::clock::Timestamp;
use domain::communication::Registration;
use domain::id::{CallId, Extension, ExternalId, InstanceId};
use domain::outbox::{DestinationKind, Notice};
use domain::parking;
use domain::plan::Told;
use domain::port::crash::CrashPoint;
use storage::About;
use storage::calls::StoredCall;
use storage::error::StorageError;
use storage::parked::Parked;
use storage::unmapped::UnmappedExtension;

use crate::Engine;
use crate::error::EngineError;
use crate::ingest::{Aftermath, Journal};
use crate::instance::Instance;

/// Parked calls that are looked at in one change.
const BATCH: u32 = 64;

/// How often it is looked whether one has waited for long enough.
const EVERY: Duration = Duration::from_secs(30);

/// Extensions that are reported; those with the latest calls.
const REPORTED: u32 = 1_000;

/// An extension that was in calls and belonged to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// What was noted of it.
    pub seen: UnmappedExtension,
    /// How many calls are parked for its sake.
    pub parked: u64,
}

/// Which parked calls of an instance are looked at.
#[derive(Debug, Clone, Copy)]
enum Which {
    /// Those that have waited for long enough.
    Due,
    /// All after this one.
    After(CallId),
}

/// Runs until the engine is stopped.
pub(crate) async fn run(engine: Arc<Engine>) {
    // The configuration may have changed since the calls were parked.
    let mut has_looked_at_all = false;
    loop {
        let looked = if has_looked_at_all {
            engine.look_after_parked_calls().await
        } else {
            engine.reconsider_all_parked().await
        };
        match looked {
            Ok(()) => has_looked_at_all = true,
            Err(error) => tracing::error!(%error, "parked calls cannot be looked after; trying again"),
        }
        if !engine.rests(EVERY).await {
            return;
        }
    }
}

impl Engine {
    /// Registers the parked calls that have waited for long enough, as the timer does. Those of an instance that is gone
    /// rest until it is back.
    pub async fn look_after_parked_calls(&self) -> Result<(), EngineError> {
        let (instances, now) = (self.our_instances(), self.clock.now());
        let latest = now.plus(self.waits.parked);
        let due = self.store.read(move |tx| {
            let mut due = Vec::new();
            for instance in &instances {
                if !tx.due_parked_calls(instance.id, now, latest, 1)?.is_empty() {
                    due.push(instance.id);
                }
            }
            Ok(due)
        });
        for instance in due.await? {
            while self.reconsider_some_parked(instance, Which::Due).await?.is_some() {}
        }
        Ok(())
    }

    async fn reconsider_all_parked(&self) -> Result<(), EngineError> {
        for instance in self.our_instances() {
            self.reconsider_parked(instance.id).await?;
        }
        Ok(())
    }

    /// Looks at all parked calls of an instance: its mapping may have changed.
    pub(crate) async fn reconsider_parked(&self, instance: InstanceId) -> Result<(), EngineError> {
        // Most instances have none, and a look costs the writer nothing.
        if self.store.read(move |tx| tx.parked_calls(instance, CallId(0), 1)).await?.is_empty() {
            return Ok(());
        }
        let mut after = Some(CallId(0));
        while let Some(call) = after {
            after = self.reconsider_some_parked(instance, Which::After(call)).await?;
        }
        Ok(())
    }

    /// Looks at a batch in one change; gives its last call if there may be more. The mapping is that of the moment, read
    /// by the writer: whoever parks a call by an older one has done so before.
    async fn reconsider_some_parked(
        &self,
        instance: InstanceId,
        which: Which,
    ) -> Result<Option<CallId>, StorageError> {
        let (instances, now) = (Arc::clone(&self.instances), self.clock.now());
        self.journal(About::default, move |tx, waits| {
            let Some(instance) = instances.get(instance) else { return Ok((None, Aftermath::default())) };
            let batch = match which {
                Which::Due => tx.due_parked_calls(instance.id, now, now.plus(waits.parked), BATCH)?,
                Which::After(call) => tx.parked_calls(instance.id, call, BATCH)?,
            };
            let last = batch.last().map(|parked| parked.call).filter(|_| batch.len() >= BATCH as usize);
            let (live, aftermath) = (instance.live(), Aftermath::default());
            let mut journal = Journal { tx, instance: &instance, live: &live, waits, now, aftermath };
            for parked in &batch {
                journal.reconsider_parked(parked)?;
            }
            Ok((last, journal.aftermath))
        })
        .await
    }

    /// Extensions that were in calls when nobody had them, and that nobody has by the mapping of now either; the latest
    /// call first.
    pub async fn unmapped(&self, instance: &Instance) -> Result<Vec<Unmapped>, EngineError> {
        let (id, live) = (instance.id, instance.live());
        let (seen, mut parked) =
            self.store.read(move |tx| Ok((tx.unmapped(id, REPORTED)?, tx.parked_by_extension(id)?))).await?;
        let with_parked = seen.into_iter().map(|seen| {
            let parked = parked.remove(&seen.extension).unwrap_or_default();
            Unmapped { seen, parked }
        });
        let has_user = |seen: &UnmappedExtension| live.directory.user_at(&seen.extension, seen.last_call_at);
        Ok(with_parked.filter(|one| one.parked > 0 || has_user(&one.seen).is_none()).collect())
    }
}

impl Journal<'_, '_> {
    /// Remembers that a call is handed on, its registration parked if it belongs to nobody. Gives the extensions of nobody,
    /// for [`Self::note_unmapped`] once the call has a row.
    pub(crate) fn mark_handed_on(
        &self,
        external_id: &ExternalId,
        call: &Call,
        told: &mut Told,
    ) -> Vec<Extension> {
        told.settle(call);
        if !told.is_settled() {
            return Vec::new();
        }
        let unmapped = self.unmapped(external_id, call);
        if self.is_parked(&unmapped) {
            told.park();
        }
        unmapped
    }

    /// Notes extensions of nobody in a call that is handed on, and until when it waits for them if it is parked.
    pub(crate) fn note_unmapped(
        &mut self,
        stored: &StoredCall,
        extensions: Vec<Extension>,
    ) -> Result<(), StorageError> {
        for extension in &extensions {
            self.tx.note_unmapped(self.instance.id, extension, stored.call.began_at())?;
        }
        if stored.told.is_parked() {
            let (call, until) = (stored.id, self.latest_registration());
            self.tx.park(&Parked { call, instance: self.instance.id, until, extensions })?;
            self.aftermath.parked.push(call);
        }
        Ok(())
    }

    /// Looks at a call again of which something new became known, if it is parked.
    pub(crate) fn reconsider_changed(&mut self, stored: &mut StoredCall) -> Result<(), StorageError> {
        if !stored.told.is_parked() {
            return Ok(());
        }
        match self.tx.parked(self.instance.id, stored.id)? {
            Some(parked) => self.reconsider(stored, &parked),
            None => self.register_parked(stored),
        }
    }

    fn reconsider_parked(&mut self, parked: &Parked) -> Result<(), StorageError> {
        let Some(mut stored) = self.tx.take_call(parked.call)? else {
            return self.tx.unpark(parked.instance, parked.call);
        };
        // Another process may have registered it since it was read that it is parked.
        if !stored.told.is_parked() {
            self.tx.put_back(stored);
            return Ok(());
        }
        self.reconsider(&mut stored, parked)?;
        if stored.told.is_parked() {
            self.tx.put_back(stored);
            Ok(())
        } else {
            self.tx.update_call(stored)
        }
    }

    /// Registers a parked call if it waits no longer, else keeps what it waits for up to date.
    fn reconsider(&mut self, stored: &mut StoredCall, before: &Parked) -> Result<(), StorageError> {
        let extensions = self.unmapped(&stored.external_id, &stored.call);
        if before.until <= self.now || !self.is_parked(&extensions) {
            return self.register_parked(stored);
        }
        let until = before.until.min(self.latest_registration());
        let after = Parked { call: before.call, instance: before.instance, until, extensions };
        if after == *before { Ok(()) } else { self.tx.park(&after) }
    }

    fn register_parked(&mut self, stored: &mut StoredCall) -> Result<(), StorageError> {
        self.tx.unpark(self.instance.id, stored.id)?;
        stored.told.unpark();
        // A new mapping may bring many at once: calls that go on are told first.
        self.plan(stored.id, DestinationKind::Kontur, Notice::Register, true)?;
        self.aftermath.unparked.push(stored.id);
        self.tx.pass(CrashPoint::HandedOn);
        Ok(())
    }

    /// By the mapping as it is now, which may be newer than the journal.
    fn unmapped(&self, external_id: &ExternalId, call: &Call) -> Vec<Extension> {
        parking::unmapped(&Registration::of(external_id, call), &self.instance.live().directory)
    }

    fn is_parked(&self, unmapped: &[Extension]) -> bool {
        parking::is_parked(unmapped, &self.instance.live().directory, self.waits.parked)
    }

    fn latest_registration(&self) -> Timestamp {
        self.now.plus(self.waits.parked)
    }
}
