//! One delivery: load what it is about, let the destination make an attempt, store what became of it.

pub(crate) mod calls;
mod outcome;
mod subject;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::call::CallReference;
use domain::chance::Chance;
use domain::clock::{Clock, Timestamp};
use domain::id::InstanceId;
use domain::instance::status::Status;
use domain::outbox::expiry::too_late;
use domain::outbox::schedule::RetrySchedule;
use domain::outbox::{Cause, Notice, Outcome};
use domain::port::crash::{CrashPoint, CrashPoints};
use domain::port::destination::{Delivery, Destination, Report};
use futures_util::FutureExt;
use serde_json::Value;
use storage::Store;
use storage::calls::StoredCall;
use storage::deliveries::PendingDelivery;
use storage::error::StorageError;

use self::calls::CallReader;
use self::subject::Subject;
use super::clients::ClientLocks;
use super::{Command, Outbox, Settled, Turn};
use crate::cluster::claims::{AtWork, Claims};
use crate::happening;
use crate::instance::{Instance, Instances, Live};

/// How long to wait before an outcome that could not be stored is stored again.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// Makes deliveries.
pub(crate) struct Deliverer {
    pub(crate) store: Store,
    pub(crate) calls: CallReader,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instances: Arc<Instances>,
    pub(crate) outbox: Outbox,
    pub(crate) schedule: RetrySchedule,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) clients: ClientLocks,
    pub(crate) claims: Claims,
    pub(crate) crash_points: CrashPoints,
}

impl Deliverer {
    /// Whether the instance's deliveries are held back.
    pub(crate) fn holds(&self, instance: InstanceId) -> bool {
        let held = |instance: Arc<Instance>| {
            instance.status() == Status::NotConfigured || instance.condition().holds_deliveries()
        };
        if !self.claims.holds(instance) {
            return true;
        }
        self.instances.get(instance).is_none_or(held)
    }

    /// Makes one attempt and tells the dispatcher once its outcome is durable.
    pub(crate) async fn deliver(&self, delivery: PendingDelivery, turn: Turn, at_work: AtWork) {
        self.crash_points.pass(CrashPoint::Claimed);
        let settled = self.attempt(delivery, turn).await;
        drop(at_work);
        self.crash_points.pass(CrashPoint::Settled);
        self.outbox.tell(Command::Settled(settled));
    }

    async fn attempt(&self, mut delivery: PendingDelivery, turn: Turn) -> Settled {
        let Some(instance) = self.instances.get(delivery.instance) else { return self.later(delivery).await };
        let expires_at = delivery.expires_at;
        let is_late = |now| expires_at.is_some_and(|at| at <= now);
        // Whether an end is still worth telling depends on the call; all else is worth no reading of it.
        let is_end = matches!(delivery.notice, Notice::CallFinished { .. });
        if let Some(why) = too_late(&delivery.notice, is_late(self.clock.now()), None).filter(|_| !is_end) {
            return self.expire(&instance, delivery, why).await;
        }
        if turn == Turn::End && !(is_end && is_late(self.clock.now())) {
            return self.give_up(&instance, delivery).await;
        }
        let live = instance.live();
        let Some(destination) = live.connections.destinations.get(&delivery.destination).cloned() else {
            let reason = format!("{} is not configured for this workspace any more", delivery.destination);
            return self
                .settle(&instance, delivery, self.clock.now(), buried(Cause::Configuration, reason))
                .await;
        };
        let (mut client, mut _turn) = (None, None);
        if destination.serialises_by_client() {
            let Some(known) = self.client_of(&delivery).await else { return self.later(delivery).await };
            _turn = Some(self.clients.turn(delivery.instance, &known).await);
            client = Some(known);
        }
        let Some(subject) = self.load(&delivery, client).await else { return self.later(delivery).await };
        self.crash_points.pass(CrashPoint::Loaded);
        // Reading took its time as well.
        let began_at = self.clock.now();
        if let Some(why) = too_late(&delivery.notice, is_late(began_at), subject.opening) {
            return self.expire(&instance, delivery, why).await;
        }
        if turn == Turn::End {
            return self.give_up(&instance, delivery).await;
        }
        // What is told however late waits for its next attempt like everything else.
        delivery.expires_at = expires_at.filter(|_| !is_late(began_at));
        if is_late(began_at) && delivery.due_at > began_at {
            let due_at = Some(delivery.due_at);
            return Settled::unasked(delivery, due_at, began_at);
        }
        // Somebody else may deliver it from now on, or may have begun to.
        if !self.claims.holds(delivery.instance) {
            return self.later(delivery).await;
        }
        self.crash_points.pass(CrashPoint::Sending);
        let report = self.send(&instance, &live, &*destination, &delivery, &subject).await;
        self.crash_points.pass(CrashPoint::Answered);
        let settled = self.settle(&instance, delivery, began_at, report).await;
        if settled.again_at.is_none() {
            self.let_go_of_recordings(&live, &subject.stored).await;
        }
        settled
    }

