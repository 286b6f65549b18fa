//! Several processes on one database: which of them acts for which instance, and how they hear of each other's changes.
//!
//! Any of them takes any event, and any call of Kontur's. What has to be done once or in order (deliveries, listening,
//! looking after calls, reading histories) is done by the one that has claimed the instance. What others tell only wakes;
//! whatever is missed is found by looking every [`LOOK_EVERY`].

pub(crate) mod claims;
mod instances;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::id::InstanceId;
use domain::outbox::DestinationKind;
use storage::cluster::{Beat, CHORES, Gained, Membership, News};
use storage::error::StorageError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::Engine;
use crate::happening;
use crate::outbox::{Command, Outbox, Planned, QueueKey};
use claims::Claims;

/// How often it is said that we are alive.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked for what nobody told.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A finished call that should have been handed on so long ago was left by somebody who died.
const LEFT_AFTER: Duration = Duration::from_secs(1);

/// A call that Kontur asked for, and of which nobody knows what became: whoever asked the telephony has given up by then.
const UNDECIDED_AFTER: Duration = Duration::from_mins(2);

/// While we go: how often it is looked whether something has ended.
const LET_GO_EVERY: Duration = Duration::from_millis(20);

/// How long to wait when the store does not take it.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// The way to tell other processes. Never blocks, so that a commit's hook can use it. Without effect where there are none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Others(Option<mpsc::UnboundedSender<News>>);

impl Others {
    /// The way, and where what is told is taken from.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<News>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    /// Tells them.
    pub(crate) fn tell(&self, news: News) {
        if let Some(others) = &self.0 {
            drop(others.send(news));
        }
    }
}

/// Tells whoever delivers them that deliveries were planned.
pub(crate) fn planned(planned: Vec<Planned>, claims: &Claims, outbox: &Outbox, others: &Others) {
    let is_ours = |one: &Planned| claims.holds(one.delivery.instance);
    let (ours, theirs): (Vec<_>, Vec<_>) = planned.into_iter().partition(is_ours);
    if !ours.is_empty() {
        outbox.tell(Command::Planned(ours));
    }
    if !theirs.is_empty() {
        let calls = theirs.iter().map(|one| (one.delivery.instance, one.delivery.call));
        others.tell(News::Planned(calls.collect()));
    }
}

/// The life of a process among others; it ends when the engine is stopped and all that was claimed is let go of.
pub(crate) async fn run(mut member: Member, news: mpsc::UnboundedReceiver<News>) {
    member.take_part(news).await;
    member.let_go_of_all().await;
}

/// Joins the others, and acts for whatever nobody acts for.
pub(crate) async fn join(engine: Arc<Engine>, membership: Membership) -> Member {
    let mut member = Member { engine, membership, revisions: HashMap::new() };
    member.beat().await;
    member
}

/// This process among others.
pub(crate) struct Member {
    engine: Arc<Engine>,
    membership: Membership,
    /// Of instances as they are known here.
    revisions: HashMap<InstanceId, i64>,
}

