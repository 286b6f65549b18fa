//! History sync: reads past calls from the provider and registers what is missing, once. Runs are stored and go on where
//! they were cut off; which span is read when is decided in `domain::sync`.
//!
//! Each instance has two kinds of run that do not wait for each other: the regular one, and spans that somebody asked
//! for, one after the other.

pub(crate) mod reading;
pub(crate) mod timetable;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::InstanceId;
use domain::instance::status::{Failure, Signal, Status};
use domain::port::RemoteErrorKind;
use domain::port::provider::Window;
use domain::sync::{Purpose, again, news};
use storage::cluster::News;
use storage::error::StorageError;
use storage::sync_jobs::{NewSyncJob, SyncJob};
use tokio::sync::Semaphore;

use self::reading::{Ended, Reading};
use crate::Engine;
use crate::error::EngineError;
use crate::happening;
use crate::instance::Instance;

/// Where the last regular sync ended.
const MARK: &str = "synced-until";

/// Syncs that are at work at the same time; each holds a page or two in memory.
const AT_ONCE: usize = 4;

/// How long to wait when the store does not take it.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// A regular sync that found nothing new is shown for so long.
const TIDIED_AFTER: Duration = Duration::from_hours(1);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncRequest {
    /// What is new since the last regular sync.
    News,
    /// The last day again.
    Again,
    /// A span.
    Span {
        /// Calls that began within.
        window: Window,
        /// So many are taken in a minute at most.
        calls_per_minute: Option<u32>,
    },
}

impl SyncRequest {
    /// As a run. `synced_until`: where the last regular sync ended.
    fn job(self, instance: InstanceId, synced_until: Option<Timestamp>, now: Timestamp) -> NewSyncJob {
        let (purpose, window, calls_per_minute) = match self {
            Self::News => (Purpose::News, news(synced_until, now), None),
            Self::Again => (Purpose::Again, again(now), None),
            Self::Span { window, calls_per_minute } => (Purpose::Span, window, calls_per_minute),
        };
        NewSyncJob { instance, purpose, window, calls_per_minute }
    }
}

/// Runs of the same queue wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Queue {
    /// The regular ones.
    News,
    /// All others.
    Spans,
}

impl Queue {
    const fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::News => Self::News,
            Purpose::Again | Purpose::Span => Self::Spans,
        }
    }
}

/// Which queues are worked on.
pub(crate) struct Syncing {
    at_work: Mutex<HashSet<(InstanceId, Queue)>>,
    asked_for_news: Mutex<HashMap<InstanceId, Timestamp>>,
    turns: Semaphore,
}

impl Default for Syncing {
    fn default() -> Self {
        let (at_work, asked_for_news) = (Mutex::default(), Mutex::default());
        Self { at_work, asked_for_news, turns: Semaphore::new(AT_ONCE) }
    }
}

impl Syncing {
    /// False if somebody is at work on the queue already.
    fn begin(&self, queue: (InstanceId, Queue)) -> bool {
        lock(&self.at_work).insert(queue)
    }

    fn end(&self, queue: (InstanceId, Queue)) {
        lock(&self.at_work).remove(&queue);
    }

