//! What the feed said of calls, by the provider's id. Pure. Bounded: doubts are about recent calls.

use std::collections::{HashMap, VecDeque};

use domain::id::{CommunicationId, ExternalId};
use serde_json::Value;

use crate::destination::kontur::wire::FeedItem;

/// How many calls are remembered; of more the oldest are forgotten.
const REMEMBERED: usize = 50_000;

/// What the feed shows of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::destination::kontur) struct Seen {
    /// Its communication.
    pub(in crate::destination::kontur) communication: CommunicationId,
    /// Whether register-call was accepted: only that gives a communication its items.
    pub(in crate::destination::kontur) registered: bool,
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

    /// Takes a change in; what is not about a call is passed over. Deletions are too: a call that was deleted had
    /// been registered and is not registered again.
    pub(super) fn learn(&mut self, item: FeedItem) {
        let Some(change) = item.change_data else { return };
        let Some(communication) = communication(&change.new, &item.entity_ids) else { return };
        let named = change.new["externalId"].as_str().map(own_part);
        let Some(call) = named.or_else(|| self.names.get(&communication).cloned()) else { return };
        let registered =
            change.new["data"]["call"]["items"].as_array().is_some_and(|items| !items.is_empty());
        if let Some(seen) = self.calls.get_mut(&call) {
            seen.registered |= registered;
            return;
        }
        self.forget_the_oldest();
        self.names.insert(communication.clone(), call.clone());
        self.order.push_back(call.clone());
        self.calls.insert(call, Seen { communication, registered });
    }

    fn forget_the_oldest(&mut self) {
        if self.order.len() < REMEMBERED {
            return;
        }
        let oldest = self.order.pop_front().and_then(|call| self.calls.remove(&call));
        oldest.and_then(|seen| self.names.remove(&seen.communication));
    }
}

fn communication(new: &Value, entity_ids: &Value) -> Option<CommunicationId> {
    let id = new["id"].as_str().or(entity_ids["communicationId"].as_str())?;
    Some(CommunicationId::new(id))
}

/// Kontur prefixes ids with the integration's name: `Megafon/333`. Names have no slash.
fn own_part(external_id: &str) -> ExternalId {
    ExternalId::new(external_id.split_once('/').map_or(external_id, |(_, own)| own))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn index(changes: &[Value]) -> Index {
        let mut index = Index::default();
        for change in changes {
            index.learn(serde_json::from_value(change.clone()).unwrap());
        }
        index
    }

    fn change(new: &Value) -> Value {
        json!({"changeData": {"type": "patch", "new": new}, "entityIds": {"communicationId": "c-1"}})
    }

    #[test]
    fn a_call_is_found_by_its_own_part_of_the_id() {
        let index = index(&[change(&json!({"externalId": "Megafon/pbx/42"}))]);
        let seen = Seen { communication: "c-1".into(), registered: false };
        assert_eq!(index.get(&"pbx/42".into()), Some(&seen));
        assert_eq!(index.get(&"42".into()), None);
    }

    #[test]
    fn items_make_it_registered_even_in_a_change_that_does_not_name_the_call() {
        let items = json!({"id": "c-1", "data": {"call": {"items": [{"id": "leg-1"}]}}});
        let index = index(&[
            change(&json!({"id": "c-1", "externalId": "T/42", "data": {"call": {"items": []}}})),
            change(&items),
            change(&json!({"id": "c-1", "externalId": "T/42"})),
        ]);
        assert!(index.get(&"42".into()).unwrap().registered);
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
