//! One delivery: load what it is about, let the destination make an attempt, store what became of it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::call::CallReference;
use domain::chance::Chance;
use domain::clock::{Clock, Timestamp};
use domain::id::InstanceId;
use domain::instance::status::{Failure, Signal, Status};
use domain::outbox::expiry::too_late;
use domain::outbox::schedule::RetrySchedule;
use domain::outbox::{Cause, DeliveryState, DestinationKind, Notice, Outcome};
use domain::phone::Phone;
use domain::port::crash::{CrashPoint, CrashPoints};
use domain::port::destination::{CustomerHistory, Delivery, Destination, Effect, Report};
use futures_util::FutureExt;
use serde_json::Value;
use storage::calls::StoredCall;
use storage::deliveries::{Attempt, NewDelivery, Opening, PendingDelivery, Settlement};
use storage::error::StorageError;
use storage::{Store, Tx};

use super::{Command, Outbox, Settled, Turn};
use crate::happening;
use crate::instance::{Instance, Instances, Live};
use crate::status;

/// How long to wait before an outcome that could not be stored is stored again.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// Makes deliveries.
pub(crate) struct Deliverer {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instances: Arc<Instances>,
    pub(crate) outbox: Outbox,
    pub(crate) schedule: RetrySchedule,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) clients: ClientLocks,
    pub(crate) crash_points: CrashPoints,
}

/// What a delivery is about.
struct Subject {
    stored: StoredCall,
    customer: CustomerHistory,
    /// What became of call-started, as far as that matters to the delivery.
    opening: Option<DeliveryState>,
    /// call-started may have made a communication that we do not know of.
    opening_in_doubt: bool,
}

impl Deliverer {
    /// Whether the instance's deliveries are held back.
    pub(crate) fn holds(&self, instance: InstanceId) -> bool {
        let held = |instance: Arc<Instance>| {
            instance.status() == Status::NotConfigured || instance.condition().holds_deliveries()
        };
        self.instances.get(instance).is_none_or(held)
    }

    /// Makes one attempt and tells the dispatcher once its outcome is durable.
    pub(crate) async fn deliver(&self, delivery: PendingDelivery, turn: Turn) {
        self.crash_points.pass(CrashPoint::Claimed);
        let settled = self.attempt(delivery, turn).await;
        self.crash_points.pass(CrashPoint::Settled);
        self.outbox.tell(Command::Settled(settled));
    }

    async fn attempt(&self, mut delivery: PendingDelivery, turn: Turn) -> Settled {
        let Some(instance) = self.instances.get(delivery.instance) else { return self.later(delivery) };
        let is_late = delivery.expires_at.is_some_and(|at| at <= self.clock.now());
        // Whether an end is still worth telling depends on the call; all else is worth no reading of it.
        let is_end = matches!(delivery.notice, Notice::CallFinished { .. });
        if let Some(why) = too_late(&delivery.notice, is_late, None).filter(|_| !is_end) {
            return self.expire(&instance, delivery, why).await;
        }
        if turn == Turn::End && !(is_end && is_late) {
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
            let Some(known) = self.client_of(&delivery).await else { return self.later(delivery) };
            _turn = Some(self.clients.turn(delivery.instance, &known).await);
            client = Some(known);
        }
        let Some(subject) = self.load(&delivery, client).await else { return self.later(delivery) };
        self.crash_points.pass(CrashPoint::Loaded);
        if let Some(why) = too_late(&delivery.notice, is_late, subject.opening) {
            return self.expire(&instance, delivery, why).await;
        }
        if turn == Turn::End {
            return self.give_up(&instance, delivery).await;
        }
        // What is told however late waits for its next attempt like everything else.
        delivery.expires_at = delivery.expires_at.filter(|_| !is_late);
        let began_at = self.clock.now();
        self.crash_points.pass(CrashPoint::Sending);
        let report = self.send(&instance, &live, &*destination, &delivery, &subject).await;
        self.crash_points.pass(CrashPoint::Answered);
        self.settle(&instance, delivery, began_at, report).await
    }

    /// Its destination is away. It waits on if it is an end that has to be told however late, or if the clock was set
    /// back meanwhile; else the time for retries is over.
    async fn give_up(&self, instance: &Instance, delivery: PendingDelivery) -> Settled {
        let now = self.clock.now();
        let is_over = |first: Timestamp| first.plus(self.schedule.give_up_after) <= now;
        if !delivery.first_attempt_at.is_some_and(is_over) {
            let expires_at = delivery.expires_at.filter(|at| *at > now);
            return self.later(PendingDelivery { expires_at, ..delivery });
        }
        let reason = format!("gave up: {} is still away", delivery.destination);
        self.settle(instance, delivery, now, buried(Cause::GaveUp, reason)).await
    }

    /// Nothing was sent: what it needs cannot be had now.
    fn later(&self, delivery: PendingDelivery) -> Settled {
        let at = self.clock.now();
        Settled::unasked(delivery, Some(at.plus(STORE_AGAIN)), at)
    }

