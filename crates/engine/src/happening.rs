//! Every observable happening: its log line and its metric in one place. No secrets, no full phone numbers.

use std::time::Duration;

use crate::instance::Instance;
use domain::call::healing::Answer;
use domain::id::{CallId, Workspace};
use domain::instance::status::Status;
use domain::outbox::breaker::Change;
use domain::outbox::{DestinationKind, Outcome};
use domain::port::RemoteError;
use domain::recording::RecordingState;
use domain::retention::Prunable;
use metrics::{counter, gauge, histogram};

/// Events were stored.
pub fn events_accepted(provider: &'static str, accepted: usize, duplicates: usize) {
    counter!("kontur_telephony_events_accepted_total", "provider" => provider).increment(accepted as u64);
    // Rare, and this is told for every request.
    if duplicates > 0 {
        counter!("kontur_telephony_events_duplicate_total", "provider" => provider)
            .increment(duplicates as u64);
    }
}

/// Events were taken for repeats of calls that are not kept any more.
pub fn events_forgotten(workspace: &Workspace, count: usize) {
    if count > 0 {
        counter!("kontur_telephony_events_forgotten_total").increment(count as u64);
        tracing::warn!(%workspace, count, "events from before what is kept were taken for repeats");
    }
}

/// A webhook was refused.
pub fn webhook_refused(workspace: &Workspace, provider: &'static str, why: &str) {
    counter!("kontur_telephony_webhooks_refused_total", "provider" => provider).increment(1);
    tracing::warn!(%workspace, provider, why, "a webhook was refused");
}

/// An attempt at a delivery ended.
pub fn delivery_attempted(
    workspace: &Workspace,
    destination: DestinationKind,
    kind: &'static str,
    took: Duration,
    outcome: &Outcome,
) {
    let word = match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Retry { .. } => "retry",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Dead { .. } => "dead",
    };
    let labels = [("destination", destination.word()), ("kind", kind), ("outcome", word)];
    counter!("kontur_telephony_delivery_attempts_total", &labels).increment(1);
    histogram!("kontur_telephony_delivery_seconds", "destination" => destination.word())
        .record(took.as_secs_f64());
    match outcome {
        Outcome::Delivered => tracing::debug!(%workspace, %destination, kind, ?took, "delivered"),
        Outcome::Retry { reason, .. } => {
            tracing::warn!(%workspace, %destination, kind, reason, "to be tried again");
        }
        Outcome::Skipped { reason } => {
            tracing::warn!(%workspace, %destination, kind, reason, "not to be told after all");
        }
        Outcome::Dead { cause, reason } => {
            tracing::error!(%workspace, %destination, kind, cause = cause.word(), reason, "given up: a dead letter");
        }
    }
}

/// Realtime came too late.
pub fn delivery_expired(workspace: &Workspace, destination: DestinationKind, kind: &'static str) {
    counter!("kontur_telephony_deliveries_expired_total", "destination" => destination.word()).increment(1);
    tracing::info!(%workspace, %destination, kind, "too late to be worth sending");
}

/// A destination of a workspace is taken for away, or is back.
pub fn destination_changed(workspace: &Workspace, destination: DestinationKind, change: Change) {
    let labels = [("workspace", workspace.to_string()), ("destination", destination.to_string())];
    let away = gauge!("kontur_telephony_destination_away", &labels);
    match change {
        Change::Opened => {
            away.set(1.0);
            tracing::warn!(%workspace, %destination, "away: only asked now and then whether it is back");
        }
        Change::Closed => {
            away.set(0.0);
            tracing::info!(%workspace, %destination, "back: what waited follows");
        }
    }
}

/// A recording entered a state.
pub fn recording(state: RecordingState) {
    counter!("kontur_telephony_recordings_total", "state" => state.word()).increment(1);
}

/// The status of an instance changed.
pub fn status_changed(workspace: &Workspace, from: Status, to: Status, reasons: &[String]) {
    status(workspace, to);
    counter!("kontur_telephony_status_changes_total", "to" => to.word()).increment(1);
    tracing::warn!(%workspace, from = from.word(), to = to.word(), ?reasons, "the status changed");
}

/// The status of an instance, as Kontur's code.
pub fn status(workspace: &Workspace, status: Status) {
    gauge!("kontur_telephony_instance_status", "workspace" => workspace.to_string())
        .set(f64::from(status.code()));
}

/// Something of a use case failed where nobody waits for the reply.
pub fn background_failed(workspace: &Workspace, what: &'static str, why: &dyn std::fmt::Display) {
    counter!("kontur_telephony_background_failures_total", "what" => what).increment(1);
    tracing::error!(%workspace, what, %why, "failed in the background");
}

