//! Applies signals to an instance's condition: stored with its reason, then known here.

use domain::clock::Clock;
use domain::instance::status::{Failure, Fault, Signal};
use domain::outbox::DestinationKind;
use domain::port::{RemoteError, RemoteErrorKind};
use storage::Store;
use storage::error::StorageError;

use crate::happening;
use crate::instance::Instance;

/// Applies `signal`. Costs nothing when it changes nothing. Says whether the status changed.
pub async fn apply(
    store: &Store,
    clock: &dyn Clock,
    instance: &Instance,
    signal: Signal,
) -> Result<bool, StorageError> {
    if (*instance.condition()).clone().after(signal.clone()) == *instance.condition() {
        return Ok(false);
    }
    let (now, workspace) = (clock.now(), instance.workspace.clone());
    let changed = store.write(move |tx| {
        let Some(stored) = tx.find_instance(&workspace)? else { return Ok(None) };
        let after = stored.condition.clone().after(signal.clone());
        tx.set_condition(&stored, &after, now, &reason(&signal))?;
        Ok(Some((stored.condition.status(), after)))
    });
    let Some((before, after)) = changed.await? else { return Ok(false) };
    let changed = before != after.status();
    if changed {
        happening::status_changed(&instance.workspace, before, after.status(), &after.reasons());
    }
    instance.set_condition(after);
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