    /// Deletes the files of a call's recordings when nobody is going to need them.
    async fn let_go_of_recordings(&self, live: &Live, stored: &StoredCall) {
        if stored.call.recordings().next().is_none() {
            return;
        }
        let call = stored.id;
        // Where that cannot be told now, they go when they are old.
        if self.store.read(move |tx| tx.needs_recordings(call)).await.unwrap_or(true) {
            return;
        }
        for (leg, _) in stored.call.recordings() {
            live.connections.recordings.discard(&stored.external_id, leg).await;
        }
    }

    /// Its destination is away. It waits on if it is an end that has to be told however late, or if the clock was set
    /// back meanwhile; else the time for retries is over.
    async fn give_up(&self, instance: &Instance, delivery: PendingDelivery) -> Settled {
        let now = self.clock.now();
        let is_over = |first: Timestamp| first.plus(self.schedule.give_up_after) <= now;
        if !delivery.first_attempt_at.is_some_and(is_over) {
            let expires_at = delivery.expires_at.filter(|at| *at > now);
            let again_at = Some(now.plus(STORE_AGAIN).max(delivery.due_at));
            return Settled::unasked(PendingDelivery { expires_at, ..delivery }, again_at, now);
        }
        let reason = format!("gave up: {} is still away", delivery.destination);
        self.settle(instance, delivery, now, buried(Cause::GaveUp, reason)).await
    }

    /// Nothing was sent: what it needs cannot be had now. The pause is made here: a delivery that is too late already
    /// is due at any time, and would come round at once.
    async fn later(&self, delivery: PendingDelivery) -> Settled {
        tokio::time::sleep(STORE_AGAIN).await;
        let (now, due_at) = (self.clock.now(), delivery.due_at);
        Settled::unasked(delivery, Some(due_at.max(now)), now)
    }

    async fn send(
        &self,
        instance: &Instance,
        live: &Live,
        destination: &dyn Destination,
        delivery: &PendingDelivery,
        subject: &Subject,
    ) -> Report {
        let progress = delivery.progress.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let stored = &subject.stored;
        let attempt = Delivery {
            notice: &delivery.notice,
            call: &stored.call,
            external_id: &stored.external_id,
            reference: &CallReference::of(&instance.workspace, &stored.external_id),
            communication: stored.communication.as_ref().or(stored.call.request()),
            directory: &live.directory,
            customer: &subject.customer,
            suspect: delivery.suspect || subject.opening_in_doubt,
            progress: &progress.unwrap_or(Value::Null),
            now: self.clock.now(),
        };
        // A panic in an adapter is a fault of ours; the lane must not stay closed for it.
        AssertUnwindSafe(destination.deliver(&attempt)).catch_unwind().await.unwrap_or_else(|_| {
            let reason = "the adapter panicked; see the log".to_owned();
            Report::new(Outcome::Retry { reason, retry_after: None, ambiguous: true })
        })
    }

    /// Stores that a delivery came too late, however long the store takes.
    async fn expire(&self, instance: &Instance, delivery: PendingDelivery, reason: &'static str) -> Settled {
        let (id, now) = (delivery.id, self.clock.now());
        happening::delivery_expired(&instance.workspace, delivery.destination, delivery.notice.word());
        loop {
            match self.store.write(move |tx| tx.expire_delivery(id, now, reason)).await {
                Ok(()) | Err(StorageError::Closed) => return Settled::unasked(delivery, None, now),
                Err(error) => {
                    tracing::error!(%error, "an expired delivery cannot be marked; trying again");
                    tokio::time::sleep(STORE_AGAIN).await;
                }
            }
        }
    }
}

fn buried(cause: Cause, reason: String) -> Report {
    Report::new(Outcome::Dead { cause, reason })
}
