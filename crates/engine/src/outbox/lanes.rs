//! The lanes of one destination of one workspace, in memory. Pure: time is an argument.
//!
//! Memory holds a prefix (by row) of what is pending, so a lane's first delivery here is its first delivery in the
//! store. When too much is pending the prefix stops growing and is refilled from the store as it drains.

use std::collections::{BTreeSet, HashMap, VecDeque};

use domain::clock::Timestamp;
use domain::id::{CallId, DeliveryId};
use storage::deliveries::PendingDelivery;

use super::START;

/// Deliveries held in memory; the rest waits in the store.
const CAPACITY: usize = 16_384;

/// Below this the lanes are refilled, if there is more in the store.
const LOW_WATER: usize = 4_096;

/// One call's deliveries in order.
#[derive(Debug, Default)]
struct Lane {
    deliveries: VecDeque<PendingDelivery>,
    stand: Stand,
}

/// Where a lane stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stand {
    /// Not scheduled.
    #[default]
    Idle,
    /// In `ready`.
    Ready,
    /// In `waiting` under that time.
    Waiting(Timestamp),
    /// Its first delivery is under way.
    Busy,
}

/// The lanes of one destination of one workspace.
#[derive(Debug)]
pub(crate) struct Lanes {
    by_call: HashMap<CallId, Lane>,
    ready: VecDeque<CallId>,
    waiting: BTreeSet<(Timestamp, CallId)>,
    held: usize,
    in_flight: usize,
    /// The largest row that memory has seen; everything pending up to it is here.
    last_known: DeliveryId,
    /// The store has rows beyond `last_known` that are not here.
    behind: bool,
}

impl Lanes {
    /// Lanes that have to be filled from the store first.
    pub(crate) fn behind() -> Self {
        Self {
            by_call: HashMap::new(),
            ready: VecDeque::new(),
            waiting: BTreeSet::new(),
            held: 0,
            in_flight: 0,
            last_known: START,
            behind: true,
        }
    }

    /// Takes a delivery that was just planned, unless the store has others to be read before it.
    pub(crate) fn push(&mut self, delivery: PendingDelivery, now: Timestamp) {
        if delivery.id <= self.last_known {
            return; // read from the store before the news of its planning came
        }
        if self.behind || self.held >= CAPACITY {
            self.behind = true;
            return;
        }
        self.append(delivery, now);
    }

    /// Takes what the store has after [`Self::last_known`]; `asked` is how much was asked for.
    pub(crate) fn refill(&mut self, pending: Vec<PendingDelivery>, asked: u32, now: Timestamp) {
        self.behind = pending.len() >= asked as usize;
        for delivery in pending {
            self.append(delivery, now);
        }
    }

    /// Whether there is room and something to fill it with.
    pub(crate) fn wants_refill(&self) -> bool {
        self.behind && self.held < LOW_WATER
    }

    /// The largest row that memory has seen.
    pub(crate) fn last_known(&self) -> DeliveryId {
        self.last_known
    }

    fn append(&mut self, delivery: PendingDelivery, now: Timestamp) {
        self.last_known = self.last_known.max(delivery.id);
        self.held += 1;
        let call = delivery.call;
        let lane = self.by_call.entry(call).or_default();
        lane.deliveries.push_back(delivery);
        if lane.stand == Stand::Idle {
            self.schedule(call, now);
        }
    }

    /// A delivery that can be attempted now; its lane is closed until it is settled.
    pub(crate) fn next(&mut self, now: Timestamp, limit: usize) -> Option<PendingDelivery> {
        while let Some(&(at, call)) = self.waiting.first()
            && at <= now
        {
            self.waiting.pop_first();
            self.make_ready(call);
        }
        while self.in_flight < limit {
            let call = self.ready.pop_front()?;
            // A lane that was rescheduled meanwhile has left its old place in the queue behind.
            let Some(lane) = self.by_call.get_mut(&call).filter(|lane| lane.stand == Stand::Ready) else {
                continue;
            };
            lane.stand = Stand::Busy;
            self.in_flight += 1;
            return lane.deliveries.front().cloned();
        }
        None
    }

    /// When [`Self::next`] will have something; none if it needs something else to happen first.
    pub(crate) fn next_due(&self, limit: usize) -> Option<Timestamp> {
        if self.in_flight >= limit {
            return None;
        }
        if self.ready.is_empty() {
            self.waiting.first().map(|(at, _)| *at)
        } else {
            Some(Timestamp::default())
        }
    }

    /// The attempt at a lane's first delivery is over: done with it, or again at `again_at`.
    pub(crate) fn settle(&mut self, delivery: &PendingDelivery, again_at: Option<Timestamp>, now: Timestamp) {
        let Some(lane) = self.by_call.get_mut(&delivery.call) else { return };
        lane.stand = Stand::Idle;
        self.in_flight = self.in_flight.saturating_sub(1);
        if let (Some(at), Some(head)) = (again_at, lane.deliveries.front_mut()) {
            head.clone_from(delivery);
            head.due_at = at;
        } else {
            lane.deliveries.pop_front();
            self.held = self.held.saturating_sub(1);
        }
        self.schedule(delivery.call, now);
    }

    /// Puts a delivery back that had been given up, or makes one due that waits. One that is under way stays so.
    pub(crate) fn revive(&mut self, delivery: PendingDelivery, now: Timestamp) {
        let call = delivery.call;
        if delivery.id > self.last_known {
            return; // still in the store only, where it is pending again
        }
        let lane = self.by_call.entry(call).or_default();
        let open = usize::from(lane.stand == Stand::Busy);
        match lane.deliveries.iter().position(|other| other.id >= delivery.id) {
            Some(place) if lane.deliveries[place].id == delivery.id => {
                if place >= open {
                    lane.deliveries[place] = delivery;
                }
            }
            place => {
                let place = place.unwrap_or(lane.deliveries.len()).max(open);
                lane.deliveries.insert(place, delivery);
                self.held += 1;
            }
        }
        if open == 0 {
            self.schedule(call, now);
        }
    }

    /// Puts an open lane where its first delivery belongs: ready, or waiting until it is due. One without deliveries
    /// is forgotten.
    fn schedule(&mut self, call: CallId, now: Timestamp) {
        let Some(lane) = self.by_call.get_mut(&call) else { return };
        if let Stand::Waiting(at) = lane.stand {
            self.waiting.remove(&(at, call));
        }
        match lane.deliveries.front().map(due) {
            None => drop(self.by_call.remove(&call)),
            Some(at) if at <= now => self.make_ready(call),
            Some(at) => {
                lane.stand = Stand::Waiting(at);
                self.waiting.insert((at, call));
            }
        }
    }

    fn make_ready(&mut self, call: CallId) {
        if let Some(lane) = self.by_call.get_mut(&call)
            && lane.stand != Stand::Ready
        {
            lane.stand = Stand::Ready;
            self.ready.push_back(call);
        }
    }
}

/// When a delivery has to be looked at: when it is due, or when it expires, whichever comes first.
fn due(delivery: &PendingDelivery) -> Timestamp {
    delivery.expires_at.map_or(delivery.due_at, |expires| delivery.due_at.min(expires))
}

#[cfg(test)]
mod tests;
