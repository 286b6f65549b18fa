//! What a delivery is about, read in one look.

use std::sync::Arc;
use std::time::Duration;

use domain::outbox::{DeliveryState, Notice};
use domain::phone::Phone;
use domain::port::destination::CustomerHistory;
use storage::calls::StoredCall;
use storage::deliveries::{Opening, PendingDelivery};
use storage::error::StorageError;

use super::Deliverer;

/// What a delivery is about.
pub(super) struct Subject {
    pub(super) stored: Arc<StoredCall>,
    pub(super) customer: CustomerHistory,
    /// What became of call-started, as far as that matters to the delivery.
    pub(super) opening: Option<DeliveryState>,
    /// call-started may have made a communication that we do not know of.
    pub(super) opening_in_doubt: bool,
}

impl Subject {
    fn new(
        stored: Arc<StoredCall>,
        of: &Notice,
        opening: Option<Opening>,
        customer: CustomerHistory,
    ) -> Self {
        let opening_in_doubt = *of == Notice::Register
            && stored.communication.is_none()
            && opening.is_some_and(|opening| opening.suspect);
        Self { stored, customer, opening: opening.map(|opening| opening.state), opening_in_doubt }
    }
}

/// Where others change calls as well, a delivery may be about what is at hand here for so long after it was planned. What
/// came later gives deliveries of its own.
const AT_HAND_FOR: Duration = Duration::from_secs(2);

impl Deliverer {
    /// The call, if it need not be read.
    fn at_hand(&self, delivery: &PendingDelivery) -> Option<Arc<StoredCall>> {
        let age = self.clock.now().since(delivery.created_at);
        let is_enough = !self.store.is_shared() || delivery.call_at_hand && age < AT_HAND_FOR;
        is_enough.then(|| self.store.recent_call(delivery.call)).flatten()
    }

    /// The call of a delivery. None if the store cannot be read now.
    async fn call(&self, delivery: &PendingDelivery) -> Option<Arc<StoredCall>> {
        if let Some(stored) = self.at_hand(delivery) {
            return Some(stored);
        }
        understood(self.calls.read(delivery.call).await)
    }

    /// The client whom the delivery is about. None if the store cannot be read now.
    pub(super) async fn client_of(&self, delivery: &PendingDelivery) -> Option<Phone> {
        Some(self.call(delivery).await?.call.client_phone())
    }

    /// None if the store cannot be read now.
    pub(super) async fn load(&self, delivery: &PendingDelivery, client: Option<Phone>) -> Option<Subject> {
        let (instance, call, notice) = (delivery.instance, delivery.call, delivery.notice.clone());
        if client.is_none() {
            let stored = self.call(delivery).await?;
            let customer = CustomerHistory::default();
            match Opened::of(&stored, &notice) {
                Opened::Whatever => return Some(Subject::new(stored, &notice, None, customer)),
                Opened::Known(opening) => {
                    return Some(Subject::new(stored, &notice, Some(opening), customer));
                }
                Opened::Stored => {}
            }
        }
        let loaded = self.store.read(move |tx| {
            let Some(stored) = tx.call(call)? else { return Ok(None) };
            let customer = match &client {
                Some(client) => CustomerHistory {
                    unreturned: tx.unreturned(instance, client)?,
                    last_conversation_at: tx.last_conversation(instance, client, call)?,
                },
                None => CustomerHistory::default(),
            };
            let opening = match Opened::of(&stored, &notice) {
                Opened::Whatever => None,
                Opened::Known(opening) => Some(opening),
                Opened::Stored => tx.opening(call)?,
            };
            Ok(Some(Subject::new(Arc::new(stored), &notice, opening, customer)))
        });
        understood(loaded.await)
    }
}

/// What was read. None if it could not be, or is not there.
fn understood<T>(read: Result<Option<T>, StorageError>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "a call cannot be read for its delivery")).ok()?
}

/// How to find out what became of call-started.
enum Opened {
    /// It does not matter.
    Whatever,
    /// It is plain.
    Known(Opening),
    /// By its delivery.
    Stored,
}

impl Opened {
    /// It is plain that it was delivered if it gave us the communication, unless Kontur itself asked for the call.
    fn of(stored: &StoredCall, notice: &Notice) -> Self {
        let asks =
            matches!(notice, Notice::LegChanged { .. } | Notice::CallFinished { .. } | Notice::Register);
        match &stored.communication {
            _ if !asks || stored.told.is_silent() => Self::Whatever,
            Some(_) if stored.call.request().is_none() => {
                Self::Known(Opening { state: DeliveryState::Delivered, suspect: false })
            }
            _ => Self::Stored,
        }
    }
}