/// The connection over which a telephony system tells what happens stands.
pub fn listening_began(workspace: &Workspace, provider: &'static str) {
    counter!("kontur_telephony_listening_total", "provider" => provider, "change" => "began").increment(1);
    tracing::info!(%workspace, provider, "the telephony is listened to");
}

/// The connection over which a telephony system tells what happens is lost, or did not come about.
pub fn listening_ended(workspace: &Workspace, provider: &'static str, why: &RemoteError) {
    counter!("kontur_telephony_listening_total", "provider" => provider, "change" => "ended").increment(1);
    tracing::warn!(%workspace, provider, %why, "the telephony cannot be listened to; trying again");
}

/// A telephony system asked who is responsible for a caller.
pub fn caller_routed(is_known: bool) {
    counter!("kontur_telephony_routed_total", "responsible" => if is_known { "known" } else { "none" })
        .increment(1);
}

/// A history sync ended.
pub fn synced(workspace: &Workspace, seen: u64, added: u64) {
    counter!("kontur_telephony_synced_calls_total").increment(added);
    tracing::info!(%workspace, seen, added, "history sync went through");
}

/// The provider was asked how a quiet call stands.
pub fn call_asked_for(workspace: &Workspace, call: CallId, answer: Answer) {
    counter!("kontur_telephony_calls_asked_for_total", "answer" => answer.word()).increment(1);
    tracing::info!(%workspace, call.id = call.0, answer = answer.word(), "the telephony was asked for a quiet call");
}

/// A call counts as over although nobody said so.
pub fn end_inferred(workspace: &Workspace, call: CallId) {
    counter!("kontur_telephony_call_ends_inferred_total").increment(1);
    tracing::warn!(%workspace, call.id = call.0, "the end of a call never came; it is taken to be over");
}

/// The real end of such a call came after all.
pub fn end_corrected(call: CallId) {
    counter!("kontur_telephony_call_ends_corrected_total").increment(1);
    tracing::info!(call.id = call.0, "the real end of a call came and corrects the inferred one");
}

/// The registration of a call is parked.
pub fn registration_parked(call: CallId) {
    parked_calls().increment(1.0);
    tracing::info!(
        call.id = call.0,
        "the registration of a call waits for its extension to be given to a user"
    );
}

/// The parked registration of a call is told.
pub fn registration_unparked(call: CallId) {
    parked_calls().decrement(1.0);
    tracing::info!(call.id = call.0, "a parked call is registered");
}

/// So many calls were parked when the process started.
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; 2^52 calls are more than there ever were"
)]
pub fn found_parked(calls: u64) {
    parked_calls().set(calls as f64);
}

fn parked_calls() -> metrics::Gauge {
    gauge!("kontur_telephony_parked_calls")
}

/// Kontur asked for something; `outcome` is `ok` or the word of the refusal.
pub fn kontur_asked(command: &'static str, outcome: &'static str) {
    let labels = [("command", command), ("outcome", outcome)];
    counter!("kontur_telephony_kontur_requests_total", &labels).increment(1);
    if outcome != "ok" {
        tracing::info!(command, outcome, "a call of Kontur was refused");
    }
}

/// What was old is gone.
pub fn pruned(what: Prunable, count: usize) {
    counter!("kontur_telephony_rows_pruned_total", "table" => what.word()).increment(count as u64);
    if count > 0 {
        tracing::info!(table = what.word(), count, "pruned what is not kept any longer");
    }
}

/// How large the database is, and how much of it holds nothing.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^52 bytes are 4 PiB")]
pub fn database_space(bytes: u64, free_bytes: u64) {
    gauge!("kontur_telephony_database_bytes").set(bytes as f64);
    gauge!("kontur_telephony_database_free_bytes").set(free_bytes as f64);
}

/// Workonflow told us something. Nothing follows from it yet.
pub fn workonflow_told(workspace: &Workspace, event: &str) {
    counter!("kontur_telephony_workonflow_events_total").increment(1);
    tracing::debug!(%workspace, event, "Workonflow told us something");
}

/// So many replicas are alive, and this one acts for so many integrations.
pub(crate) fn replicas(alive: u64, held: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; nobody has 2^52 replicas")]
    gauge!("kontur_telephony_replicas").set(alive as f64);
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; nobody has 2^52 integrations")]
    gauge!("kontur_telephony_claims").set(held as f64);
}

/// This process acts for an integration from now on; `was_released`: whoever did so before has ended it in order.
pub(crate) fn claimed(instance: Option<&Instance>, was_released: bool) {
    let workspace = instance.map(|instance| instance.workspace.as_str()).unwrap_or_default();
    if was_released {
        tracing::debug!(workspace, "claimed");
    } else {
        tracing::info!(workspace, "taken over from a replica that died");
    }
    let how = if was_released { "released" } else { "died" };
    counter!("kontur_telephony_claims_taken_total", "from" => how).increment(1);
}
