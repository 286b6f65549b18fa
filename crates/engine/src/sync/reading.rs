//! One run: page after page from the provider, in small changes into the journal. Live traffic goes first: a change is
//! small, and no more is handed on than the destinations take. While a page is taken in, the next one is on its way.

use std::sync::Arc;
use std::time::Duration;

use domain::call::event::CallEvent;
use domain::call::past::PastCall;
use domain::port::RemoteError;
use domain::port::provider::{HistoryPage, Window};
use domain::sync::{Missing, Pace, Position, Trouble, missing};
use storage::error::StorageError;
use storage::sync_jobs::{SyncJob, SyncState, SyncStep};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Engine;
use crate::error::EngineError;
use crate::happening;
use crate::ingest::{self, Aftermath, Journal, Origin};
use crate::instance::Instance;

/// Calls taken in by one change: whoever shares the commit does not feel it.
const AT_ONCE: usize = 32;

/// Pending deliveries of one instance and destination while which nothing more is handed on.
const MOST_PENDING: u32 = 1_024;

/// How often it is looked whether there are fewer by now.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whoever asks what a run is doing is told what it waits for when it has waited for so long.
const TOLD_AFTER: Duration = Duration::from_secs(2);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// All is read.
    ReadWhole,
    /// It was paused, or ended by an administrator.
    Stopped,
}

/// A run at work.
pub(super) struct Reading<'a> {
    engine: &'a Engine,
    instance: &'a Arc<Instance>,
    job: SyncJob,
    /// Calls the provider told of.
    pub(super) seen: u64,
    /// Calls that were not known before.
    pub(super) added: u64,
    /// Since when work is not noted.
    working_since: Instant,
    calls: Paced,
    source: Source,
}

impl<'a> Reading<'a> {
    pub(super) fn new(engine: &'a Engine, instance: &'a Arc<Instance>, job: SyncJob) -> Self {
        let (seen, added) = (job.seen, job.added);
        let calls = Paced::new(Pace::per_minute(job.asked.calls_per_minute));
        let source = Source::of(instance);
        Self { engine, instance, job, seen, added, working_since: Instant::now(), calls, source }
    }

    /// Reads from where the run stands to its end.
    pub(super) async fn read(&mut self) -> Result<Ended, EngineError> {
        let mut ahead = None;
        while let Some(part) = self.job.position.part(self.job.asked.window) {
            let page = match ahead.take() {
                Some(Ok(page)) => page,
                Some(Err(error)) => self.insist(part, Some(error)).await?,
                None => self.insist(part, None).await?,
            };
            leads_on(&page, self.job.position.cursor.as_deref())?;
            let after = self.job.position.after_page(part, page.next);
            let next = after.part(self.job.asked.window);
            let next = next.map(|part| self.source.clone().page(part, after.cursor.clone()));
            let (went_on, next) = futures_util::join!(
                self.take_in(page.calls, after),
                futures_util::future::OptionFuture::from(next)
            );
            if !went_on? {
                return Ok(Ended::Stopped);
            }
            ahead = next;
        }
        Ok(Ended::ReadWhole)
    }

    /// The page that is next, however often it has to be asked for; `error`: what came of it the first time.
    async fn insist(&mut self, part: Window, error: Option<RemoteError>) -> Result<HistoryPage, EngineError> {
        let (began, mut times, mut failed) = (Instant::now(), 0, error);
        loop {
            let error = match failed.take() {
                Some(error) => error,
                None => match self.source.clone().page(part, self.job.position.cursor.clone()).await {
                    Ok(page) => return Ok(page),
                    Err(error) => error,
                },
            };
            let trouble = Trouble { times, lasted: began.elapsed() };
            let (purpose, has_begun) = (self.job.asked.purpose, self.seen > 0);
            match missing(purpose, &self.job.position, has_begun, &error, trouble) {
                Missing::Fail => return Err(error.into()),
                Missing::FromTheStart => {
                    self.job.position.cursor = None;
                    self.job.position.taken = 0;
                }
                Missing::Later(pause) => {
                    self.hold(format!("waits for the telephony: {error}")).await?;
                    sleep(pause).await;
                }
            }
            times += 1;
        }
    }

    /// Takes a page's calls in; afterwards the run stands at `after`. False if it does not run any more.
    async fn take_in(&mut self, calls: Vec<PastCall>, after: Position) -> Result<bool, EngineError> {
        let total = calls.len();
        let mut calls = calls.into_iter();
        let mut done = 0;
        loop {
            let some: Vec<_> = calls.by_ref().take(AT_ONCE).collect();
            let counted = (self.job.position.taken as usize).max(done);
            done += some.len();
            self.wait_for_room().await?;
            self.calls.wait_for(some.len()).await;
            let to = if done == total {
                after.clone()
            } else {
                let taken = u32::try_from(done.max(counted)).unwrap_or(u32::MAX);
                Position { taken, ..self.job.position.clone() }
            };
            // What a run that was cut off had counted is not counted again.
            let seen = done.saturating_sub(counted) as u64;
            if !self.change(some, to, seen).await? {
                return Ok(false);
            }
            if done == total {
                return Ok(true);
            }
        }
    }

