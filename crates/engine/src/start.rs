//! Starting: instances from the configuration and the store, then whatever the last process left to do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::call::healing::{Patience, Watch};
use domain::chance::Chance;
use domain::clock::{Clock, Timestamp};
use domain::directory::Directory;
use domain::id::Workspace;
use domain::instance::arguments::SetupArguments;
use domain::instance::settings::{InstanceSettings, UserMapping};
use domain::outbox::limits::Limits;
use domain::outbox::schedule::RetrySchedule;
use domain::port::crash::{CrashPoint, CrashPoints};
use domain::retention::Retention;
use domain::secret::Secret;
use storage::Store;
use storage::instances::StoredInstance;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Engine;
use crate::access::AccessKeys;
use crate::cluster::claims::Claims;
use crate::cluster::{self, Others};
use crate::error::EngineError;
use crate::happening;
use crate::healing;
use crate::ingest::Waits;
use crate::instance::{Connect, Instance, Live};
use crate::listening;
use crate::outbox::clients::ClientLocks;
use crate::outbox::deliver::Deliverer;
use crate::outbox::deliver::calls::CallReader;
use crate::outbox::{Dispatcher, Outbox};
use crate::parking;
use crate::retention;
use crate::routing::Responsible;
use crate::settling::{self, Settling};
use crate::sync::{Syncing, timetable};
use crate::vault::Vault;

/// What an engine works with.
pub struct EngineOptions {
    /// Where everything is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for the jitter of retries.
    pub chance: Arc<dyn Chance>,
    /// Makes connections to remote systems.
    pub connect: Arc<dyn Connect>,
    /// Encrypts secrets at rest.
    pub vault: Vault,
    /// When deliveries are tried again.
    pub schedule: RetrySchedule,
    /// How many deliveries may be under way at once.
    pub limits: Limits,
    /// A finished call is handed on when it has been quiet for this long.
    pub settle: Duration,
    /// Whoever listens at the points that events, deliveries and CALLs pass. The store has its own.
    pub crash_points: CrashPoints,
    /// When a quiet call is asked for, and when its end is inferred.
    pub patience: Patience,
    /// How long the registration of a call at an extension of nobody is parked at most; zero: not at all.
    pub unmapped_wait: Duration,
    /// How long what is done with is kept.
    pub retention: Retention,
    /// What this process is called among others that serve from the same database.
    pub replica: String,
}

