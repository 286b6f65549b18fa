//! History sync: reads past calls from the provider and registers what is missing, once.

use std::sync::Arc;
use std::time::Duration;

use domain::call::event::CallEvent;
use domain::clock::Timestamp;
use domain::instance::status::{Failure, Signal, Status};
use domain::port::RemoteErrorKind;
use domain::port::provider::Window;

use crate::Engine;
use crate::error::EngineError;
use crate::happening;
use crate::ingest::Origin;
use crate::instance::Instance;

/// Where the last sync ended.
const MARK: &str = "synced-until";

/// The first sync looks back so far.
const FIRST_LOOK_BACK: Duration = Duration::from_hours(24);

/// Each sync reads this much again: calls that began before the last sync and ended after.
const OVERLAP: Duration = Duration::from_mins(15);

impl Engine {
    /// Begins a sync of `window`, or of what is new since the last one; gives the job's number. The work goes on in
    /// the background. One at a time per workspace: while one runs, its number is given.
    pub async fn begin_sync(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        window: Option<Window>,
    ) -> Result<i64, EngineError> {
        if instance.status() == Status::NotConfigured {
            return Err(EngineError::NotConfigured(
                "the integration is not set up yet; run setup".to_owned(),
            ));
        }
        if !instance.live().connections.provider.capabilities().history {
            return Err(EngineError::NotSupported(
                "this telephony tells no history; configure control_url".to_owned(),
            ));
        }
        if window.is_some_and(|window| window.from >= window.to) {
            return Err(EngineError::Invalid("from has to be before to".to_owned()));
        }
        if let Some(running) = self.syncing.running(instance.id) {
            return Ok(running);
        }
        let (id, now, asked) = (instance.id, self.clock.now(), window);
        let begun = self.store.write(move |tx| {
            let window = match asked {
                Some(window) => window,
                None => next_window(tx.mark(id, MARK)?.as_deref(), now),
            };
            Ok((tx.insert_sync_job(id, window, now)?, window))
        });
        let (job, window) = begun.await?;
        if !self.syncing.begin(id, job) {
            return Ok(self.syncing.running(id).unwrap_or(job));
        }
        let (engine, instance) = (Arc::clone(self), Arc::clone(instance));
        let moves_mark = asked.is_none();
        self.tasks.spawn(async move {
            engine.run_sync(&instance, job, window, moves_mark).await;
        });
        Ok(job)
    }

    async fn run_sync(&self, instance: &Instance, job: i64, window: Window, moves_mark: bool) {
        let (mut seen, mut added) = (0, 0);
        let outcome = self.read_history(instance, job, window, (&mut seen, &mut added)).await;
        let (id, now, reason) =
            (instance.id, self.clock.now(), outcome.as_ref().err().map(ToString::to_string));
        self.judge_sync(instance, outcome, seen, added).await;
        // Whoever sees the job ended may begin the next one at once.
        self.syncing.end(id);
        let finished = self.store.write(move |tx| {
            if moves_mark && reason.is_none() {
                tx.set_mark(id, MARK, &window.to.rfc3339())?;
            }
            tx.finish_sync_job(job, now, seen, added, reason.as_deref())
        });
        if let Err(error) = finished.await {
            happening::background_failed(&instance.workspace, "sync", &error);
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

    async fn read_history(
        &self,
        instance: &Instance,
        job: i64,
        window: Window,
        (seen, added): (&mut u64, &mut u64),
    ) -> Result<(), EngineError> {
        let provider = Arc::clone(&instance.live().connections.provider);
        let mut cursor: Option<String> = None;
        loop {
            let page = provider.history(window, cursor.as_deref()).await?;
            *seen += page.calls.len() as u64;
            // A call that is still going on is told live, and read again by a later sync.
            let finished = page.calls.into_iter().filter(|events| events.iter().any(CallEvent::ends_call));
            let events = finished.flatten().collect();
            *added += self.take_events(instance, events, Origin::History).await?.new_calls as u64;
            let (seen, added) = (*seen, *added);
            self.store.write(move |tx| tx.progress_sync_job(job, seen, added)).await?;
            match page.next {
                Some(next) if cursor.as_deref() != Some(&next) => cursor = Some(next),
                Some(_) => {
                    let message = "the telephony's history gives the same page again and again".to_owned();
                    return Err(EngineError::Conflict(message));
                }
                None => return Ok(()),
            }
        }
    }
}

fn next_window(synced_until: Option<&str>, now: Timestamp) -> Window {
    let until = synced_until.and_then(|text| Timestamp::parse(text).ok());
    let from = until.map_or_else(|| now.minus(FIRST_LOOK_BACK), |until| until.minus(OVERLAP));
    Window { from, to: now }
}

/// Which instances are being synced.
#[derive(Default)]
pub(crate) struct Syncing(std::sync::Mutex<std::collections::HashMap<domain::id::InstanceId, i64>>);

impl Syncing {
    fn running(&self, instance: domain::id::InstanceId) -> Option<i64> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&instance).copied()
    }

    /// False if one runs already.
    fn begin(&self, instance: domain::id::InstanceId, job: i64) -> bool {
        let mut running = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if running.contains_key(&instance) {
            return false;
        }
        running.insert(instance, job);
        true
    }

    fn end(&self, instance: domain::id::InstanceId) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&instance);
    }
}