    /// Takes calls in and notes how far the run has come, both or neither.
    async fn change(&mut self, calls: Vec<PastCall>, to: Position, seen: u64) -> Result<bool, EngineError> {
        let (id, job, now) = (self.instance.id, self.job.id, self.engine.clock.now());
        let worked = std::mem::replace(&mut self.working_since, Instant::now()).elapsed();
        let (instances, live) = (Arc::clone(&self.engine.instances), self.instance.live());
        let position = to.clone();
        // A call that is still going on is told live, and read again by a later sync.
        let finished = calls.into_iter().filter(|call| call.finished_at.is_some());
        let events: Vec<CallEvent> = finished.flat_map(PastCall::into_events).collect();
        let events = Arc::new(events);
        let about = || ingest::about(id, &events, false);
        let (of_change, claims) = (Arc::clone(&events), self.engine.claims.clone());
        let taken = self.engine.journal(about, move |tx, waits| {
            let Some(instance) = instances.get(id) else {
                return Ok((None, Aftermath::default()));
            };
            // Somebody else goes on with it.
            if !claims.holds(id) {
                return Ok((None, Aftermath::default()));
            }
            // Paused or ended meanwhile: what is not counted is not taken in.
            if !tx.sync_job(job)?.is_some_and(|job| job.state == SyncState::Running) {
                return Ok((None, Aftermath::default()));
            }
            let aftermath = Aftermath::default();
            let mut journal = Journal { tx, instance: &instance, live: &live, waits, now, aftermath };
            let accepted = journal.events(&of_change, Origin::History)?;
            let added = accepted.new_calls as u64;
            let step = SyncStep { seen, added, worked };
            tx.advance_sync_job(job, &position, step)?;
            Ok((Some((added, accepted.forgotten)), journal.aftermath))
        });
        let Some((added, forgotten)) = taken.await? else { return Ok(false) };
        happening::events_forgotten(&self.instance.workspace, forgotten);
        self.seen += seen;
        self.added += added;
        self.job.position = to;
        Ok(true)
    }

    /// Waits until the destinations have taken most of what they were given.
    async fn wait_for_room(&mut self) -> Result<(), EngineError> {
        let (id, began) = (self.instance.id, Instant::now());
        let mut is_told = false;
        while self.engine.store.read(move |tx| tx.has_pending_beyond(id, MOST_PENDING)).await? {
            if !is_told && began.elapsed() >= TOLD_AFTER {
                self.hold(format!("waits until no more than {MOST_PENDING} deliveries are pending")).await?;
                is_told = true;
            }
            sleep(LOOK_EVERY).await;
        }
        self.working_since += began.elapsed();
        Ok(())
    }

    /// Says what the run waits for.
    async fn hold(&self, reason: String) -> Result<(), StorageError> {
        let id = self.job.id;
        self.engine.store.write(move |tx| tx.hold_sync_job(id, &reason)).await.map(drop)
    }
}

/// A page that leads back to itself, the one at `cursor`, would be read for ever.
pub(crate) fn leads_on(page: &HistoryPage, cursor: Option<&str>) -> Result<(), EngineError> {
    if page.next.is_some() && page.next.as_deref() == cursor {
        let message = "the telephony's history gives the same page again and again".to_owned();
        return Err(EngineError::Conflict(message));
    }
    Ok(())
}

/// Where pages come from.
#[derive(Clone)]
struct Source {
    instance: Arc<Instance>,
    pages: Arc<Mutex<Paced>>,
}

impl Source {
    fn of(instance: &Arc<Instance>) -> Self {
        let pace = Pace::per_minute(instance.live().settings.sync.pages_per_minute);
        Self { instance: Arc::clone(instance), pages: Arc::new(Mutex::new(Paced::new(pace))) }
    }

    async fn page(self, part: Window, cursor: Option<String>) -> Result<HistoryPage, RemoteError> {
        self.pages.lock().await.wait_for(1).await;
        let provider = Arc::clone(&self.instance.live().connections.provider);
        provider.history(part, cursor.as_deref()).await
    }
}

/// What is not done faster than somebody wants.
struct Paced {
    pace: Option<Pace>,
    next_at: Instant,
}

impl Paced {
    fn new(pace: Option<Pace>) -> Self {
        Self { pace, next_at: Instant::now() }
    }

    /// Waits until so many may be done.
    async fn wait_for(&mut self, count: usize) {
        if let Some(pace) = self.pace {
            sleep_until(self.next_at).await;
            self.next_at = self.next_at.max(Instant::now()) + pace.time_for(count);
        }
    }
}
