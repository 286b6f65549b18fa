//! Finds calls without looking at all of them.

use std::collections::{BTreeMap, HashMap};

use super::super::call::Call;
use super::super::history::Place;

/// Positions in the list of calls. Where two calls share a name, the later one has it.
#[derive(Debug, Default)]
pub(super) struct Index {
    ids: HashMap<String, usize>,
    requests: HashMap<String, usize>,
    legs: HashMap<String, usize>,
    places: BTreeMap<Place, usize>,
}

impl Index {
    /// A call has joined the list, with the legs it has so far.
    pub(super) fn add(&mut self, call: &Call, position: usize) {
        self.ids.insert(call.call_id.clone(), position);
        self.places.insert(Place::of(call), position);
        if let Some(request) = &call.request_id {
            self.requests.insert(request.clone(), position);
        }
        call.legs.iter().for_each(|leg| self.add_leg(&leg.id, position));
    }

    pub(super) fn add_leg(&mut self, leg_id: &str, position: usize) {
        self.legs.insert(leg_id.to_owned(), position);
    }

    pub(super) fn call(&self, call_id: &str) -> Option<usize> {
        self.ids.get(call_id).copied()
    }

    pub(super) fn request(&self, request_id: &str) -> Option<usize> {
        self.requests.get(request_id).copied()
    }

    /// The call that the leg belongs to.
    pub(super) fn leg(&self, leg_id: &str) -> Option<usize> {
        self.legs.get(leg_id).copied()
    }

    /// All calls from this place on, oldest first.
    pub(super) fn since(&self, place: Place) -> impl Iterator<Item = usize> {
        self.places.range(place..).map(|(_, position)| *position)
    }
}
