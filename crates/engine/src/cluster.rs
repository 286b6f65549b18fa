//! Several processes on one database: which of them acts for which instance, and how they hear of each other's changes.
//!
//! Any of them takes any event, and any call of Kontur's. What has to be done once or in order (deliveries, listening,
//! looking after calls, reading histories) is done by the one that has claimed the instance. What others tell only wakes;
//! whatever is missed is found by [looking](worker::LOOK_EVERY).

pub(crate) mod claims;
mod instances;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use storage::cluster::{Beat, Membership, News};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::Engine;
use crate::happening;
use crate::outbox::{Command, Outbox, Planned};
use claims::Claims;
use worker::Chore;
pub(crate) use worker::Worker;

/// How often it is said that we are alive.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// While we go: how often it is looked whether something has ended.
const LET_GO_EVERY: Duration = Duration::from_millis(20);

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
pub(crate) async fn run(mut member: Member, worker: Worker, news: mpsc::UnboundedReceiver<News>) {
    let engine = Arc::clone(&member.engine);
    // What takes its time must not keep us from saying that we are alive.
    engine.tasks.spawn(worker.run());
    member.take_part(news).await;
    member.let_go_of_all().await;
}

/// Joins the others, and acts for whatever nobody acts for.
pub(crate) async fn join(engine: &Arc<Engine>, membership: Membership) -> (Member, Worker) {
    let (sender, chores) = mpsc::unbounded_channel();
    let mut member = Member { engine: Arc::clone(engine), membership, chores: sender, is_leaving: false };
    let mut worker = Worker::new(Arc::clone(engine), chores);
    member.beat().await;
    worker.do_what_there_is().await;
    (member, worker)
}

/// This process among others.
pub(crate) struct Member {
    engine: Arc<Engine>,
    membership: Membership,
    chores: mpsc::UnboundedSender<Chore>,
    is_leaving: bool,
}

impl Member {
    async fn take_part(&mut self, mut news: mpsc::UnboundedReceiver<News>) {
        let stop = self.engine.stop.clone();
        let mut beat = interval(BEAT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = beat.tick() => self.beat().await,
                Some(told) = news.recv() => self.tell(told, &mut news).await,
                heard = self.membership.heard() => self.hear(heard).await,
            }
        }
    }

    /// Has something done that takes its time.
    fn have_done(&self, chore: Chore) {
        drop(self.chores.send(chore));
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
        if self.is_leaving {
            return;
        }
        if beat.has_missed {
            self.have_done(Chore::Look);
        }
        for gained in beat.gained {
            engine.claims.expect(gained.instance);
            self.have_done(Chore::TakeOver(gained));
        }
        self.let_go(beat.surplus).await;
    }

    /// Lets go of some instances, as soon as nothing is under way there.
    async fn let_go(&mut self, count: usize) {
        let engine = Arc::clone(&self.engine);
        let mut idle = Vec::new();
        for instance in engine.claims.held() {
            if idle.len() < count && engine.claims.let_go(instance) {
                engine.outbox.tell(Command::Forget(instance));
                idle.push(instance);
            }
        }
        if idle.is_empty() {
            return;
        }
        if let Err(error) = self.membership.release(&idle).await {
            // The next beat finds that they are ours.
            tracing::warn!(%error, "claims cannot be let go of");
            for instance in idle {
                self.membership.forget(instance);
            }
        }
    }

    /// Lets go of everything, each instance as soon as nothing is under way there. What was not taken over yet stays as
    /// it is, to be found as something that nobody let go of.
    async fn let_go_of_all(&mut self) {
        self.is_leaving = true;
        self.membership.prepare_to_leave();
        self.engine.claims.expect_nothing();
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
        self.membership.tell(&News::Planned(planned)).await;
        self.membership.tell(&News::Syncs(syncs)).await;
    }

    async fn hear(&mut self, news: News) {
        match news {
            News::Planned(calls) => {
                let claims = &self.engine.claims;
                let ours = calls.into_iter().filter(|(instance, _)| claims.holds(*instance));
                let ours: Vec<_> = ours.collect();
                if !ours.is_empty() {
                    self.engine.outbox.tell(Command::PlannedElsewhere(ours));
                }
            }
            News::Changed(instances) => self.have_done(Chore::Learn(instances)),
            News::Syncs(instances) => self.have_done(Chore::ReadHistories(instances)),
            News::Free => self.beat().await,
            News::Missed => self.have_done(Chore::Look),
        }
    }
}