    async fn client_of(&self, delivery: &PendingDelivery) -> Option<Phone> {
        let call = delivery.call;
        let stored = self.store.read(move |tx| tx.call(call)).await.ok().flatten()?;
        Some(stored.call.client_phone())
    }

    /// None if the store cannot be read now.
    async fn load(&self, delivery: &PendingDelivery, client: Option<Phone>) -> Option<Subject> {
        let (instance, call, notice) = (delivery.instance, delivery.call, delivery.notice.clone());
        let loaded = self.store.read(move |tx| {
            let Some(stored) = tx.call(call)? else { return Ok(None) };
            let customer = match &client {
                Some(client) => CustomerHistory {
                    unreturned: tx.unreturned(instance, client)?,
                    last_conversation_at: tx.last_conversation(instance, client, call)?,
                },
                None => CustomerHistory::default(),
            };
            let opening = opening(tx, &stored, &notice)?;
            let opening_in_doubt = notice == Notice::Register
                && stored.communication.is_none()
                && opening.is_some_and(|opening| opening.suspect);
            let opening = opening.map(|opening| opening.state);
            Ok(Some(Subject { stored, customer, opening, opening_in_doubt }))
        });
        loaded
            .await
            .inspect_err(|error| tracing::error!(%error, "a call cannot be read for its delivery"))
            .ok()?
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

    async fn settle(
        &self,
        instance: &Instance,
        mut delivery: PendingDelivery,
        began_at: Timestamp,
        report: Report,
    ) -> Settled {
        let now = self.clock.now();
        let kind = delivery.notice.word();
        happening::delivery_attempted(
            &instance.workspace,
            delivery.destination,
            kind,
            now.since(began_at),
            &report.outcome,
        );
        let settlement = self.decide(&delivery, began_at, now, &report.outcome);
        let progress = (!report.progress.is_null()).then(|| report.progress.to_string());
        let attempt = Attempt {
            at: began_at,
            ended_at: now,
            http_status: report.status,
            answer: report.answer.clone(),
            progress: progress.clone().or(delivery.progress.clone()),
        };
        self.store_outcome(&delivery, &attempt, &settlement, &report.effects).await;
        self.signal(instance, delivery.destination, &settlement, access(&report)).await;
        delivery.attempts += 1;
        delivery.first_attempt_at.get_or_insert(began_at);
        delivery.progress = attempt.progress;
        let again_at = if let Settlement::Retry { due_at, suspect, .. } = &settlement {
            delivery.suspect = *suspect;
            Some(*due_at)
        } else {
            None
        };
        let retry_after = report.outcome.retry_after();
        Settled { delivery, again_at, at: now, sign: report.sign, retry_after }
    }

    fn decide(
        &self,
        delivery: &PendingDelivery,
        began: Timestamp,
        now: Timestamp,
        outcome: &Outcome,
    ) -> Settlement {
        let may_have_acted = |ambiguous: bool| delivery.suspect || ambiguous && delivery.notice.creates();
        match outcome {
            Outcome::Delivered => Settlement::Delivered,
            Outcome::Dead { cause, reason } => {
                Settlement::Dead { cause: *cause, reason: reason.clone(), suspect: delivery.suspect }
            }
            Outcome::Retry { reason, retry_after, ambiguous } => {
                let first = delivery.first_attempt_at.unwrap_or(began);
                let chance = self.chance.fraction();
                match self.schedule.next(delivery.attempts + 1, first, now, *retry_after, chance) {
                    Some(due_at) => Settlement::Retry {
                        due_at,
                        reason: reason.clone(),
                        suspect: may_have_acted(*ambiguous),
                    },
                    None => Settlement::Dead {
                        cause: Cause::GaveUp,
                        reason: format!("gave up after {} attempts: {reason}", delivery.attempts + 1),
                        suspect: may_have_acted(*ambiguous),
                    },
                }
            }
        }
    }

    /// Stores the outcome, however long the store takes: what was sent must not be forgotten.
    async fn store_outcome(
        &self,
        delivery: &PendingDelivery,
        attempt: &Attempt,
        settlement: &Settlement,
        effects: &[Effect],
    ) {
        loop {
            let (delivery, attempt) = (delivery.clone(), attempt.clone());
            let (settlement, effects, outbox) = (settlement.clone(), effects.to_vec(), self.outbox.clone());
            let stored = self.store.write(move |tx| {
                tx.settle_delivery(delivery.id, delivery.attempts, &attempt, &settlement)?;
                let follow = remember(tx, &delivery, &effects, attempt.ended_at)?;
                if !follow.is_empty() {
                    let outbox = outbox.clone();
                    tx.after_commit(move || outbox.tell(Command::Planned(follow)));
                }
                Ok(())
            });
            match stored.await {
                Ok(()) | Err(StorageError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "an outcome cannot be stored; trying again");
                    tokio::time::sleep(STORE_AGAIN).await;
                }
            }
        }
    }

