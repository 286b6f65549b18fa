//! What administrators do: instances, users, calls with their timeline, deliveries.

use std::sync::Arc;

use domain::clock::Timestamp;
use domain::directory::Directory;
use domain::id::{CallId, DeliveryId, InstanceId};
use domain::instance::settings::{InstanceSettings, UserMapping};
use domain::instance::status::{Condition, Signal};
use domain::outbox::DestinationKind;
use domain::secret::Secret;
use storage::calls::{CallFilter, EventRecord, StoredCall};
use storage::cluster::News;
use storage::deliveries::{AttemptRecord, DeliveryFilter, DeliveryRecord, PendingDelivery};
use storage::instances::StatusChange;
use storage::parked::Parked;
use storage::recordings::RecordingRecord;
use storage::sync_jobs::SyncJob;

use crate::Engine;
use crate::error::EngineError;
use crate::instance::Instance;
use crate::outbox::Command;

/// Changes of status that are shown.
const HISTORY: u32 = 100;

/// Deliveries replayed in one go.
const REPLAY: u32 = 10_000;

/// The status of an instance with its reasons and history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// What the status follows from, as of the last change in the history.
    pub condition: Condition,
    /// Since when it is what it is.
    pub since: Timestamp,
    /// The latest changes, the latest first.
    pub history: Vec<StatusChange>,
}

/// All that happened to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The call.
    pub stored: StoredCall,
    /// Its events in the order they happened.
    pub events: Vec<EventRecord>,
    /// Its recordings of which the telephony told, by leg.
    pub recordings: Vec<RecordingRecord>,
    /// Its deliveries in the order they were planned, with their attempts.
    pub deliveries: Vec<(DeliveryRecord, Vec<AttemptRecord>)>,
    /// Until when and for whom its registration waits, if it is parked.
    pub parked: Option<Parked>,
}

impl Engine {
    /// Makes an instance, or gives one that was made here other settings. Says whether it is new.
    pub async fn put_instance(
        &self,
        settings: InstanceSettings,
        json: &Secret,
    ) -> Result<(Arc<Instance>, bool), EngineError> {
        let workspace = settings.workspace.clone();
        if self.instances.of(workspace.as_str()).is_some_and(|known| known.declared) {
            return Err(read_only());
        }
        // Refused before anything is stored if the settings do not allow connections.
        drop(self.connect_all(
            settings.clone(),
            settings.users.clone(),
            domain::instance::arguments::SetupArguments::default(),
        )?);
        let (sealed, users, now) = (self.seal(json)?, settings.users.clone(), self.clock.now());
        let stored = self.store.write(move |tx| {
            let known = tx.find_instance(&workspace)?;
            let id = match &known {
                Some(known) => {
                    tx.redeclare_instance(known.id, false, Some(&sealed))?;
                    known.id
                }
                None => tx.insert_instance(&workspace, false, Some(&sealed), now)?,
            };
            tx.set_users(id, &users)?;
            Ok((tx.find_instance(&workspace)?, known.is_none_or(|known| known.deleted)))
        });
        let (stored, created) = stored.await?;
        let stored = stored.ok_or(EngineError::Internal)?;
        let users = settings.users.clone();
        let instance = self.bring_up(&stored, settings, users, false)?;
        self.outbox.tell(Command::Load(instance.id));
        self.others.tell(News::Free);
        self.reconsider_parked(instance.id).await?;
        Ok((instance, created))
    }

    /// Deletes an instance made here, with all its secrets. Its calls stay.
    pub async fn delete_instance(&self, instance: &Instance) -> Result<(), EngineError> {
        if instance.declared {
            return Err(read_only());
        }
        let (id, now) = (instance.id, self.clock.now());
        self.store.write(move |tx| tx.delete_instance(id, now)).await?;
        self.instances.remove(id);
        self.outbox.tell(Command::Forget(id));
        Ok(())
    }

    /// The settings as given to [`Self::put_instance`]; none of a declared instance. Secrets are in it.
    pub async fn settings_of(&self, instance: &Instance) -> Result<Option<Secret>, EngineError> {
        let workspace = instance.workspace.clone();
        let stored = self.store.read(move |tx| tx.find_instance(&workspace)).await?;
        let sealed = stored.and_then(|stored| stored.settings);
        let opened = sealed.map(|sealed| self.vault.open(&sealed)).transpose();
        opened.map_err(|error| EngineError::Conflict(error.to_string()))
    }

    /// Holds deliveries back until resumed; events are still taken in.
    pub async fn pause(&self, instance: &Instance) -> Result<(), EngineError> {
        self.signal(instance, Signal::Paused).await
    }

    /// Ends a pause that was set here. A pause set in Kontur stays.
    pub async fn resume(&self, instance: &Instance) -> Result<(), EngineError> {
        self.signal(instance, Signal::Resumed).await
    }

    /// The status with its history.
    pub async fn status_report(&self, instance: &Instance) -> Result<StatusReport, EngineError> {
        let (id, workspace) = (instance.id, instance.workspace.clone());
        let (stored, history) = self
            .store
            .read(move |tx| Ok((tx.find_instance(&workspace)?, tx.status_changes(id, HISTORY)?)))
            .await?;
        let stored = stored.ok_or(EngineError::Internal)?;
        Ok(StatusReport { condition: stored.condition, since: stored.status_since, history })
    }

