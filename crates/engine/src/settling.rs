//! Hands finished calls on once they have been quiet: the timer of `settle_ms`.

mod timers;

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::CallId;
use storage::About;
use storage::error::StorageError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::timers::{Timer, Timers};
use crate::Engine;

/// How long to wait when the store does not take it.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// The way to the timer. Never blocks, so that a commit's hook can use it.
#[derive(Clone)]
pub(crate) struct Settling(mpsc::UnboundedSender<(CallId, Timestamp)>);

impl Settling {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<(CallId, Timestamp)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Looks at the call at that time. Without effect once the timer has ended: it is found again at the next start.
    pub(crate) fn at(&self, call: CallId, at: Timestamp) {
        self.0.send((call, at)).ok();
    }
}

/// Runs until `stop`.
pub(crate) async fn run(
    engine: Arc<Engine>,
    mut news: mpsc::UnboundedReceiver<(CallId, Timestamp)>,
    stop: CancellationToken,
) {
    let mut timers = Timers::default();
    loop {
        let wait = timers.wait(engine.clock.now());
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some((call, at)) = news.recv() => timers.extend([Timer { rings_at: at, call, at }]),
            () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {
                let due = timers.take_due(engine.clock.now());
                if let Err(error) = engine.hand_on(due.clone()).await {
                    tracing::error!(%error, "finished calls cannot be handed on; trying again");
                    let rings_at = engine.clock.now().plus(STORE_AGAIN);
                    timers.extend(due.into_iter().map(|timer| Timer { rings_at, ..timer }));
                }
            }
        }
    }
}

impl Engine {
    /// Hands on those calls that have been quiet; the others have a later timer of their own.
    async fn hand_on(&self, due: Vec<Timer>) -> Result<(), StorageError> {
        let now = self.clock.now();
        let instances = Arc::clone(&self.instances);
        let about = || About { calls: due.iter().map(|timer| timer.call).collect(), ..About::default() };
        let due = Arc::new(due.clone());
        self.journal(about, move |tx, waits| {
            let mut after = crate::ingest::Aftermath::default();
            for timer in &*due {
                let Some(stored) = tx.take_call(timer.call)? else { continue };
                // The clock may have been set since: what counts is whether this is the call's latest timer.
                let quiet = stored.settle_at == Some(timer.at);
                let Some(instance) = instances.get(stored.instance).filter(|_| quiet) else {
                    tx.put_back(stored);
                    continue;
                };
                let live = instance.live();
                let mut journal = crate::ingest::Journal {
                    tx,
                    instance: &instance,
                    live: &live,
                    waits,
                    now,
                    aftermath: after,
                };
                journal.settle(stored)?;
                after = journal.aftermath;
            }
            Ok(((), after))
        })
        .await
    }
}