    /// When somebody last asked this process for a regular sync of the instance.
    pub(crate) fn asked_for_news(&self, instance: InstanceId) -> Option<Timestamp> {
        lock(&self.asked_for_news).get(&instance).copied()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Begins a sync; gives the run's number. The work goes on in the background. While a regular sync, or one of the same
    /// span, has not ended, its number is given.
    pub async fn begin_sync(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        request: SyncRequest,
    ) -> Result<i64, EngineError> {
        let asked_at = self.clock.now();
        let job = self.begin_run(instance, request).await?;
        if request == SyncRequest::News {
            lock(&self.syncing.asked_for_news).insert(instance.id, asked_at);
        }
        Ok(job)
    }

    /// The same by our own schedule, which gives way to others that ask and not to itself.
    async fn begin_run(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        request: SyncRequest,
    ) -> Result<i64, EngineError> {
        can_be_synced(instance)?;
        if let SyncRequest::Span { window, .. } = request
            && window.from >= window.to
        {
            return Err(EngineError::Invalid("from has to be before to".to_owned()));
        }
        let (id, now) = (instance.id, self.clock.now());
        let job = self.store.write(move |tx| {
            let synced_until = tx.mark(id, MARK)?.and_then(|text| Timestamp::parse(&text).ok());
            let new = request.job(id, synced_until, now);
            let same = |job: &SyncJob| match new.purpose {
                Purpose::Span => job.asked == new,
                purpose => job.asked.purpose == purpose,
            };
            if let Some(known) = tx.running_sync_jobs_of(id)?.into_iter().find(same) {
                return Ok(known.id);
            }
            tx.tidy_sync_jobs(id, now.minus(TIDIED_AFTER))?;
            tx.insert_sync_job(new, now)
        });
        let job = job.await?;
        self.work_on_syncs(id, if request == SyncRequest::News { Queue::News } else { Queue::Spans });
        Ok(job)
    }

    /// Goes on with the runs that the last process left.
    pub(crate) async fn resume_syncs(self: &Arc<Self>) -> Result<(), StorageError> {
        for job in self.store.read(|tx| tx.running_sync_jobs()).await? {
            self.work_on_sync(&job);
        }
        Ok(())
    }

    /// Goes on with the runs of an instance that another process left, or was asked for.
    pub(crate) async fn resume_syncs_of(self: &Arc<Self>, instance: InstanceId) -> Result<(), StorageError> {
        for job in self.store.read(move |tx| tx.running_sync_jobs_of(instance)).await? {
            self.work_on_sync(&job);
        }
        Ok(())
    }

    /// Sees to it that somebody works on the queue of a run.
    pub(crate) fn work_on_sync(self: &Arc<Self>, job: &SyncJob) {
        self.work_on_syncs(job.asked.instance, Queue::of(job.asked.purpose));
    }

    /// Stops a run for a while.
    pub async fn pause_sync(&self, id: i64) -> Result<SyncJob, EngineError> {
        let paused = self.store.write(move |tx| tx.pause_sync_job(id)).await?;
        self.changed_sync(id, paused, "is not running").await
    }

    /// Lets a run go on that was paused.
    pub async fn resume_sync(self: &Arc<Self>, id: i64) -> Result<SyncJob, EngineError> {
        let resumed = self.store.write(move |tx| tx.resume_sync_job(id)).await?;
        let job = self.changed_sync(id, resumed, "is not paused").await?;
        self.work_on_syncs(job.asked.instance, Queue::of(job.asked.purpose));
        Ok(job)
    }

    /// Ends a run before its end. What it read stays.
    pub async fn cancel_sync(&self, id: i64) -> Result<SyncJob, EngineError> {
        let now = self.clock.now();
        let cancelled = self.store.write(move |tx| tx.cancel_sync_job(id, now)).await?;
        self.changed_sync(id, cancelled, "has ended").await
    }

    async fn changed_sync(&self, id: i64, changed: bool, why_not: &str) -> Result<SyncJob, EngineError> {
        let job = self.sync_job(id).await?;
        let refused = || EngineError::Conflict(format!("sync {id} {why_not}: it is {}", job.state.word()));
        if changed { Ok(job) } else { Err(refused()) }
    }

    /// Runs of an instance, the latest first.
    pub async fn list_syncs(
        &self,
        instance: &Instance,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<SyncJob>, EngineError> {
        let id = instance.id;
        Ok(self.store.read(move |tx| tx.list_sync_jobs(id, before, limit)).await?)
    }

    /// Sees to it that somebody works on the queue.
    fn work_on_syncs(self: &Arc<Self>, instance: InstanceId, queue: Queue) {
        if !self.claims.holds(instance) {
            return self.others.tell(News::Syncs(vec![instance]));
        }
        let queue = (instance, queue);
        if self.syncing.begin(queue) {
            let (engine, at_work) = (Arc::clone(self), self.claims.enter(instance));
            self.tasks.spawn(async move {
                let work = engine.work_on(queue);
                engine.stop.run_until_cancelled(work).await;
                drop(at_work);
            });
        }
    }

    async fn work_on(self: &Arc<Self>, queue: (InstanceId, Queue)) {
        loop {
            match self.next_sync(queue).await {
                Ok(Some(job)) => self.run_sync(job).await,
                Ok(None) => {
                    self.syncing.end(queue);
                    // One may have been asked for meanwhile, by somebody who saw us at work.
                    let more = self.next_sync(queue).await.ok().flatten().is_some();
                    if !more || !self.syncing.begin(queue) {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "runs of the history sync cannot be read; trying again");
                    tokio::time::sleep(STORE_AGAIN).await;
                }
            }
        }
    }

    async fn next_sync(&self, queue: (InstanceId, Queue)) -> Result<Option<SyncJob>, StorageError> {
        if !self.claims.holds(queue.0) {
            return Ok(None); // somebody else goes on with them
        }
        let running = self.store.read(move |tx| tx.running_sync_jobs_of(queue.0)).await?;
        Ok(running.into_iter().find(|job| Queue::of(job.asked.purpose) == queue.1))
    }

    /// Reads until the run has ended, or somebody stops it.
    async fn run_sync(self: &Arc<Self>, job: SyncJob) {
        let (id, purpose, until) = (job.id, job.asked.purpose, job.asked.window.to);
        let Some(instance) = self.instances.get(job.asked.instance) else {
            return self.finish_sync(id, None, Some("the integration was deleted".to_owned())).await;
        };
        let Ok(_turn) = self.syncing.turns.acquire().await else { return };
        let mut reading = Reading::new(self, &instance, job);
        let outcome = match reading.read().await {
            Ok(Ended::Stopped) => return,
            Ok(Ended::ReadWhole) => Ok(()),
            Err(error) => Err(error),
        };
        let reason = outcome.as_ref().err().map(ToString::to_string);
        self.judge_sync(&instance, outcome, reading.seen, reading.added).await;
        let mark = (purpose == Purpose::News && reason.is_none()).then_some((instance.id, until));
        self.finish_sync(id, mark, reason).await;
    }

    /// However long the store takes: what has ended must not be done again and again.
    async fn finish_sync(&self, id: i64, mark: Option<(InstanceId, Timestamp)>, reason: Option<String>) {
        loop {
            let (now, reason) = (self.clock.now(), reason.clone());
            let finished = self.store.write(move |tx| {
                if let Some((instance, until)) = mark {
                    tx.set_mark(instance, MARK, &until.rfc3339())?;
                }
                tx.finish_sync_job(id, now, reason.as_deref())
            });
            match finished.await {
                Ok(()) | Err(StorageError::Closed) => return,
                Err(error) => tracing::error!(%error, "the end of a sync cannot be stored; trying again"),
            }
            tokio::time::sleep(STORE_AGAIN).await;
        }
    }

    async fn judge_sync(&self, instance: &Instance, outcome: Result<(), EngineError>, seen: u64, added: u64) {
        let signals = match outcome {
            Ok(()) => {
                happening::synced(&instance.workspace, seen, added);
                vec![Signal::SyncSucceeded, Signal::CredentialsAccepted(Failure::ProviderCredentials)]
            }
            Err(EngineError::Remote(error)) if error.kind == RemoteErrorKind::Unauthorized => {
                vec![Signal::CredentialsRefused(Failure::ProviderCredentials, error.to_string())]
            }
            Err(error) => {
                happening::background_failed(&instance.workspace, "sync", &error);
                vec![Signal::SyncFailed(format!("the history sync failed: {error}"))]
            }
        };
        for signal in signals {
            if let Err(error) = self.signal(instance, signal).await {
                happening::background_failed(&instance.workspace, "status", &error);
            }
        }
    }
}

fn can_be_synced(instance: &Instance) -> Result<(), EngineError> {
    if instance.status() == Status::NotConfigured {
        return Err(EngineError::NotConfigured("the integration is not set up yet; run setup".to_owned()));
    }
    if !instance.live().connections.provider.capabilities().history {
        return Err(EngineError::NotSupported(
            "this telephony tells no history; configure control_url".to_owned(),
        ));
    }
    Ok(())
}
