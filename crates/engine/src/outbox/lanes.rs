//! The lanes of one queue, that is of one destination of one workspace, in memory. Pure: time is an argument.
//!
//! Memory holds a prefix (by row) of what is pending, so a lane's first delivery here is its first delivery in the
//! store. When too much is pending the prefix stops growing and is refilled from the store as it drains.

mod ends;
mod lane;
mod prefix;
mod ready;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{CallId, DeliveryId};
use domain::outbox::breaker::Sign;
use storage::calls::Knowledge;
use storage::deliveries::PendingDelivery;

use super::Settled;
use ends::Ends;
use lane::{Lane, Stand, due};
pub(crate) use prefix::Refill;
use prefix::{Coverage, Prefix};
use ready::{News, Ready};

/// Deliveries held in memory; the rest waits in the store.
const CAPACITY: usize = 16_384;

/// Deliveries read from the store at once when the lanes in memory run low.
const REFILL: u32 = 4_096;

/// Below this the lanes are refilled, if there is more in the store.
const LOW_WATER: usize = 4_096;

/// What of the queue is in memory.
#[derive(Debug)]
enum Known {
    /// One process plans deliveries: this one.
    Alone(Prefix),
    /// Others do as well.
    Shared(Coverage),
}

/// What became of a delivery that was just planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is in memory, or is read from the store when there is room.
    Noted,
    /// Its lane has to be read from the store: there may be others before it.
    Unclear,
}

/// The lanes of one queue.
#[derive(Debug)]
pub(crate) struct Lanes {
    by_call: HashMap<CallId, Lane>,
    ready: Ready,
    waiting: BTreeSet<(Timestamp, CallId)>,
    held: usize,
    in_flight: usize,
    known: Known,
    /// While the destination is away: what ends by itself.
    ends: Option<Ends>,
}

impl Lanes {
    /// Lanes that have to be filled from the store first.
    pub(crate) fn behind(is_shared: bool) -> Self {
        let known =
            if is_shared { Known::Shared(Coverage::behind()) } else { Known::Alone(Prefix::behind()) };
        Self {
            by_call: HashMap::new(),
            ready: Ready::default(),
            waiting: BTreeSet::new(),
            held: 0,
            in_flight: 0,
            known,
            ends: None,
        }
    }

    /// Takes a delivery that was just planned, unless the store has others to be read before it. `knowledge` is how its call
    /// was known to whoever planned it.
    pub(crate) fn push(&mut self, delivery: PendingDelivery, knowledge: Knowledge, now: Timestamp) -> Pushed {
        let has_room = self.has_room();
        match &mut self.known {
            Known::Alone(prefix) => {
                if prefix.takes(delivery.id, has_room) {
                    prefix.saw(delivery.id);
                    self.append(delivery, now);
                }
            }
            Known::Shared(coverage) => {
                let lane = self.by_call.get(&delivery.call);
                let is_whole = match knowledge {
                    Knowledge::New => true,
                    Knowledge::AtHand => coverage.is_whole() || lane.is_some_and(|lane| lane.is_whole),
                    Knowledge::Read => false,
                };
                match (has_room, is_whole) {
                    // It may have been read from the store before the news of its planning came.
                    (true, true) => self.merge(delivery, now),
                    (true, false) => return Pushed::Unclear,
                    (false, _) => self.leave_in_store(delivery.call),
                }
            }
        }
        Pushed::Noted
    }

    /// Whether more may be taken into memory.
    pub(crate) fn has_room(&self) -> bool {
        self.held < CAPACITY
    }

    /// Something was planned of a call that is read from the store when there is room.
    pub(crate) fn leave_in_store(&mut self, call: CallId) {
        if let Some(lane) = self.by_call.get_mut(&call) {
            lane.is_whole = false;
        }
        self.fell_behind();
    }

    /// How many deliveries are in memory.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Whether there is room and something to fill it with that was not asked for yet.
    pub(crate) fn wants_refill(&self) -> bool {
        let is_to_be_asked = match &self.known {
            Known::Alone(prefix) => prefix.is_to_be_asked(),
            Known::Shared(coverage) => coverage.is_to_be_asked(),
        };
        self.held < LOW_WATER && is_to_be_asked
    }

