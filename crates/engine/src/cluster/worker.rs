//! What a replica does about what it heard, claimed or finds by looking, beside saying that it is alive.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::InstanceId;
use storage::cluster::{CHORES, Gained};
use storage::error::StorageError;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Engine;
use crate::happening;
use crate::outbox::{Command, QueueKey};

/// How often it is looked for what nobody told.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looking takes one part in so many of the time at most: whatever is pending is counted, and after an outage that is much.
const LOOKING: u32 = 20;

/// A finished call that should have been handed on so long ago was left by somebody who died.
const LEFT_AFTER: Duration = Duration::from_secs(1);

/// A call that Kontur asked for, and of which nobody knows what became: whoever asked the telephony has given up by then.
const UNDECIDED_AFTER: Duration = Duration::from_mins(2);

/// A reconciliation that did not end for so long was begun by somebody who died.
const CUT_SHORT_AFTER: Duration = Duration::from_hours(6);

/// How long to wait when the store does not take it.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// Something to be done.
#[derive(Debug)]
pub(super) enum Chore {
    /// An instance is claimed.
    TakeOver(Gained),
    /// Instances were changed elsewhere.
    Learn(Vec<InstanceId>),
    /// Runs of the history sync were asked for elsewhere.
    ReadHistories(Vec<InstanceId>),
    /// Something may have been missed.
    Look,
}

/// Does what there is to do.
pub(crate) struct Worker {
    pub(super) engine: Arc<Engine>,
    chores: mpsc::UnboundedReceiver<Chore>,
    /// Of instances as they are known here.
    pub(super) revisions: HashMap<InstanceId, i64>,
}

impl Worker {
    pub(super) fn new(engine: Arc<Engine>, chores: mpsc::UnboundedReceiver<Chore>) -> Self {
        Self { engine, chores, revisions: HashMap::new() }
    }

    /// Does what was asked for so far.
    pub(super) async fn do_what_there_is(&mut self) {
        while let Ok(chore) = self.chores.try_recv() {
            self.do_it(chore).await;
        }
    }

    /// Runs until the engine is stopped.
    pub(super) async fn run(mut self) {
        let stop = self.engine.stop.clone();
        let mut look_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(chore) = self.chores.recv() => self.do_it(chore).await,
                () = sleep_until(look_at) => {
                    let began = Instant::now();
                    self.look().await;
                    look_at = Instant::now() + LOOK_EVERY.max(began.elapsed() * LOOKING);
                }
            }
        }
    }

    async fn do_it(&mut self, chore: Chore) {
        match chore {
            Chore::TakeOver(gained) => self.take_over(gained).await,
            Chore::Learn(instances) => {
                for instance in instances {
                    self.learn(instance).await;
                }
            }
            Chore::ReadHistories(instances) => {
                for instance in instances {
                    self.read_history(instance).await;
                }
            }
            Chore::Look => self.look().await,
        }
    }

    /// Acts for an instance from now on, unless it was lost again.
    async fn take_over(&mut self, gained: Gained) {
        let Gained { instance, was_released } = gained;
        let engine = Arc::clone(&self.engine);
        // Whoever had it and did not let go of it may have been about to send whatever is pending.
        while !was_released && instance != CHORES && engine.claims.expects(instance) {
            match engine.store.write(move |tx| tx.suspect_deliveries_of(instance)).await {
                Ok(()) => break,
                Err(StorageError::Closed) => return,
                Err(error) => tracing::error!(%error, "an integration cannot be taken over; trying again"),
            }
            sleep(STORE_AGAIN).await;
        }
        if engine.claims.gain(instance) {
            happening::claimed(engine.instances.get(instance).as_deref(), was_released);
            engine.outbox.tell(Command::Load(instance));
            self.reconsider_parked(instance).await;
            self.read_history(instance).await;
        }
    }

    /// Calls may have been parked by another mapping than that of our configuration.
    async fn reconsider_parked(&self, instance: InstanceId) {
        while self.engine.claims.holds(instance) {
            let Err(error) = self.engine.reconsider_parked(instance).await else { return };
            tracing::error!(%error, "parked calls cannot be looked after; trying again");
            sleep(STORE_AGAIN).await;
        }
    }

    /// Goes on with runs of the history sync that others began.
    async fn read_history(&self, instance: InstanceId) {
        if self.engine.claims.holds(instance)
            && let Err(error) = self.engine.resume_syncs_of(instance).await
        {
            tracing::error!(%error, "runs of the history sync cannot be read; looking again later");
        }
    }

    /// Looks for what nobody told, or what was told while nobody listened.
    async fn look(&mut self) {
        if let Err(error) = self.try_to_look().await {
            tracing::warn!(%error, "what other replicas did cannot be looked for; trying again");
        }
    }

    async fn try_to_look(&mut self) -> Result<(), StorageError> {
        let engine = Arc::clone(&self.engine);
        for (instance, revision) in engine.store.read(|tx| tx.instance_revisions()).await? {
            if self.revisions.get(&instance) != Some(&revision) {
                self.learn(instance).await;
            }
        }
        let (counted, settling, syncs) = engine
            .store
            .read(|tx| Ok((tx.count_pending()?, tx.settling_calls()?, tx.running_sync_jobs()?)))
            .await?;
        let ours = counted.into_iter().filter(|(instance, ..)| engine.claims.holds(*instance));
        let counted: HashMap<QueueKey, u64> = ours.map(|(of, to, count)| ((of, to), count)).collect();
        engine.outbox.tell(Command::Counted(counted));
        let left = engine.clock.now().minus(LEFT_AFTER);
        for (call, at, instance) in settling {
            if at <= left && engine.claims.holds(instance) {
                engine.settling.at(call, at);
            }
        }
        for job in syncs.iter().filter(|job| engine.claims.holds(job.asked.instance)) {
            engine.work_on_sync(job);
        }
        engine.conclude_dials_older_than(UNDECIDED_AFTER).await?;
        if engine.claims.holds(CHORES) {
            let now = engine.clock.now();
            self.interrupt_reconciliations(now.minus(CUT_SHORT_AFTER)).await?;
        }
        Ok(())
    }

    async fn interrupt_reconciliations(&self, begun: Timestamp) -> Result<(), StorageError> {
        let now = self.engine.clock.now();
        self.engine.store.write(move |tx| tx.interrupt_reconciliations(now, begun).map(drop)).await
    }
}