    async fn expire(&self, instance: &Instance, delivery: PendingDelivery, reason: &'static str) -> Settled {
        let (id, now) = (delivery.id, self.clock.now());
        happening::delivery_expired(&instance.workspace, delivery.destination, delivery.notice.word());
        let expired = self.store.write(move |tx| tx.expire_delivery(id, now, reason)).await;
        let again_at = expired.err().map(|error| {
            tracing::error!(%error, "an expired delivery cannot be marked; trying again");
            now.plus(STORE_AGAIN)
        });
        Settled::unasked(delivery, again_at, now)
    }

    async fn signal(
        &self,
        instance: &Instance,
        to: DestinationKind,
        settlement: &Settlement,
        access: Option<Signal>,
    ) {
        let fault = status::dead_deliveries(to);
        let mut signals: Vec<_> = access.filter(|_| to == DestinationKind::Kontur).into_iter().collect();
        match settlement {
            Settlement::Dead { reason, .. } => {
                signals
                    .push(Signal::FaultRaised(fault, format!("a delivery to {to} was given up: {reason}")));
            }
            Settlement::Delivered if instance.status() != Status::Active => {
                if to == DestinationKind::Kontur {
                    signals.push(Signal::CredentialsAccepted(Failure::KonturCredentials));
                }
                let id = instance.id;
                let dead = self.store.read(move |tx| tx.has_dead_deliveries(id, to)).await;
                signals.extend((dead == Ok(false)).then_some(Signal::FaultCleared(fault)));
            }
            Settlement::Delivered | Settlement::Retry { .. } => {}
        }
        for signal in signals {
            if let Err(error) = status::apply(&self.store, &*self.clock, instance, signal).await {
                tracing::error!(%error, "the status cannot be stored");
            }
        }
    }
}

/// What an attempt says of our access to Kontur; 409 is its way of saying that the integration was removed (contract
/// Kontur §2, `notInstalled`).
fn access(report: &Report) -> Option<Signal> {
    if !report.credentials_refused {
        return None;
    }
    if report.status == Some(409) {
        return Some(Signal::Uninstalled);
    }
    let why = "Kontur refused the integration's credentials; check api_key and secret_key".to_owned();
    Some(Signal::CredentialsRefused(Failure::KonturCredentials, why))
}

fn buried(cause: Cause, reason: String) -> Report {
    Report::new(Outcome::Dead { cause, reason })
}

/// What became of call-started, for what has to know. It is not searched for when it is plain: it gave us the
/// communication, unless Kontur itself asked for the call.
fn opening(tx: &Tx<'_>, stored: &StoredCall, of: &Notice) -> Result<Option<Opening>, StorageError> {
    let asks = matches!(of, Notice::LegChanged { .. } | Notice::CallFinished { .. } | Notice::Register);
    match &stored.communication {
        _ if !asks => Ok(None),
        Some(_) if stored.call.request().is_none() => {
            Ok(Some(Opening { state: DeliveryState::Delivered, suspect: false }))
        }
        _ => tx.opening(stored.id),
    }
}

/// Stores what an attempt found out; gives the deliveries that follow from it.
fn remember(
    tx: &Tx<'_>,
    delivery: &PendingDelivery,
    effects: &[Effect],
    now: Timestamp,
) -> Result<Vec<PendingDelivery>, StorageError> {
    let mut follow = Vec::new();
    for effect in effects {
        match effect {
            Effect::Communication(id) => tx.set_communication(delivery.call, id)?,
            Effect::Missed(thread) => {
                if let Some(stored) = tx.call(delivery.call)? {
                    tx.insert_unreturned(delivery.instance, &stored.call.client_phone(), thread)?;
                }
            }
            Effect::Returned { thread_id } => {
                if let Some(stored) = tx.call(delivery.call)? {
                    tx.delete_unreturned(delivery.instance, &stored.call.client_phone(), thread_id)?;
                }
            }
            Effect::Follow(notice) => follow.push(tx.insert_delivery(NewDelivery {
                instance: delivery.instance,
                destination: delivery.destination,
                call: delivery.call,
                notice: notice.clone(),
                created_at: now,
                expires_at: None,
            })?),
        }
    }
    Ok(follow)
}

type ClientKey = (InstanceId, Phone);

/// Turns of deliveries that are about the same client.
#[derive(Default)]
pub(crate) struct ClientLocks(Mutex<HashMap<ClientKey, Arc<tokio::sync::Mutex<()>>>>);

impl ClientLocks {
    async fn turn(&self, instance: InstanceId, client: &Phone) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody else holds a lock that only the map refers to.
            if locks.len() > 1_024 {
                locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            }
            Arc::clone(locks.entry((instance, client.clone())).or_default())
        };
        lock.lock_owned().await
    }
}