    /// Replaces the users of an instance made here. Parked calls that waited for them are registered.
    pub async fn set_users(&self, instance: &Instance, users: Vec<UserMapping>) -> Result<(), EngineError> {
        if instance.declared {
            return Err(read_only());
        }
        let directory =
            Directory::new(users.clone()).map_err(|error| EngineError::Invalid(error.to_string()))?;
        let id = instance.id;
        self.store.write(move |tx| tx.set_users(id, &users)).await?;
        instance.change_live(|live| live.directory = directory);
        self.reconsider_parked(id).await
    }

    /// Calls, the latest first.
    pub async fn list_calls(&self, filter: CallFilter) -> Result<Vec<StoredCall>, EngineError> {
        Ok(self.store.read(move |tx| tx.list_calls(&filter)).await?)
    }

    /// All that happened to a call.
    pub async fn timeline(&self, id: CallId) -> Result<Timeline, EngineError> {
        let found = self.store.read(move |tx| {
            let Some(stored) = tx.call(id)? else { return Ok(None) };
            let deliveries = tx.deliveries_of(id)?;
            let with_attempts = deliveries.into_iter().map(|delivery| {
                let attempts = tx.attempts_of(delivery.id)?;
                Ok((delivery, attempts))
            });
            let deliveries = with_attempts.collect::<Result<_, storage::error::StorageError>>()?;
            let (events, recordings) = (tx.events_of(id)?, tx.recordings_of(id)?);
            let parked = tx.parked(stored.instance, id)?;
            Ok(Some(Timeline { stored, events, recordings, deliveries, parked }))
        });
        found.await?.ok_or_else(|| EngineError::NotFound(format!("there is no call {id}")))
    }

    /// Deliveries, the latest first.
    pub async fn list_deliveries(&self, filter: DeliveryFilter) -> Result<Vec<DeliveryRecord>, EngineError> {
        Ok(self.store.read(move |tx| tx.list_deliveries(&filter)).await?)
    }

    /// A delivery with its attempts.
    pub async fn delivery(
        &self,
        id: DeliveryId,
    ) -> Result<(DeliveryRecord, Vec<AttemptRecord>), EngineError> {
        let found = self.store.read(move |tx| Ok(tx.delivery(id)?.zip(Some(tx.attempts_of(id)?)))).await?;
        found.ok_or_else(|| EngineError::NotFound(format!("there is no delivery {id}")))
    }

    /// Makes a delivery due now. One that creates something is looked up before it is sent.
    pub async fn retry_delivery(&self, id: DeliveryId) -> Result<DeliveryRecord, EngineError> {
        let (record, _) = self.delivery(id).await?;
        if !self.revive(&record, Command::Revived).await? {
            return Err(EngineError::Conflict(format!("delivery {id} was delivered already")));
        }
        Ok(self.delivery(id).await?.0)
    }

    /// Makes all deliveries that match due now; says how many. Delivered ones are left alone.
    pub async fn replay(&self, filter: DeliveryFilter) -> Result<usize, EngineError> {
        let filter = DeliveryFilter { limit: REPLAY, ..filter };
        let mut revived = 0;
        // The oldest first, so that each lane is refilled in its order.
        for record in self.list_deliveries(filter).await?.iter().rev() {
            revived += usize::from(self.revive(record, Command::Replayed).await?);
        }
        Ok(revived)
    }

    /// Makes a delivery due that had been given up, as one of many. False if it was delivered.
    pub(crate) async fn send_again(&self, id: DeliveryId) -> Result<bool, EngineError> {
        let (record, _) = self.delivery(id).await?;
        self.revive(&record, Command::Replayed).await
    }

    async fn revive(
        &self,
        record: &DeliveryRecord,
        command: fn(PendingDelivery) -> Command,
    ) -> Result<bool, EngineError> {
        let (id, now, outbox) = (record.id, self.clock.now(), self.outbox.clone());
        let (instance, destination) = (record.instance, DestinationKind::parse(&record.destination));
        let (call, is_ours, others) = (record.call, self.claims.holds(record.instance), self.others.clone());
        let revived = self.store.write(move |tx| {
            if !tx.revive_delivery(id, now)? {
                return Ok(false);
            }
            let Some(destination) = destination else { return Ok(false) };
            let pending = tx.pending_deliveries(instance, destination, DeliveryId(id.0 - 1), 1)?;
            let outbox = outbox.clone();
            let others = others.clone();
            tx.after_commit(move || {
                if is_ours {
                    for delivery in pending {
                        outbox.tell(command(delivery));
                    }
                } else {
                    others.tell(News::Planned(vec![(instance, call)]));
                }
            });
            Ok(true)
        });
        Ok(revived.await?)
    }

    /// A run of the history sync.
    pub async fn sync_job(&self, id: i64) -> Result<SyncJob, EngineError> {
        let found = self.store.read(move |tx| tx.sync_job(id)).await?;
        found.ok_or_else(|| EngineError::NotFound(format!("there is no sync {id}")))
    }

    /// Whether the store can be written to, which a full disk does not allow; for the readiness check.
    pub async fn check_store(&self) -> Result<(), EngineError> {
        let now = self.clock.now().rfc3339();
        Ok(self.store.write(move |tx| tx.set_mark(InstanceId(0), "ready", &now)).await?)
    }
}

fn read_only() -> EngineError {
    EngineError::Conflict(
        "this integration is declared in the configuration file; change it there".to_owned(),
    )
}
