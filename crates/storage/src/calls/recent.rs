//! The calls that the writer has just had in hand. Most events follow others of the same call: it is then neither
//! searched for nor read again. Only the writer has these, and it forgets all of them when a transaction fails.

use std::cell::RefCell;
use std::collections::HashMap;

use domain::id::{CallId, CommunicationId, ExternalId, InstanceId};
use hashlink::LruCache;

use super::StoredCall;

/// Calls remembered: more than go on at once on most installations, at about 2 kB each.
const CAPACITY: usize = 4_096;

type Name = (InstanceId, ExternalId);

/// The writer's recent calls.
pub(crate) struct RecentCalls(RefCell<Inner>);

struct Inner {
    calls: LruCache<Name, StoredCall>,
    names: HashMap<CallId, Name>,
}

impl RecentCalls {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(Inner { calls: LruCache::new(CAPACITY), names: HashMap::new() }))
    }

    /// Takes a call out; whoever changes it puts it back.
    pub(super) fn take(&self, instance: InstanceId, id: &ExternalId) -> Option<StoredCall> {
        let mut inner = self.0.borrow_mut();
        let call = inner.calls.remove(&(instance, id.clone()))?;
        inner.names.remove(&call.id);
        Some(call)
    }

    /// Takes the call of a row out.
    pub(super) fn take_row(&self, id: CallId) -> Option<StoredCall> {
        let mut inner = self.0.borrow_mut();
        let name = inner.names.remove(&id)?;
        inner.calls.remove(&name)
    }

    pub(super) fn put(&self, call: StoredCall) {
        let mut inner = self.0.borrow_mut();
        if inner.calls.len() >= CAPACITY
            && let Some((_, oldest)) = inner.calls.remove_lru()
        {
            inner.names.remove(&oldest.id);
        }
        let name = (call.instance, call.external_id.clone());
        inner.names.insert(call.id, name.clone());
        inner.calls.insert(name, call);
    }

    pub(super) fn set_communication(&self, call: CallId, id: &CommunicationId) {
        let mut inner = self.0.borrow_mut();
        let Some(name) = inner.names.get(&call).cloned() else { return };
        if let Some(call) = inner.calls.get_mut(&name) {
            call.communication = Some(id.clone());
        }
    }

    /// The call is deleted.
    pub(crate) fn forget(&self, call: CallId) {
        let mut inner = self.0.borrow_mut();
        if let Some(name) = inner.names.remove(&call) {
            inner.calls.remove(&name);
        }
    }

    /// What a failed transaction may have left here is not what is stored.
    pub(crate) fn forget_all(&self) {
        let mut inner = self.0.borrow_mut();
        inner.calls.clear();
        inner.names.clear();
    }
}
