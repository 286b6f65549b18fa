//! Turns of deliveries that are about the same client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::InstanceId;
use domain::phone::Phone;
use tokio::sync::OwnedMutexGuard;

type ClientKey = (InstanceId, Phone);

/// Who has the turn.
#[derive(Default)]
pub(crate) struct ClientLocks(Mutex<HashMap<ClientKey, Arc<tokio::sync::Mutex<()>>>>);

impl ClientLocks {
    /// Waits for the client's turn, which lasts until the guard is dropped.
    pub(super) async fn turn(&self, instance: InstanceId, client: &Phone) -> OwnedMutexGuard<()> {
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
