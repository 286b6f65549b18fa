//! The use cases: take events in, deliver, set up, dial, sync, administer. Rules are in `domain`, SQL in `storage`;
//! remote systems arrive as trait objects.

mod access;
pub mod admin;
mod chance;
mod clock_watch;
mod cluster;
pub mod dial;
pub mod error;
pub mod happening;
mod healing;
pub mod ingest;
pub mod instance;
mod listening;
mod outbox;
pub mod parking;
pub mod reconcile;
mod retention;
mod routing;
mod settling;
mod setup;
mod start;
pub mod status;
pub mod sync;
pub mod vault;

use std::sync::Arc;

use bytes::Bytes;
use domain::call::event::CallEvent;
use domain::call::healing::Watch;
use domain::clock::{Clock, Timestamp};
use domain::instance::status::Signal;
use domain::port::crash::{CrashPoint, CrashPoints};
use domain::port::provider::{WebhookError, WebhookRequest};
use domain::retention::Retention;
use domain::secret::Secret;
use storage::error::StorageError;
use storage::{About, Store, Tx};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::AccessKeys;
use crate::cluster::Others;
use crate::cluster::claims::Claims;
use crate::error::EngineError;
use crate::ingest::{Accepted, Aftermath, Journal, Origin, Waits};
use crate::instance::{Connect, Instance, Instances};
use crate::outbox::{Command, Outbox};
use crate::routing::Responsible;
use crate::settling::Settling;
use crate::sync::Syncing;
use crate::vault::Vault;

pub use chance::SystemChance;
pub use start::EngineOptions;