impl Member {
    async fn take_part(&mut self, mut news: mpsc::UnboundedReceiver<News>) {
        let stop = self.engine.stop.clone();
        let (mut beat, mut look) = (interval(BEAT_EVERY), interval(LOOK_EVERY));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = beat.tick() => self.beat().await,
                Some(told) = news.recv() => self.tell(told, &mut news).await,
                heard = self.membership.heard() => self.hear(heard).await,
                _ = look.tick() => self.look().await,
            }
        }
    }

    async fn beat(&mut self) {
        match self.membership.beat().await {
            Ok((beat, until)) => self.follow(beat, until).await,
            Err(error) => tracing::warn!(%error, "the database does not hear that this replica is alive"),
        }
    }

    async fn follow(&mut self, beat: Beat, until: Instant) {
        let engine = Arc::clone(&self.engine);
        happening::replicas(beat.replicas, engine.claims.held().len());
        for instance in beat.lost {
            engine.claims.lose(instance);
            engine.outbox.tell(Command::Forget(instance));
        }
        if engine.claims.renew(until) {
            engine.outbox.tell(Command::Wake);
        }
        if beat.has_missed {
            self.look().await;
        }
        for gained in beat.gained {
            self.take_over(gained).await;
        }
        self.let_go(beat.surplus).await;
    }

    /// Acts for an instance from now on.
    async fn take_over(&mut self, gained: Gained) {
        let Gained { instance, was_released } = gained;
        let engine = &self.engine;
        if instance == CHORES {
            return engine.claims.gain(instance);
        }
        if !was_released {
            // Whoever had it may have been about to send whatever is pending.
            let suspected = engine.store.write(move |tx| tx.suspect_deliveries_of(instance)).await;
            if let Err(error) = suspected {
                tracing::error!(%error, "an integration cannot be taken over; trying again");
                return self.let_go_as_it_is(instance).await;
            }
        }
        engine.claims.gain(instance);
        happening::claimed(engine.instances.get(instance).as_deref(), was_released);
        engine.outbox.tell(Command::Load(instance));
        if let Err(error) = engine.resume_syncs_of(instance).await {
            tracing::error!(%error, "runs of the history sync cannot be read; looking again later");
        }
    }

    /// The next beat finds that it is ours, and that nobody had let go of it.
    async fn let_go_as_it_is(&mut self, instance: InstanceId) {
        self.membership.forget(instance);
        sleep(STORE_AGAIN).await;
    }

    /// Lets go of some instances, as soon as nothing is under way there.
    async fn let_go(&mut self, count: usize) {
        let engine = Arc::clone(&self.engine);
        let mut idle = Vec::new();
        for instance in engine.claims.held() {
            if idle.len() < count && engine.claims.is_idle(instance) {
                engine.claims.lose(instance);
                // What was begun before it was lost is seen now.
                if engine.claims.is_idle(instance) {
                    engine.outbox.tell(Command::Forget(instance));
                    idle.push(instance);
                } else {
                    engine.claims.gain(instance);
                }
            }
        }
        if idle.is_empty() {
            return;
        }
        if let Err(error) = self.membership.release(&idle).await {
            tracing::warn!(%error, "claims cannot be let go of");
            for instance in idle {
                engine.claims.gain(instance);
                engine.outbox.tell(Command::Load(instance));
            }
        }
    }

    /// Lets go of everything, each instance as soon as nothing is under way there.
    async fn let_go_of_all(&mut self) {
        self.membership.prepare_to_leave();
        let mut beat = interval(BEAT_EVERY);
        while !self.engine.claims.held().is_empty() {
            tokio::select! {
                _ = beat.tick() => self.beat().await,
                () = sleep(LET_GO_EVERY) => self.let_go(usize::MAX).await,
            }
        }
        if let Err(error) = self.membership.leave().await {
            tracing::warn!(%error, "others were not told that this replica is gone; they find out");
        }
    }

    /// Tells others, much at once if there is much.
    async fn tell(&mut self, first: News, news: &mut mpsc::UnboundedReceiver<News>) {
        let (mut planned, mut syncs) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(told) = next {
            match told {
                News::Planned(calls) => planned.extend(calls),
                News::Syncs(instances) => syncs.extend(instances),
                News::Free => self.beat().await,
                other => self.membership.tell(&other).await,
            }
            next = news.try_recv().ok();
        }
        planned.sort_unstable();
        planned.dedup();
        for news in [News::Planned(planned), News::Syncs(syncs)] {
            if !matches!(&news, News::Planned(calls) if calls.is_empty())
                && !matches!(&news, News::Syncs(instances) if instances.is_empty())
            {
                self.membership.tell(&news).await;
            }
        }
    }

    async fn hear(&mut self, news: News) {
        let engine = Arc::clone(&self.engine);
        match news {
            News::Planned(calls) => {
                let ours = calls.into_iter().filter(|(instance, _)| engine.claims.holds(*instance));
                let calls: Vec<_> = ours.map(|(_, call)| call).collect();
                if !calls.is_empty() {
                    engine.outbox.tell(Command::PlannedElsewhere(calls));
                }
            }
            News::Changed(instances) => {
                for instance in instances {
                    self.learn(instance).await;
                }
            }
            News::Syncs(instances) => {
                for instance in instances.into_iter().filter(|instance| engine.claims.holds(*instance)) {
                    if let Err(error) = engine.resume_syncs_of(instance).await {
                        tracing::error!(%error, "runs of the history sync cannot be read; looking again later");
                    }
                }
            }
            News::Free => self.beat().await,
            News::Missed => self.look().await,
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
        let counted = engine.store.read(|tx| tx.count_pending()).await?;
        let ours = counted.into_iter().filter(|(instance, ..)| engine.claims.holds(*instance));
        let counted: HashMap<QueueKey, u64> =
            ours.map(|(instance, to, count): (_, DestinationKind, _)| ((instance, to), count)).collect();
        engine.outbox.tell(Command::Counted(counted));
        let left = engine.clock.now().minus(LEFT_AFTER);
        for (call, at, instance) in engine.store.read(|tx| tx.settling_calls()).await? {
            if at <= left && engine.claims.holds(instance) {
                engine.settling.at(call, at);
            }
        }
        engine.conclude_dials_older_than(UNDECIDED_AFTER).await?;
        for job in engine.store.read(|tx| tx.running_sync_jobs()).await? {
            if engine.claims.holds(job.asked.instance) {
                engine.work_on_sync(&job);
            }
        }
        Ok(())
    }
}
