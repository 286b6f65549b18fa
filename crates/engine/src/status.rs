//! Applies signals to an instance's condition: stored with its reason, then known here.

use domain::clock::{Clock, Timestamp};
use domain::id::Workspace;
use domain::instance::status::{Failure, Fault, Signal};
use domain::outbox::DestinationKind;
use domain::port::{RemoteError, RemoteErrorKind};
use storage::error::StorageError;
use storage::{Store, Tx};

use crate::happening;
use crate::instance::{Instance, KnownCondition};

/// Applies `signal`. Costs nothing when it changes nothing. Says whether the status changed.
pub(crate) async fn apply(
    store: &Store,
    clock: &dyn Clock,
    instance: &Instance,
    signal: Signal,
) -> Result<bool, StorageError> {
    if (*instance.condition()).clone().after(signal.clone()) == *instance.condition() {
        return Ok(false);
    }
    let (now, workspace, known) = (clock.now(), instance.workspace.clone(), instance.known_condition());
    let signals = [signal];
    store.write(move |tx| note(tx, &workspace, &known, &signals, now)).await
}

/// Applies signals in the transaction of what gave rise to them, so that neither is stored without the other. What is
/// known here follows the commit. Says whether the status changed.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    workspace: &Workspace,
    known: &KnownCondition,
    signals: &[Signal],
    now: Timestamp,
) -> Result<bool, StorageError> {
    if signals.is_empty() {
        return Ok(false);
    }
    let Some(mut stored) = tx.find_instance(workspace)? else { return Ok(false) };
    let before = stored.condition.status();
    for signal in signals {
        let after = stored.condition.clone().after(signal.clone());
        if after != stored.condition {
            tx.set_condition(&stored, &after, now, &reason(signal))?;
            stored.status_since =
                if after.status() == stored.condition.status() { stored.status_since } else { now };
            stored.condition = after;
        }
    }
    let (known, workspace, after) = (known.clone(), workspace.clone(), stored.condition);
    let changed = before != after.status();
    tx.after_commit(move || {
        if changed {
            happening::status_changed(&workspace, before, after.status(), &after.reasons());
        }
        known.set(after);
    });
    Ok(changed)
}

/// The fault that dead letters of a destination are.
pub const fn dead_deliveries(destination: DestinationKind) -> Fault {
    match destination {
        DestinationKind::Kontur => Fault::DeadKonturDeliveries,
        DestinationKind::Workonflow => Fault::DeadWorkonflowDeliveries,
        DestinationKind::Metabot => Fault::DeadMetabotDeliveries,
    }
}

/// What a provider's answer says of our access to it.
pub fn of_provider_credentials<T>(answer: &Result<T, RemoteError>) -> Option<Signal> {
    match answer {
        Ok(_) => Some(Signal::CredentialsAccepted(Failure::ProviderCredentials)),
        Err(error) if error.kind == RemoteErrorKind::Unauthorized => {
            Some(Signal::CredentialsRefused(Failure::ProviderCredentials, error.to_string()))
        }
        Err(_) => None,
    }
}

/// What the history says of the change.
fn reason(signal: &Signal) -> String {
    match signal {
        Signal::SetUp => "setup went through".to_owned(),
        Signal::FaultRaised(_, why) | Signal::CredentialsRefused(_, why) | Signal::SyncFailed(why) => {
            why.clone()
        }
        Signal::FaultCleared(_) => "the fault is gone".to_owned(),
        Signal::CredentialsAccepted(_) => "the credentials work again".to_owned(),
        Signal::SyncSucceeded => "the history sync went through".to_owned(),
        Signal::Paused => "paused by an administrator".to_owned(),
        Signal::Resumed => "resumed by an administrator".to_owned(),
        Signal::PausedInKontur(true) => "paused in Kontur".to_owned(),
        Signal::PausedInKontur(false) => "active in Kontur again".to_owned(),
        Signal::Uninstalled => "removed from the workspace".to_owned(),
    }
}
