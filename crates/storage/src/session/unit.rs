//! What one transaction knows for sure while others change the same database: which calls nobody else can change until
//! it ends, and what of them is stored.
//!
//! Many changes share a transaction. What they are about is therefore locked and read at once, before the first of them
//! runs.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use domain::id::{CallId, EventId, ExternalId, InstanceId};

/// What a change is about, as far as that can be said in advance. To say less is correct, and slower.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Events that it notes, of calls by their names.
    pub events: Vec<(InstanceId, ExternalId, EventId)>,
    /// Calls that it takes by their rows.
    pub calls: Vec<CallId>,
    /// Requests of providers that it stores.
    pub requests: usize,
}

impl About {
    /// What many are about.
    pub(crate) fn all<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut together = Self::default();
        for one in all {
            together.events.extend(one.events.iter().cloned());
            together.calls.extend(&one.calls);
            together.requests += one.requests;
        }
        together
    }
}

/// How a call became known to a transaction that changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// This transaction makes it: there is nothing of it but what is made here.
    New,
    /// Nobody else has changed it since this process did.
    AtHand,
    /// It was read: others may have changed it, and planned deliveries of it.
    Read,
}

/// What a transaction knows.
#[derive(Debug, Default)]
pub(crate) struct Unit(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Calls that nobody else can change.
    held: HashSet<CallId>,
    /// How many of those were not held from the beginning.
    held_late: usize,
    /// Of those, the ones that were read.
    read: HashSet<CallId>,
    /// Of those, the ones of which deliveries were planned: whoever delivers looks for what others have planned.
    planned: HashSet<CallId>,
    /// Calls that this transaction makes: whatever is there of them, it has noted.
    new: HashSet<CallId>,
    /// Calls that were looked for and not found.
    absent: HashMap<InstanceId, HashSet<ExternalId>>,
    /// Events of held calls, and whether they are noted.
    events: HashMap<(CallId, EventId), bool>,
}

impl Unit {
    /// Forgets all, for the next transaction.
    pub(crate) fn clear(&self) {
        *self.0.borrow_mut() = Known::default();
    }

    /// A held call was read.
    pub(crate) fn was_read(&self, call: CallId) {
        self.0.borrow_mut().read.insert(call);
    }

    /// How a call became known of which a delivery is planned.
    pub(crate) fn knowledge(&self, call: CallId) -> Knowledge {
        let mut known = self.0.borrow_mut();
        known.planned.insert(call);
        if known.new.contains(&call) {
            Knowledge::New
        } else if known.held.contains(&call) && !known.read.contains(&call) {
            Knowledge::AtHand
        } else {
            Knowledge::Read
        }
    }

    /// Calls that were read, and of which nothing was planned: nobody has looked for what others planned of them.
    pub(crate) fn only_read(&self) -> Vec<CallId> {
        let known = self.0.borrow();
        known.read.difference(&known.planned).copied().collect()
    }

    /// How many calls were held after the transaction had begun.
    pub(crate) fn held_late(&self) -> usize {
        self.0.borrow().held_late
    }

    /// Nobody else can change the call from now on, in the middle of the transaction.
    pub(crate) fn hold_late(&self, call: CallId) {
        let mut known = self.0.borrow_mut();
        known.read.insert(call);
        if known.held.insert(call) {
            known.held_late += 1;
        }
    }

    /// Whether nobody else can change the call.
    pub(crate) fn holds(&self, call: CallId) -> bool {
        self.0.borrow().held.contains(&call)
    }

    /// Nobody else can change the call from now on.
    pub(crate) fn hold(&self, call: CallId) {
        self.0.borrow_mut().held.insert(call);
    }

    /// Whether it is known that there is no such call.
    pub(crate) fn is_absent(&self, instance: InstanceId, id: &ExternalId) -> bool {
        self.0.borrow().absent.get(&instance).is_some_and(|absent| absent.contains(id))
    }

    /// There is no such call.
    pub(crate) fn note_absent(&self, instance: InstanceId, id: ExternalId) {
        self.0.borrow_mut().absent.entry(instance).or_default().insert(id);
    }

    /// There is such a call.
    pub(crate) fn is_there(&self, instance: InstanceId, id: &ExternalId) {
        if let Some(absent) = self.0.borrow_mut().absent.get_mut(&instance) {
            absent.remove(id);
        }
    }

    /// This transaction makes a call.
    pub(crate) fn is_new(&self, call: CallId, instance: InstanceId, id: &ExternalId) {
        let mut known = self.0.borrow_mut();
        known.held.insert(call);
        known.new.insert(call);
        if let Some(absent) = known.absent.get_mut(&instance) {
            absent.remove(id);
        }
    }

    /// Whether an event of a held call was noted before.
    pub(crate) fn was_noted(&self, call: CallId, event: EventId, noted: bool) {
        self.0.borrow_mut().events.insert((call, event), noted);
    }

    /// An event is to be noted: whether it is new, if that is known. It is not from now on.
    pub(crate) fn notes(&self, call: CallId, event: &EventId) -> Option<bool> {
        let mut known = self.0.borrow_mut();
        let is_new_call = known.new.contains(&call);
        let event = (call, event.clone());
        match known.events.get_mut(&event) {
            Some(noted) => Some(!std::mem::replace(noted, true)),
            None if is_new_call => {
                known.events.insert(event, true);
                Some(true)
            }
            None => None,
        }
    }
}
