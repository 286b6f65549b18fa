//! The calls that the writer has just had in hand. Most events follow others of the same call: it is then neither
//! searched for nor read again. Nor is it for its deliveries, which follow soon: what is committed of these calls can be
//! seen by everybody. All are forgotten when a transaction fails.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::id::{CallId, CommunicationId, ExternalId, InstanceId};
use hashlink::LruCache;

use super::StoredCall;
use crate::session::Unit;

/// Calls remembered: more than go on at once on most installations, at about 2 kB each.
const CAPACITY: usize = 6_144;

/// The writer's recent calls.
pub(crate) struct RecentCalls(Mutex<Inner>);

/// The provider's id of a call, and whose it is.
type Name = (InstanceId, ExternalId);

struct Inner {
    calls: LruCache<CallId, Place>,
    rows: HashMap<Name, CallId>,
    /// Counts the transactions.
    transaction: u64,
    /// Counts when calls were forgotten that may have been changed just before.
    losses: u64,
}

/// When calls were looked at that are to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked(u64);

/// Kept while somebody has the call in hand: most are put back.
struct Place {
    name: Name,
    call: Option<Arc<StoredCall>>,
    /// The transaction that put it there: it is not committed before that ends. None if it was committed before.
    put_in: Option<u64>,
}

impl RecentCalls {
    pub(crate) fn new() -> Self {
        let calls = LruCache::new(CAPACITY);
        Self(Mutex::new(Inner { calls, rows: HashMap::new(), transaction: 0, losses: 0 }))
    }

    /// Takes a call out; whoever changes it puts it back.
    pub(super) fn take(
        &self,
        instance: InstanceId,
        id: &ExternalId,
        unit: Option<&Unit>,
    ) -> Option<StoredCall> {
        let mut inner = self.lock();
        let row = *inner.rows.get(&(instance, id.clone()))?;
        inner.take(row, unit)
    }

    /// Takes the call of a row out.
    pub(super) fn take_row(&self, id: CallId, unit: Option<&Unit>) -> Option<StoredCall> {
        self.lock().take(id, unit)
    }

    /// The row and the version of a call, if it is at hand.
    pub(crate) fn version(&self, instance: InstanceId, id: &ExternalId) -> Option<(CallId, i64)> {
        let inner = self.lock();
        let row = *inner.rows.get(&(instance, id.clone()))?;
        inner.version(row).map(|version| (row, version))
    }

    /// The version of the call of a row, if it is at hand.
    pub(crate) fn version_of(&self, id: CallId) -> Option<i64> {
        self.lock().version(id)
    }

    pub(crate) fn put(&self, call: StoredCall) {
        let mut inner = self.lock();
        let put_in = Some(inner.transaction);
        inner.put(call, put_in);
    }

    /// Somebody begins to look at calls.
    pub(crate) fn look(&self) -> Looked {
        Looked(self.lock().losses)
    }

    /// Keeps calls that somebody looked at, unless they are in hand, or something later is known, or was and is forgotten.
    pub(crate) fn learn(&self, calls: Vec<StoredCall>, looked: Looked) {
        let mut inner = self.lock();
        if inner.losses != looked.0 {
            return;
        }
        for call in calls {
            let kept = inner.calls.peek(&call.id);
            if kept.is_none_or(|kept| kept.call.as_ref().is_some_and(|kept| kept.version < call.version)) {
                inner.put(call, None);
            }
        }
    }

    pub(super) fn set_communication(&self, call: CallId, id: &CommunicationId, unit: Option<&Unit>) {
        match self.take_row(call, unit) {
            Some(mut stored) => {
                stored.communication = Some(id.clone());
                stored.version += 1;
                self.put(stored);
            }
            // It may be another one by now.
            None => self.forget(call),
        }
    }

    /// The call is deleted.
    pub(crate) fn forget(&self, call: CallId) {
        let mut inner = self.lock();
        inner.losses += 1;
        if let Some(place) = inner.calls.remove(&call) {
            inner.rows.remove(&place.name);
        }
    }

    /// What a failed transaction may have left here is not what is stored.
    pub(crate) fn forget_all(&self) {
        let mut inner = self.lock();
        inner.losses += 1;
        inner.calls.clear();
        inner.rows.clear();
    }

    /// The transaction is committed: what it put here can be seen.
    pub(crate) fn committed(&self) {
        self.lock().transaction += 1;
    }

    /// A call as it was last committed, if it is at hand.
    pub(crate) fn committed_call(&self, id: CallId) -> Option<Arc<StoredCall>> {
        let inner = self.lock();
        let place = inner.calls.peek(&id).filter(|place| place.put_in < Some(inner.transaction))?;
        place.call.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Where others change calls as well, only one that they cannot change now is as it is stored.
    fn take(&mut self, id: CallId, unit: Option<&Unit>) -> Option<StoredCall> {
        if unit.is_some_and(|unit| !unit.holds(id)) {
            return None;
        }
        self.calls.get_mut(&id)?.call.take().map(Arc::unwrap_or_clone)
    }

    fn put(&mut self, call: StoredCall, put_in: Option<u64>) {
        if let Some(place) = self.calls.get_mut(&call.id) {
            place.call = Some(Arc::new(call));
            place.put_in = put_in;
            return;
        }
        if self.calls.len() >= CAPACITY
            && let Some((_, oldest)) = self.calls.remove_lru()
        {
            self.rows.remove(&oldest.name);
        }
        let name = (call.instance, call.external_id.clone());
        self.rows.insert(name.clone(), call.id);
        self.calls.insert(call.id, Place { name, call: Some(Arc::new(call)), put_in });
    }

    fn version(&self, id: CallId) -> Option<i64> {
        self.calls.peek(&id)?.call.as_ref().map(|call| call.version)
    }
}