/// The use cases on one store.
pub struct Engine {
    store: Store,
    clock: Arc<dyn Clock>,
    connect: Arc<dyn Connect>,
    vault: Vault,
    instances: Arc<Instances>,
    access: AccessKeys,
    outbox: Outbox,
    settling: Settling,
    syncing: Syncing,
    /// One reconciliation at a time: they are long, and nobody waits for them.
    reconciling: Semaphore,
    responsible: Responsible,
    /// For which instances this process acts.
    claims: Claims,
    others: Others,
    waits: Waits,
    crash_points: CrashPoints,
    watch: Watch,
    retention: Retention,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Engine {
    /// The instance of a workspace.
    pub fn instance(&self, workspace: &str) -> Result<Arc<Instance>, EngineError> {
        let unknown = || EngineError::NotFound("there is no integration for this workspace".to_owned());
        self.instances.of(workspace).ok_or_else(unknown)
    }

    /// All instances, by workspace.
    pub fn all_instances(&self) -> Vec<Arc<Instance>> {
        self.instances.all()
    }

    /// The present, by the clock that everything here goes by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes a provider's request in. When this returns the events are durable.
    pub async fn take_webhook<'h>(
        &self,
        workspace: &str,
        provider: &str,
        header: &'h (dyn Fn(&str) -> Option<&'h str> + Sync),
        body: Bytes,
    ) -> Result<Accepted, EngineError> {
        self.crash_points.pass(CrashPoint::Received);
        let instance = self.known_instance(workspace).await?;
        let live = instance.live();
        let kind = live.connections.provider.kind();
        if kind != provider {
            return Err(EngineError::NotFound(format!(
                "this workspace's telephony is {kind}, not {provider}"
            )));
        }
        let now = self.clock.now();
        let verified = {
            // In a block: the closure may not be kept across an await.
            let header = |name: &str| header(name);
            live.connections.provider.verify(&WebhookRequest {
                header: &header,
                body: &body,
                received_at: now,
            })
        };
        if let Err(error) = verified {
            happening::webhook_refused(&instance.workspace, kind, &error.to_string());
            return Err(match error {
                WebhookError::Unauthorized(message) => EngineError::Unauthorized(message),
                WebhookError::Invalid(faults) => EngineError::InvalidEvents(faults),
            });
        }
        if !self.is_set_up(&instance).await? {
            return Err(EngineError::NotConfigured(
                "the integration is not set up yet; run setup".to_owned(),
            ));
        }
        // Read here, on a thread of which there are many: there is one that writes.
        let read = Arc::new(live.connections.provider.parse(&body).map_err(WebhookError::into_faults));
        let taken = {
            let (instance, of_change) = (Arc::clone(&instance), Arc::clone(&read));
            let (id, read) = (instance.id, Arc::clone(&read));
            let about = move || ingest::about(id, read.as_deref().unwrap_or_default(), true);
            self.journal(about, move |tx, waits| {
                let aftermath = Aftermath::default();
                let mut journal = Journal { tx, instance: &instance, live: &live, waits, now, aftermath };
                let accepted = journal.request(&body, &of_change)?;
                Ok((accepted, journal.aftermath))
            })
        };
        let accepted = taken.await?;
        self.crash_points.pass(CrashPoint::Acknowledged);
        if let Err(faults) = &*read {
            happening::webhook_refused(&instance.workspace, kind, "invalid events");
            return Err(EngineError::InvalidEvents(faults.clone()));
        }
        happening::events_accepted(kind, accepted.accepted, accepted.duplicates);
        happening::events_forgotten(&instance.workspace, accepted.forgotten);
        Ok(accepted)
    }

    /// Lets a caller in that claims to be Kontur; without a workspace the one whose instance accepts the key.
    pub async fn authenticate(
        &self,
        workspace: Option<&str>,
        access_key: Option<&Secret>,
    ) -> Result<Arc<Instance>, EngineError> {
        let missing = || EngineError::Unauthorized("header X-XCOM-AccessKey is missing".to_owned());
        match workspace {
            Some(workspace) => {
                let instance = self.known_instance(workspace).await?;
                self.access.check(&*self.clock, &instance, access_key.ok_or_else(missing)?).await?;
                Ok(instance)
            }
            None => self.access.find(&*self.clock, &self.instances, access_key.ok_or_else(missing)?).await,
        }
    }

    /// Takes events in that were not sent as a request.
    pub(crate) async fn take_events(
        &self,
        instance: &Instance,
        events: Vec<CallEvent>,
        origin: Origin,
    ) -> Result<Accepted, EngineError> {
        let (id, live, now) = (instance.id, instance.live(), self.clock.now());
        let instances = Arc::clone(&self.instances);
        let events = Arc::new(events);
        let about = || ingest::about(id, &events, false);
        let of_change = Arc::clone(&events);
        let taken = self.journal(about, move |tx, waits| {
            let Some(instance) = instances.get(id) else {
                return Ok((Accepted::default(), Aftermath::default()));
            };
            let aftermath = Aftermath::default();
            let mut journal = Journal { tx, instance: &instance, live: &live, waits, now, aftermath };
            let accepted = journal.events(&of_change, origin)?;
            Ok((accepted, journal.aftermath))
        });
        let accepted = taken.await?;
        happening::events_forgotten(&instance.workspace, accepted.forgotten);
        Ok(accepted)
    }

    /// Runs a change of calls, `about` which something can be said in advance; hands on what it leaves to do once it is durable, even if the caller has gone away.
    pub(crate) async fn journal<T, F>(
        &self,
        about: impl FnOnce() -> About,
        mut change: F,
    ) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnMut(&Tx<'_>, Waits) -> Result<(T, Aftermath), StorageError> + Send + 'static,
    {
        let (waits, outbox, settling) = (self.waits, self.outbox.clone(), self.settling.clone());
        let (claims, others) = (self.claims.clone(), self.others.clone());
        self.store
            .write_about(about, move |tx| {
                let (result, aftermath) = change(tx, waits)?;
                let (outbox, settling) = (outbox.clone(), settling.clone());
                let (claims, others) = (claims.clone(), others.clone());
                tx.after_commit(move || {
                    if !aftermath.planned.is_empty() {
                        cluster::planned(aftermath.planned, &claims, &outbox, &others);
                    }
                    aftermath.settling.into_iter().for_each(|(call, at)| settling.at(call, at));
                    aftermath.corrected.into_iter().for_each(happening::end_corrected);
                    aftermath.parked.into_iter().for_each(happening::registration_parked);
                    aftermath.unparked.into_iter().for_each(happening::registration_unparked);
                });
                Ok(result)
            })
            .await
    }

    /// Applies a signal to the instance's condition.
    pub(crate) async fn signal(&self, instance: &Instance, signal: Signal) -> Result<(), EngineError> {
        if status::apply(&self.store, &*self.clock, instance, signal).await? {
            self.outbox.tell(Command::Wake);
        }
        Ok(())
    }

    /// From now on no delivery is handed out. Events and Kontur's calls are still taken.
    pub fn stop_delivering(&self) {
        self.stop.cancel();
    }

    /// Stops handing deliveries out and waits for those under way. Whoever does not wait to the end loses nothing: what
    /// is cut off is looked up at the next start.
    pub async fn shut_down(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
