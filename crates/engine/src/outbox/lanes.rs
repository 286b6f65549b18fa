//! The lanes of one queue, that is of one destination of one workspace, in memory. Pure: time is an argument.
//!
//! Memory holds a prefix (by row) of what is pending, so a lane's first delivery here is its first delivery in the
//! store. When too much is pending the prefix stops growing and is refilled from the store as it drains.

mod ready;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{CallId, DeliveryId};
use storage::deliveries::PendingDelivery;

use ready::{News, Ready};

/// Before any row.
const START: DeliveryId = DeliveryId(0);

/// Deliveries held in memory; the rest waits in the store.
const CAPACITY: usize = 16_384;

/// Below this the lanes are refilled, if there is more in the store.
const LOW_WATER: usize = 4_096;

/// Realtime younger than this belongs to a call that somebody has on the screen.
const FRESH: Duration = Duration::from_secs(10);

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

/// The lanes of one queue.
#[derive(Debug)]
pub(crate) struct Lanes {
    by_call: HashMap<CallId, Lane>,
    ready: Ready,
    waiting: BTreeSet<(Timestamp, CallId)>,
    held: usize,
    in_flight: usize,
    /// The largest row that memory has seen; everything pending up to it is here.
    last_known: DeliveryId,
    /// The store has rows beyond `last_known` that are not here.
    behind: bool,
    asked: Asked,
}

/// What the store has for a queue that is not in memory.
#[derive(Debug)]
pub(crate) struct Refill {
    /// It was asked for rows after this one.
    pub(crate) after: DeliveryId,
    /// It was asked for so many.
    pub(crate) limit: u32,
    /// In order.
    pub(crate) pending: Vec<PendingDelivery>,
}

/// What has become of a question to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// There is none.
    Not,
    /// It is on its way; the largest row that was planned meanwhile.
    Open(DeliveryId),
    /// It is on its way, and its answer may lack a row: it has to be asked again.
    Outdated,
}

impl Lanes {
    /// Lanes that have to be filled from the store first.
    pub(crate) fn behind() -> Self {
        Self {
            by_call: HashMap::new(),
            ready: Ready::default(),
            waiting: BTreeSet::new(),
            held: 0,
            in_flight: 0,
            last_known: START,
            behind: true,
            asked: Asked::Not,
        }
    }

    /// Takes a delivery that was just planned, unless the store has others to be read before it.
    pub(crate) fn push(&mut self, delivery: PendingDelivery, now: Timestamp) {
        if delivery.id <= self.last_known {
            return; // read from the store before the news of its planning came
        }
        if self.behind || self.held >= CAPACITY {
            self.behind = true;
            if let Asked::Open(latest) = &mut self.asked {
                *latest = delivery.id.max(*latest);
            }
            return;
        }
        self.append(delivery, now);
    }

    /// Whether there is room and something to fill it with that was not asked for yet.
    pub(crate) fn wants_refill(&self) -> bool {
        self.behind && self.held < LOW_WATER && self.asked == Asked::Not
    }

    /// After which row the store is asked; the answer goes to [`Self::refill`].
    pub(crate) fn ask(&mut self) -> DeliveryId {
        self.asked = Asked::Open(START);
        self.last_known
    }

    /// Takes the store's answer to [`Self::ask`].
    pub(crate) fn refill(&mut self, answer: Refill, now: Timestamp) {
        if answer.after != self.last_known {
            return; // asked by lanes that were forgotten meanwhile
        }
        let Asked::Open(latest) = std::mem::replace(&mut self.asked, Asked::Not) else { return };
        let has_more = answer.pending.len() >= answer.limit as usize;
        for delivery in answer.pending {
            self.append(delivery, now);
        }
        self.behind = has_more || latest > self.last_known;
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
            self.make_ready(call, now);
        }
        if self.in_flight >= limit {
            return None;
        }
        let news = |call| self.by_call.get(&call).map_or(News::Gone, |lane: &Lane| lane.news(now));
        let call = self.ready.pop(news)?;
        let lane = self.by_call.get_mut(&call)?;
        lane.stand = Stand::Busy;
        self.in_flight += 1;
        lane.deliveries.front().cloned()
    }

    /// How many deliveries are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.in_flight
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
            // Still in the store only, where it is pending again: read from there.
            self.behind = true;
            if self.asked != Asked::Not {
                self.asked = Asked::Outdated;
            }
            return;
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

    /// The clock was set back by so much: whatever waits for a time waits for an earlier one.
    pub(crate) fn bring_forward(&mut self, by: Duration) {
        for lane in self.by_call.values_mut() {
            lane.deliveries.iter_mut().for_each(|delivery| bring_forward(delivery, by));
            if let Stand::Waiting(at) = &mut lane.stand {
                *at = at.minus(by);
            }
        }
        self.waiting =
            std::mem::take(&mut self.waiting).into_iter().map(|(at, call)| (at.minus(by), call)).collect();
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
            Some(at) if at <= now => self.make_ready(call, now),
            Some(at) => {
                lane.stand = Stand::Waiting(at);
                self.waiting.insert((at, call));
            }
        }
    }

    fn make_ready(&mut self, call: CallId, now: Timestamp) {
        if let Some(lane) = self.by_call.get_mut(&call)
            && lane.stand != Stand::Ready
        {
            lane.stand = Stand::Ready;
            self.ready.push(call, lane.news(now));
        }
    }
}

impl Lane {
    fn news(&self, now: Timestamp) -> News {
        match self.deliveries.front().filter(|_| self.stand == Stand::Ready) {
            Some(head) if head.notice.is_realtime() && now.since(head.created_at) < FRESH => News::Fresh,
            Some(_) => News::Other,
            None => News::Gone,
        }
    }
}

/// When a delivery has to be looked at: when it is due, or when it expires, whichever comes first.
fn due(delivery: &PendingDelivery) -> Timestamp {
    delivery.expires_at.map_or(delivery.due_at, |expires| delivery.due_at.min(expires))
}

/// Makes a delivery due earlier, and expire earlier.
pub(super) fn bring_forward(delivery: &mut PendingDelivery, by: Duration) {
    delivery.due_at = delivery.due_at.minus(by);
    delivery.expires_at = delivery.expires_at.map(|at| at.minus(by));
}

#[cfg(test)]
mod tests;
