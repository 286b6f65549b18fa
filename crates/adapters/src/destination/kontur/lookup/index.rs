//! What the feed said of calls, by the provider's id. Pure. Bounded: doubts are about recent calls.

use std::collections::{HashMap, VecDeque};

use domain::id::{CommunicationId, ExternalId};
use domain::port::crm::CommunicationChange;

/// How many calls are remembered; of more the oldest are forgotten.
const REMEMBERED: usize = 50_000;

/// What the feed shows of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::destination::kontur) struct Seen {
    /// Its communication.
    pub(in crate::destination::kontur) communication: CommunicationId,
    /// Whether register-call was accepted: only that gives a communication its items.
    pub(in crate::destination::kontur) registered: bool,
    /// The communication was deleted.
    pub(in crate::destination::kontur) deleted: bool,
}

/// Calls by external id and by communication, since a change may show only what changed.
#[derive(Default)]
pub(super) struct Index {
    calls: HashMap<ExternalId, Seen>,
    names: HashMap<CommunicationId, ExternalId>,
    order: VecDeque<ExternalId>,
}

impl Index {
    pub(super) fn get(&self, call: &ExternalId) -> Option<&Seen> {
        self.calls.get(call)
    }

    /// Takes a change in. A call that was deleted stays known as registered: whoever doubts whether its registration
    /// arrived need not send it again. If it was registered again since, that is what counts.
    pub(super) fn learn(&mut self, change: CommunicationChange) {
        let CommunicationChange { communication, call, is_registered, is_deleted } = change;
        let Some(call) = call.or_else(|| self.names.get(&communication).cloned()) else { return };
        match self.calls.get_mut(&call) {
            Some(seen) if seen.communication == communication => {
                seen.registered |= is_registered;
                seen.deleted = is_deleted;
            }
            Some(seen) if seen.deleted && !is_deleted => {
                let gone = std::mem::replace(&mut seen.communication, communication.clone());
                (seen.registered, seen.deleted) = (is_registered, false);
                self.names.remove(&gone);
                self.names.insert(communication, call);
            }
            Some(seen) => seen.registered |= is_registered,
            None => {
                self.forget_the_oldest();
                self.names.insert(communication.clone(), call.clone());
                self.order.push_back(call.clone());
                let seen = Seen { communication, registered: is_registered, deleted: is_deleted };
                self.calls.insert(call, seen);
            }
        }
    }

    fn forget_the_oldest(&mut self) {
        if self.order.len() < REMEMBERED {
            return;
        }
        let oldest = self.order.pop_front().and_then(|call| self.calls.remove(&call));
        oldest.and_then(|seen| self.names.remove(&seen.communication));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::change;

    use super::*;

    fn index(changes: &[Value]) -> Index {
        let mut index = Index::default();
        for change in changes {
            if let Some(change) = change::read(&serde_json::from_value(change.clone()).unwrap()) {
                index.learn(change);
            }
        }
        index
    }

    fn changed(new: &Value) -> Value {
        json!({"changeData": {"type": "patch", "new": new}, "entityIds": {"communicationId": "c-1"}})
    }

    #[test]
    fn a_call_is_found_by_its_own_part_of_the_id() {
        let index = index(&[changed(&json!({"externalId": "Megafon/pbx/42"}))]);
        let seen = Seen { communication: "c-1".into(), registered: false, deleted: false };
        assert_eq!(index.get(&"pbx/42".into()), Some(&seen));
        assert_eq!(index.get(&"42".into()), None);
    }

    #[test]
    fn items_make_it_registered_even_in_a_change_that_does_not_name_the_call() {
        let items = json!({"id": "c-1", "data": {"call": {"items": [{"id": "leg-1"}]}}});
        let index = index(&[
            changed(&json!({"id": "c-1", "externalId": "T/42", "data": {"call": {"items": []}}})),
            changed(&items),
            changed(&json!({"id": "c-1", "externalId": "T/42"})),
        ]);
        assert!(index.get(&"42".into()).unwrap().registered);
    }

    fn deleted(old: &Value) -> Value {
        json!({"changeData": {"type": "delete", "old": old, "new": null}, "entityIds": {"communicationId": old["id"]}})
    }

    fn registered(id: &str) -> Value {
        json!({"id": id, "externalId": "T/42", "data": {"call": {"items": [{"id": "leg-1"}]}}})
    }

    fn created(new: &Value) -> Value {
        json!({"changeData": {"type": "create", "new": new}, "entityIds": {"communicationId": new["id"]}})
    }

    #[test]
    fn what_was_deleted_had_been_registered_until_it_is_registered_again() {
        let first = registered("c-1");
        let seen = |changes: &[Value]| index(changes).get(&"42".into()).unwrap().clone();
        let gone = seen(&[created(&first), deleted(&first)]);
        assert!(gone.registered && gone.deleted);
        let again = seen(&[created(&first), deleted(&first), created(&registered("c-2"))]);
        assert_eq!((again.communication.as_str(), again.registered, again.deleted), ("c-2", true, false));
        let unnamed = json!({"changeData": {"type": "delete"}, "entityIds": {"communicationId": "c-1"}});
        assert!(seen(&[created(&first), unnamed]).deleted, "a deletion that names only the communication");
        let restored = json!({"changeData": {"type": "restore", "new": first}, "entityIds": {}});
        assert!(!seen(&[created(&first), deleted(&first), restored]).deleted);
    }

    #[test]
    fn what_is_not_about_a_call_is_passed_over() {
        let odd = [
            json!({}),
            json!({"changeData": null, "entityIds": null}),
            json!({"changeData": {"new": {"id": "deal", "externalId": 7}}}),
            json!({"changeData": {"new": null}, "entityIds": {"communicationId": "c-9"}}),
        ];
        assert!(index(&odd).calls.is_empty());
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let changes: Vec<Value> = (0..=REMEMBERED)
            .map(|n| json!({"changeData": {"new": {"id": format!("c-{n}"), "externalId": format!("T/{n}")}}}))
            .collect();
        let index = index(&changes);
        assert_eq!((index.calls.len(), index.names.len()), (REMEMBERED, REMEMBERED));
        assert!(index.get(&"0".into()).is_none() && index.get(&"1".into()).is_some());
    }
}
