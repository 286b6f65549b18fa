//! What became of an attempt: decided, stored, and told to the instance's status.

use domain::clock::Timestamp;
use domain::instance::status::{Failure, Signal};
use domain::outbox::{Cause, DestinationKind, Notice, Outcome};
use domain::port::destination::{Effect, Report};
use domain::recording::{News, Tracked};
use storage::deliveries::{Attempt, NewDelivery, PendingDelivery, Settlement};
use storage::error::StorageError;
use storage::{About, Tx};

use super::super::{Command, Planned, Settled};
use super::{Deliverer, STORE_AGAIN};
use crate::happening;
use crate::instance::Instance;
use crate::status;

impl Deliverer {
    /// Stores what became of an attempt that began at `began_at`.
    pub(super) async fn settle(
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
            progress: progress.or_else(|| delivery.progress.clone()),
        };
        self.store_outcome(instance, &delivery, &attempt, &settlement, &report).await;
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
            Outcome::Skipped { reason } => Settlement::Skipped { reason: reason.clone() },
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

    /// Stores the outcome with what it says of the instance, however long the store takes: what was sent must not be
    /// forgotten.
    async fn store_outcome(
        &self,
        instance: &Instance,
        delivery: &PendingDelivery,
        attempt: &Attempt,
        settlement: &Settlement,
        report: &Report,
    ) {
        let access = access(report).filter(|_| delivery.destination == DestinationKind::Kontur);
        loop {
            let (of_change, attempt) = (delivery.clone(), attempt.clone());
            let (settlement, effects) = (settlement.clone(), report.effects.clone());
            let (workspace, known) = (instance.workspace.clone(), instance.known_condition());
            let (access, outbox) = (access.clone(), self.outbox.clone());
            let about = || about(delivery, &report.effects);
            let stored = self.store.write_about(about, move |tx| {
                tx.settle_delivery(of_change.id, of_change.attempts, &attempt, &settlement)?;
                let follow = remember(tx, &of_change, &effects, attempt.ended_at)?;
                give_up_recording(tx, &of_change, &settlement, &effects, attempt.ended_at)?;
                if !follow.is_empty() {
                    let (outbox, knowledge) = (outbox.clone(), tx.knowledge(of_change.call));
                    let planned = |delivery| Planned { delivery, knowledge };
                    let follow = follow.into_iter().map(planned).collect();
                    tx.after_commit(move || outbox.tell(Command::Planned(follow)));
                }
                let signals = signals(tx, &of_change, &settlement, known.is_active(), access.clone())?;
                status::note(tx, &workspace, &known, &signals, attempt.ended_at).map(drop)
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
}

/// What storing an outcome is about: the call, if that learns something or is given something more to tell.
fn about(delivery: &PendingDelivery, effects: &[Effect]) -> About {
    let changes = |effect: &Effect| matches!(effect, Effect::Communication(_) | Effect::Follow(_));
    let calls = if effects.iter().any(changes) { vec![delivery.call] } else { Vec::new() };
    About { calls, ..About::default() }
}

/// What the outcome of a delivery says of its instance. `is_active`: nothing is known to be wrong with it.
fn signals(
    tx: &Tx<'_>,
    delivery: &PendingDelivery,
    settlement: &Settlement,
    is_active: bool,
    access: Option<Signal>,
) -> Result<Vec<Signal>, StorageError> {
    let (to, mut signals) = (delivery.destination, Vec::from_iter(access));
    let fault = status::dead_deliveries(to);
    match settlement {
        Settlement::Dead { reason, .. } => {
            signals.push(Signal::FaultRaised(fault, format!("a delivery to {to} was given up: {reason}")));
        }
        Settlement::Delivered if !is_active => {
            if to == DestinationKind::Kontur {
                signals.push(Signal::CredentialsAccepted(Failure::KonturCredentials));
            }
            if !tx.has_dead_deliveries(delivery.instance, to)? {
                signals.push(Signal::FaultCleared(fault));
            }
        }
        Settlement::Delivered | Settlement::Skipped { .. } | Settlement::Retry { .. } => {}
    }
    Ok(signals)
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

/// A recording failed when Kontur is not going to be told of it. What kept it is told by the last attempt.
fn give_up_recording(
    tx: &Tx<'_>,
    delivery: &PendingDelivery,
    settlement: &Settlement,
    effects: &[Effect],
    now: Timestamp,
) -> Result<(), StorageError> {
    let (Settlement::Dead { reason, .. } | Settlement::Skipped { reason }) = settlement else {
        return Ok(());
    };
    let Notice::Recording { recording } = &delivery.notice else { return Ok(()) };
    let fault = effects.iter().find_map(|effect| match effect {
        Effect::Recording { news: News::Hindered { fault, .. }, .. } => Some(*fault),
        _ => None,
    });
    let give_up = |known: &mut Tracked| known.give_up(fault, reason);
    let entered = tx.change_recording(delivery.call, &recording.leg, now, give_up)?;
    entered.into_iter().for_each(happening::recording);
    Ok(())
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
            Effect::Recording { leg, news } => {
                let entered = tx.change_recording(delivery.call, leg, now, |known| known.learn(news))?;
                entered.into_iter().for_each(happening::recording);
            }
            Effect::Follow(notice) => follow.push(tx.insert_delivery(NewDelivery {
                instance: delivery.instance,
                destination: delivery.destination,
                call: delivery.call,
                notice: notice.clone(),
                created_at: now,
                expires_at: None,
                background: delivery.background,
            })?),
        }
    }
    Ok(follow)
}