    /// After which row the store is asked, and for how many; the answer goes to [`Self::refill`].
    pub(crate) fn ask(&mut self) -> (DeliveryId, u32) {
        match &mut self.known {
            Known::Alone(prefix) => (prefix.ask(), REFILL),
            Known::Shared(coverage) => {
                (coverage.ask(), REFILL.saturating_add(u32::try_from(self.held).unwrap_or(u32::MAX)))
            }
        }
    }

    /// Takes the store's answer to [`Self::ask`].
    pub(crate) fn refill(&mut self, answer: Refill, now: Timestamp) {
        match &mut self.known {
            Known::Alone(prefix) => {
                for delivery in prefix.take(answer) {
                    self.append(delivery, now);
                }
            }
            Known::Shared(coverage) => {
                coverage.answered(answer.has_more);
                let is_whole = coverage.is_whole();
                for delivery in answer.pending {
                    let call = delivery.call;
                    self.insert(delivery, now);
                    if let Some(lane) = self.by_call.get_mut(&call).filter(|_| is_whole) {
                        lane.is_whole = true;
                    }
                }
            }
        }
    }

    /// The store has something that is not in memory: others planned it, or it is not known what they did.
    pub(crate) fn fell_behind(&mut self) {
        if let Known::Shared(coverage) = &mut self.known {
            coverage.fell_behind();
        }
    }

    /// Takes a delivery with which, or after which, all that is pending of its lane is in memory.
    pub(crate) fn merge(&mut self, delivery: PendingDelivery, now: Timestamp) {
        self.by_call.entry(delivery.call).or_default().is_whole = true;
        self.insert(delivery, now);
    }

    /// Takes a delivery that was read from the store, with all that is before it in its lane.
    fn insert(&mut self, delivery: PendingDelivery, now: Timestamp) {
        let call = delivery.call;
        let lane = self.by_call.entry(call).or_default();
        let open = usize::from(lane.stand == Stand::Busy);
        match lane.deliveries.iter().position(|other| other.id >= delivery.id) {
            Some(place) if lane.deliveries[place].id == delivery.id => {
                // Made due by somebody else.
                if place < open || lane.deliveries[place].due_at <= delivery.due_at {
                    return;
                }
                lane.deliveries[place] = delivery;
            }
            place => {
                lane.deliveries.insert(place.unwrap_or(lane.deliveries.len()).max(open), delivery);
                self.held += 1;
            }
        }
        if open == 0 {
            self.schedule(call, now);
        }
    }

    /// Forgets what is not under way, to be read from the store when it is wanted again: others may look after it meanwhile.
    pub(crate) fn forget(&mut self) {
        if matches!(self.known, Known::Alone(_)) {
            return; // nobody else looks after it
        }
        self.by_call.retain(|_, lane| lane.stand == Stand::Busy);
        for lane in self.by_call.values_mut() {
            lane.deliveries.truncate(1);
            lane.is_whole = false;
        }
        self.held = self.by_call.len();
        self.ready = Ready::default();
        self.waiting.clear();
        self.fell_behind();
    }

    fn append(&mut self, delivery: PendingDelivery, now: Timestamp) {
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
        self.hand_out(call)
    }

    fn hand_out(&mut self, call: CallId) -> Option<PendingDelivery> {
        let lane = self.by_call.get_mut(&call)?;
        lane.stand = Stand::Busy;
        self.in_flight += 1;
        lane.deliveries.front().cloned()
    }

    /// The destination is away: what waits because of that waits for its return, not for a time of its own. Retries end
    /// `give_up_after` the first attempt.
    pub(crate) fn shut(&mut self, give_up_after: Duration, now: Timestamp) {
        self.ends = Some(Ends::new(give_up_after));
        let idle = self.by_call.iter().filter(|(_, lane)| lane.stand != Stand::Busy);
        let idle: BTreeSet<_> = idle.map(|(call, _)| *call).collect();
        for call in idle {
            self.schedule(call, now);
        }
    }