impl Engine {
    /// Starts: `declared` are the instances of the configuration file.
    pub async fn start(
        options: EngineOptions,
        declared: Vec<InstanceSettings>,
    ) -> Result<Arc<Self>, EngineError> {
        let (outbox, commands) = Outbox::new();
        let (settling, timers) = Settling::new();
        let membership = options.store.membership(options.replica);
        let is_shared = membership.is_some();
        let claims = if is_shared { Claims::shared() } else { Claims::alone() };
        let (others, news) = Others::new();
        let others = if is_shared { others } else { Others::default() };
        let waits = Waits {
            settle: options.settle,
            realtime: options.schedule.realtime_expires_after,
            look: options.patience.ask_after,
            parked: options.unmapped_wait,
        };
        let watch = Watch { patience: options.patience, listening_since: options.clock.now() };
        let engine = Arc::new(Self {
            store: options.store,
            clock: options.clock,
            connect: options.connect,
            vault: options.vault,
            instances: Arc::default(),
            access: AccessKeys::new(),
            outbox: outbox.clone(),
            settling: settling.clone(),
            syncing: Syncing::default(),
            reconciling: Semaphore::new(1),
            responsible: Responsible::default(),
            claims: claims.clone(),
            others,
            waits,
            crash_points: options.crash_points,
            watch,
            retention: options.retention,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        engine.load_instances(declared).await?;
        engine.crash_points.pass(CrashPoint::Recovering);
        let deliverer = Deliverer {
            store: engine.store.clone(),
            calls: CallReader::new(engine.store.clone()),
            clock: Arc::clone(&engine.clock),
            instances: Arc::clone(&engine.instances),
            outbox,
            schedule: options.schedule,
            chance: options.chance,
            clients: ClientLocks::default(),
            claims,
            crash_points: engine.crash_points.clone(),
        };
        let (tasks, stop) = (engine.tasks.clone(), engine.stop.clone());
        let mut dispatcher = Dispatcher::new(deliverer, options.limits, commands, tasks, stop);
        dispatcher.recover().await?;
        engine.crash_points.pass(CrashPoint::Recovering);
        engine.tasks.spawn(dispatcher.run());
        if !is_shared {
            for (call, at, _) in engine.store.read(|tx| tx.settling_calls()).await? {
                settling.at(call, at);
            }
        }
        happening::found_parked(engine.store.read(|tx| tx.count_parked()).await?);
        engine.crash_points.pass(CrashPoint::Recovering);
        engine.tasks.spawn(settling::run(Arc::clone(&engine), timers, engine.stop.clone()));
        if !is_shared {
            let now = engine.clock.now();
            engine
                .store
                .write(move |tx| tx.interrupt_reconciliations(now, Timestamp::from_micros(i64::MAX)))
                .await?;
            engine.resume_syncs().await?;
            engine.resume_dials().await?;
        }
        engine.tasks.spawn(timetable::run(Arc::clone(&engine)));
        engine.crash_points.pass(CrashPoint::Recovering);
        engine.tasks.spawn(healing::run(Arc::clone(&engine), engine.stop.clone()));
        engine.tasks.spawn(parking::run(Arc::clone(&engine)));
        engine.tasks.spawn(listening::run(Arc::clone(&engine)));
        engine.tasks.spawn(retention::run(Arc::clone(&engine)));
        if let Some(membership) = membership {
            let (member, worker) = cluster::join(&engine, membership).await;
            engine.tasks.spawn(cluster::run(member, worker, news));
        }
        Ok(engine)
    }

    async fn load_instances(&self, declared: Vec<InstanceSettings>) -> Result<(), EngineError> {
        let stored =
            self.declare(declared.iter().map(|settings| settings.workspace.clone()).collect()).await?;
        let declared_ids: HashSet<_> = stored.iter().map(|stored| stored.id).collect();
        for (stored, settings) in stored.iter().zip(declared) {
            let users = settings.users.clone();
            self.bring_up(stored, settings, users, true)?;
        }
        for stored in self.store.read(|tx| tx.list_instances()).await? {
            if declared_ids.contains(&stored.id) {
                continue;
            }
            if let Err(error) = self.load_stored(&stored).await {
                happening::background_failed(&stored.workspace, "loading the integration", &error);
            }
        }
        Ok(())
    }

    /// Stores the instances of the file, all in one change; gives them in the same order.
    async fn declare(&self, workspaces: Vec<Workspace>) -> Result<Vec<StoredInstance>, EngineError> {
        let now = self.clock.now();
        let stored = self.store.write(move |tx| {
            let declare = |workspace| {
                match tx.find_instance(workspace)? {
                    Some(known) => tx.redeclare_instance(known.id, true, None)?,
                    None => drop(tx.insert_instance(workspace, true, None, now)?),
                }
                tx.find_instance(workspace)
            };
            workspaces.iter().map(declare).collect::<Result<Option<Vec<_>>, _>>()
        });
        stored.await?.ok_or(EngineError::Internal)
    }

    /// An instance made through the admin API. One that was declared in the file, and is not any more, has no
    /// settings here: its calls stay, nothing is delivered for it.
    pub(crate) async fn load_stored(&self, stored: &StoredInstance) -> Result<(), EngineError> {
        let Some(sealed) = &stored.settings else {
            tracing::warn!(workspace = %stored.workspace, "not in the configuration any more; its calls stay");
            return Ok(());
        };
        let settings = self.vault.open(sealed).map_err(|error| EngineError::Conflict(error.to_string()))?;
        let settings = self.connect.parse(&settings).map_err(EngineError::Invalid)?;
        let id = stored.id;
        let users = self.store.read(move |tx| tx.users(id)).await?;
        self.bring_up(stored, settings, users, false).map(drop)
    }

    /// Makes an instance work, or work with other settings.
    pub(crate) fn bring_up(
        &self,
        stored: &StoredInstance,
        settings: InstanceSettings,
        users: Vec<UserMapping>,
        declared: bool,
    ) -> Result<Arc<Instance>, EngineError> {
        let arguments = self.stored_arguments(stored.arguments.as_deref())?;
        let live = self.connect_all(settings, users, arguments)?;
        let known = self.instances.get(stored.id).filter(|known| known.declared == declared);
        let instance = if let Some(known) = known {
            known.set_live(live);
            known.known_condition().set(stored.condition.clone());
            known
        } else {
            let new = Arc::new(Instance::new(stored.id, declared, live, stored.condition.clone()));
            self.instances.insert(Arc::clone(&new));
            new
        };
        instance.set_stored_as(stored.settings.clone());
        happening::status(&instance.workspace, instance.status());
        Ok(instance)
    }

    /// What an instance works with.
    pub(crate) fn connect_all(
        &self,
        mut settings: InstanceSettings,
        users: Vec<UserMapping>,
        arguments: SetupArguments,
    ) -> Result<Live, EngineError> {
        if let Some(secret) = &arguments.secret_key {
            settings.secret_key = Some(secret.clone());
        }
        let connections = self.connect.connect(&settings).map_err(EngineError::Invalid)?;
        let directory = Directory::new(users).map_err(|error| EngineError::Invalid(error.to_string()))?;
        Ok(Live { settings, arguments, directory, connections })
    }

    /// Encrypts settings for the store.
    pub(crate) fn seal(&self, text: &Secret) -> Result<Vec<u8>, EngineError> {
        self.vault.seal(text).map_err(|error| EngineError::Conflict(error.to_string()))
    }
}
