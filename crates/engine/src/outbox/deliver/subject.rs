//! What a delivery is about, read in one look.

use domain::outbox::{DeliveryState, Notice};
use domain::phone::Phone;
use domain::port::destination::CustomerHistory;
use storage::Tx;
use storage::calls::StoredCall;
use storage::deliveries::{Opening, PendingDelivery};
use storage::error::StorageError;

use super::Deliverer;

/// What a delivery is about.
pub(super) struct Subject {
    pub(super) stored: StoredCall,
    pub(super) customer: CustomerHistory,
    /// What became of call-started, as far as that matters to the delivery.
    pub(super) opening: Option<DeliveryState>,
    /// call-started may have made a communication that we do not know of.
    pub(super) opening_in_doubt: bool,
}

impl Deliverer {
    /// The client whom the delivery is about. None if the store cannot be read now.
    pub(super) async fn client_of(&self, delivery: &PendingDelivery) -> Option<Phone> {
        let call = delivery.call;
        let stored = self.store.read(move |tx| tx.call(call)).await.ok().flatten()?;
        Some(stored.call.client_phone())
    }

    /// None if the store cannot be read now.
    pub(super) async fn load(&self, delivery: &PendingDelivery, client: Option<Phone>) -> Option<Subject> {
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
