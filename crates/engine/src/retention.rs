//! Prunes what is older than it is kept for, and gives freed space back: the timer of `[retention]`. What may go is
//! looked for beside the writer; each deletion is a small change among others.

use std::sync::Arc;
use std::time::Duration;

use domain::instance::status::{Signal, Status};
use domain::outbox::DestinationKind;
use domain::retention::{Limit, Prunable, pages_to_give_back, pause_after};
use storage::cluster::CHORES;
use storage::error::StorageError;
use tokio::time::Instant;

use crate::error::EngineError;
use crate::{Engine, happening, status};

/// After a start others come first.
const FIRST_AFTER: Duration = Duration::from_secs(5);

/// How often it is looked whether something became old.
const EVERY: Duration = Duration::from_mins(5);

/// Rows looked at in one go.
const ROWS_PER_LOOK: u32 = 128;

/// Runs until the engine is stopped.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut wait = FIRST_AFTER;
    while engine.rests(wait).await {
        wait = EVERY;
        if !engine.claims.holds(CHORES) {
            continue;
        }
        if let Err(error) = engine.prune().await {
            tracing::warn!(%error, "what is old could not be pruned; trying again later");
        }
    }
}

impl Engine {
    /// Prunes all that is old by now; says how many requests, runs of the sync, deliveries and calls went. Ends early
    /// when the engine is stopped.
    pub async fn prune(&self) -> Result<usize, EngineError> {
        let (now, mut pruned) = (self.clock.now(), 0);
        for what in Prunable::ALL {
            let Some(limit) = self.retention.limit(what, now) else { continue };
            let count = self.prune_all(what, limit).await?;
            happening::pruned(what, count);
            pruned += count;
        }
        if pruned > 0 {
            self.forget_faults().await?;
        }
        if let Some(limit) = self.retention.limit(Prunable::Calls, now) {
            self.store.write(move |tx| tx.forget_unmapped(limit.before)).await?;
        }
        self.give_space_back().await?;
        Ok(pruned)
    }

    async fn prune_all(&self, what: Prunable, limit: Limit) -> Result<usize, StorageError> {
        let (mut after, mut pruned) = (Some(0), 0);
        while let Some(from) = after {
            let oldest = self.store.read(move |tx| tx.oldest(what, limit, from, ROWS_PER_LOOK)).await?;
            for some in oldest.ids.chunks(what.at_once()) {
                let (some, began) = (some.to_vec(), Instant::now());
                pruned += self.store.write(move |tx| tx.prune(what, &some, limit)).await?;
                if !self.rests(pause_after(began.elapsed())).await {
                    return Ok(pruned);
                }
            }
            after = oldest.next;
        }
        Ok(pruned)
    }

    /// A dead letter that is gone is no fault any more.
    async fn forget_faults(&self) -> Result<(), EngineError> {
        for instance in self.instances.all() {
            if instance.status() == Status::Active {
                continue;
            }
            for to in DestinationKind::ALL {
                let id = instance.id;
                if !self.store.read(move |tx| tx.has_dead_deliveries(id, to)).await? {
                    self.signal(&instance, Signal::FaultCleared(status::dead_deliveries(to))).await?;
                }
            }
        }
        Ok(())
    }

    async fn give_space_back(&self) -> Result<(), StorageError> {
        let mut gave = false;
        loop {
            let space = self.store.read(|tx| tx.space()).await?;
            happening::database_space(space.bytes(), space.free_bytes());
            let (pages, began) = (pages_to_give_back(space.pages, space.free_pages), Instant::now());
            if pages == 0 {
                return if gave { self.store.shrink().await } else { Ok(()) };
            }
            self.store.write(move |tx| tx.give_back(pages)).await?;
            gave = true;
            if !self.rests(pause_after(began.elapsed())).await {
                return Ok(());
            }
        }
    }

    /// Waits; false if the engine was stopped.
    pub(crate) async fn rests(&self, wait: Duration) -> bool {
        tokio::time::timeout(wait, self.stop.cancelled()).await.is_err()
    }
}