    /// The destination is back.
    pub(crate) fn open(&mut self) {
        self.ends = None;
    }

    /// While the destination is away: a delivery that has ended without an attempt. Its lane is closed until it is
    /// settled.
    pub(crate) fn next_ended(&mut self, now: Timestamp, limit: usize) -> Option<PendingDelivery> {
        if self.in_flight >= limit {
            return None;
        }
        let ends = self.ends.as_mut()?;
        while let Some((at, call)) = ends.pop(now) {
            let Some(lane) = self.by_call.get(&call).filter(|lane| lane.stand != Stand::Busy) else {
                continue;
            };
            if lane.deliveries.front().and_then(|head| ends.of(head)) != Some(at) {
                continue;
            }
            if let Stand::Waiting(at) = lane.stand {
                self.waiting.remove(&(at, call));
            }
            return self.hand_out(call);
        }
        None
    }

    /// When [`Self::next_ended`] will have something.
    pub(crate) fn next_end(&self, limit: usize) -> Option<Timestamp> {
        self.ends.as_ref().filter(|_| self.in_flight < limit).and_then(Ends::first)
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

    /// The attempt at a lane's first delivery is over: done with it, or again at some time.
    pub(crate) fn settle(&mut self, settled: &Settled, now: Timestamp) {
        let delivery = &settled.delivery;
        let Some(lane) = self.by_call.get_mut(&delivery.call) else { return };
        lane.stand = Stand::Idle;
        lane.urgent = false;
        let was_blameless = std::mem::take(&mut lane.blameless);
        self.in_flight = self.in_flight.saturating_sub(1);
        if let (Some(at), Some(head)) = (settled.again_at, lane.deliveries.front_mut()) {
            head.clone_from(delivery);
            head.due_at = at;
            // Who asked to be left alone is not sent the same again before.
            lane.blameless = settled.retry_after.is_none()
                && match settled.sign {
                    Sign::Silent => was_blameless,
                    sign => sign.is_ill(),
                };
        } else {
            lane.deliveries.pop_front();
            self.held = self.held.saturating_sub(1);
        }
        self.schedule(delivery.call, now);
    }

    /// Puts a delivery back that had been given up, or makes one due that waits; an urgent one goes before all others.
    /// One that is under way stays so.
    pub(crate) fn revive(&mut self, delivery: PendingDelivery, urgent: bool, now: Timestamp) {
        let call = delivery.call;
        if let Known::Alone(prefix) = &mut self.known
            && !prefix.knows(delivery.id)
        {
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
            lane.urgent |= urgent;
            // One that is ready already changes its place.
            if urgent && lane.stand == Stand::Ready {
                lane.stand = Stand::Idle;
            }
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
        if let Some(ends) = &mut self.ends {
            let idle = self.by_call.values().filter(|lane| lane.stand != Stand::Busy);
            ends.renew(idle.filter_map(|lane| lane.deliveries.front()));
        }
    }

    /// Puts an open lane where its first delivery belongs: ready, or waiting until it is due. One without deliveries
    /// is forgotten.
    fn schedule(&mut self, call: CallId, now: Timestamp) {
        let Some(lane) = self.by_call.get_mut(&call) else { return };
        if let Stand::Waiting(at) = lane.stand {
            self.waiting.remove(&(at, call));
        }
        if let (Some(ends), Some(head)) = (&mut self.ends, lane.deliveries.front()) {
            ends.note(head);
        }
        match lane.deliveries.front().map(due) {
            None => drop(self.by_call.remove(&call)),
            Some(at) if at <= now || lane.blameless && self.ends.is_some() => self.make_ready(call, now),
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

/// Makes a delivery due earlier, and expire earlier.
pub(super) fn bring_forward(delivery: &mut PendingDelivery, by: Duration) {
    delivery.due_at = delivery.due_at.minus(by);
    delivery.expires_at = delivery.expires_at.map(|at| at.minus(by));
}

#[cfg(test)]
mod tests;
