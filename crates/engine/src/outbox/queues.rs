//! All queues: whose turn it is. Pure: time is an argument. What it costs grows with what is due, not with the number
//! of queues: most of thousands of workspaces have nothing to tell at any moment.
//!
//! Whoever has the fewest deliveries under way is served next; among equals whoever waited longest. So a workspace with
//! a single call is served before the next turn of one with a long backlog, and busy ones share evenly.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{CallId, DeliveryId, InstanceId};
use domain::outbox::DestinationKind;
use domain::outbox::breaker::Change;
use domain::outbox::limits::{Limits, Load};
use domain::outbox::schedule::RetrySchedule;
use storage::deliveries::PendingDelivery;

use super::lanes::{self, Pushed, Refill};
use super::queue::{Queue, Want};
use super::{Planned, Settled, Turn};

/// Whose deliveries, and where to.
pub(crate) type QueueKey = (InstanceId, DestinationKind);

/// A queue and where it stands.
#[derive(Debug)]
struct Entry {
    queue: Queue,
    /// When it was served last, counted in turns.
    last_turn: u64,
    standing: Standing,
}

/// In which index a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// In none: it has nothing, or may not have more under way.
    Idle,
    /// It has something later.
    Due(Timestamp),
    /// It has something now.
    Ready(Rank),
    /// It would send a probe now.
    Probing(Rank),
    /// It has something that is held back, or that may not be read because it is.
    Held,
}

/// The smallest is served first: how many are under way, then when it was served last.
type Rank = (usize, u64);

/// What all workspaces have for one destination.
#[derive(Debug, Default)]
struct Share {
    ready: BTreeSet<(Rank, InstanceId)>,
    probing: BTreeSet<(Rank, InstanceId)>,
    under_way: usize,
    /// So many of those are probes.
    probes: usize,
}

/// All queues.
#[derive(Debug)]
pub(super) struct Queues {
    limits: Limits,
    schedule: RetrySchedule,
    /// Other processes plan deliveries as well.
    is_shared: bool,
    by_key: HashMap<QueueKey, Entry>,
    due: BTreeSet<(Timestamp, QueueKey)>,
    shares: BTreeMap<DestinationKind, Share>,
    held: BTreeSet<QueueKey>,
    hungry: BTreeSet<QueueKey>,
    under_way: usize,
    turns: u64,
}

impl Queues {
    /// No queues yet.
    pub(super) fn new(limits: Limits, schedule: RetrySchedule, is_shared: bool) -> Self {
        Self {
            limits,
            schedule,
            is_shared,
            by_key: HashMap::new(),
            due: BTreeSet::new(),
            shares: BTreeMap::new(),
            held: BTreeSet::new(),
            hungry: BTreeSet::new(),
            under_way: 0,
            turns: 0,
        }
    }

    /// A queue that has to be filled from the store, if it is not here yet; else it is looked at again. What was known of
    /// one that others may have looked after is forgotten.
    pub(super) fn load(&mut self, key: QueueKey, now: Timestamp) {
        self.queue(key).lanes.forget();
        self.place(key, now);
    }

    /// A queue of which it is not known whether all that it has is in memory.
    pub(super) fn fell_behind(&mut self, key: QueueKey, now: Timestamp) {
        self.queue(key).lanes.fell_behind();
        self.place(key, now);
    }

    /// Queues of those instances that have more or less in memory than so many.
    pub(super) fn differing(&self, counted: &HashMap<QueueKey, u64>) -> Vec<QueueKey> {
        let held = |key: &QueueKey| self.by_key.get(key).map_or(0, |entry| entry.queue.lanes.held());
        let mut keys: HashSet<_> = counted.keys().copied().collect();
        keys.extend(self.by_key.keys());
        let differs = |key: &QueueKey| held(key) as u64 != counted.get(key).copied().unwrap_or(0);
        keys.into_iter().filter(differs).collect()
    }

    /// Whether all queues of an instance may take more into memory.
    pub(super) fn have_room(&self, instance: InstanceId) -> bool {
        let mut entries = DestinationKind::ALL.iter().filter_map(|to| self.by_key.get(&(instance, *to)));
        entries.all(|entry| entry.queue.lanes.has_room())
    }

    /// Something was planned of a call that is read from the store when it can be told.
    pub(super) fn leave_in_store(&mut self, instance: InstanceId, call: CallId, now: Timestamp) {
        for destination in DestinationKind::ALL {
            let key = (instance, destination);
            self.queue(key).lanes.leave_in_store(call);
            self.place(key, now);
        }
    }

    /// Takes a delivery that was read from the store with all others of its lane.
    pub(super) fn merge(&mut self, mut delivery: PendingDelivery, now: Timestamp) {
        let key = key_of(&delivery);
        let set_back = delivery.created_at.since(now);
        lanes::bring_forward(&mut delivery, set_back);
        self.queue(key).lanes.merge(delivery, now);
        self.place(key, now);
    }

    /// Takes a delivery that was just planned.
    pub(super) fn push(&mut self, planned: Planned, now: Timestamp) -> Pushed {
        let Planned { mut delivery, knowledge } = planned;
        let key = key_of(&delivery);
        // Planned before the clock was set back.
        let set_back = delivery.created_at.since(now);
        lanes::bring_forward(&mut delivery, set_back);
        let pushed = self.queue(key).lanes.push(delivery, knowledge, now);
        self.place(key, now);
        pushed
    }

    /// An attempt is over; says what it changed for its destination. `chance` is a random number from 0 to 1.
    pub(super) fn settle(&mut self, mut settled: Settled, now: Timestamp, chance: f64) -> Option<Change> {
        let key = key_of(&settled.delivery);
        // Decided before the clock was set back: the delay counts, not the time.
        let set_back = settled.at.since(now);
        settled.again_at = settled.again_at.map(|at| at.minus(set_back));
        let entry = self.by_key.get_mut(&key)?;
        let was_probing = entry.queue.is_probing();
        let changed = entry.queue.settle(&settled, &self.schedule, now, chance);
        let ended = usize::from(was_probing && !entry.queue.is_probing());
        self.under_way = self.under_way.saturating_sub(1);
        let share = self.shares.entry(key.1).or_default();
        share.under_way = share.under_way.saturating_sub(1);
        share.probes = share.probes.saturating_sub(ended);
        self.place(key, now);
        changed
    }

    /// Makes a delivery due now that waits or had been given up; an urgent one goes before all others.
    pub(super) fn revive(&mut self, delivery: PendingDelivery, urgent: bool, now: Timestamp) {
        let key = key_of(&delivery);
        self.queue(key).revive(delivery, urgent, now);
        self.place(key, now);
    }

    /// Forgets what is not under way of an instance.
    pub(super) fn forget(&mut self, instance: InstanceId) {
        for destination in DestinationKind::ALL {
            let key = (instance, destination);
            let Some(entry) = self.by_key.get_mut(&key) else { continue };
            entry.queue.lanes.forget();
            let is_idle = entry.queue.lanes.under_way() == 0;
            self.stand(key, Standing::Idle);
            self.hungry.remove(&key);
            if is_idle {
                self.by_key.remove(&key);
            }
        }
    }

    /// Looks again at whatever was held back.
    pub(super) fn wake(&mut self, now: Timestamp) {
        for key in std::mem::take(&mut self.held) {
            self.place(key, now);
        }
    }

    /// The queues that want to be refilled from the store, after which row and for how many; none is named twice. What is held back
    /// stays there until [`Self::wake`].
    pub(super) fn ask(&mut self, holds: impl Fn(InstanceId) -> bool) -> Vec<(QueueKey, DeliveryId, u32)> {
        let mut asked = Vec::new();
        for key in std::mem::take(&mut self.hungry) {
            if holds(key.0) {
                self.stand(key, Standing::Held);
            } else if let Some(entry) = self.by_key.get_mut(&key) {
                let (after, limit) = entry.queue.lanes.ask();
                asked.push((key, after, limit));
            }
        }
        asked
    }

    /// Takes the store's answer to [`Self::ask`].
    pub(super) fn refill(&mut self, key: QueueKey, answer: Refill, now: Timestamp) {
        if let Some(entry) = self.by_key.get_mut(&key) {
            entry.queue.lanes.refill(answer, now);
        }
        self.place(key, now);
    }

    /// The clock was set back by so much: whatever waits for a time waits for an earlier one.
    pub(super) fn bring_forward(&mut self, by: Duration, now: Timestamp) {
        let keys: Vec<_> = self.by_key.keys().copied().collect();
        for key in keys {
            self.queue(key).bring_forward(by);
            self.place(key, now);
        }
    }

    /// The delivery whose turn it is; it is under way until it is settled. `holds` tells whose are held back.
    pub(super) fn next(
        &mut self,
        now: Timestamp,
        holds: impl Fn(InstanceId) -> bool,
    ) -> Option<(PendingDelivery, Turn)> {
        while let Some(&(at, key)) = self.due.first()
            && at <= now
        {
            self.place(key, now);
        }
        loop {
            let key = self.first()?;
            if holds(key.0) {
                self.stand(key, Standing::Held);
                continue;
            }
            let served = self.serve(key, now);
            self.place(key, now);
            if served.is_some() {
                return served;
            }
        }
    }

    /// When [`Self::next`] will have something; none if something else has to happen first.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    fn queue(&mut self, key: QueueKey) -> &mut Queue {
        let is_shared = self.is_shared;
        let new = || Entry { queue: Queue::behind(is_shared), last_turn: 0, standing: Standing::Idle };
        &mut self.by_key.entry(key).or_insert_with(new).queue
    }

    /// Who is first of those whom the limits let go.
    fn first(&self) -> Option<QueueKey> {
        let first = self.shares.iter().filter_map(|(destination, share)| {
            let load = Load { destination: share.under_way, total: self.under_way };
            let ready = share.ready.first().filter(|(rank, _)| self.limits.admit(rank.0, load));
            let probing = share.probing.first().filter(|_| self.limits.admit_probe(share.probes, load));
            let &(rank, instance) = ready.into_iter().chain(probing).min()?;
            Some((rank, (instance, *destination)))
        });
        first.min().map(|(_, key)| key)
    }

    fn serve(&mut self, key: QueueKey, now: Timestamp) -> Option<(PendingDelivery, Turn)> {
        let entry = self.by_key.get_mut(&key)?;
        let is_probe = matches!(entry.standing, Standing::Probing(_));
        let served = match entry.standing {
            Standing::Probing(_) => entry.queue.next_probe(now)?,
            _ => entry.queue.next(now, self.limits.per_queue)?,
        };
        self.turns += 1;
        entry.last_turn = self.turns;
        self.under_way += 1;
        let share = self.shares.entry(key.1).or_default();
        share.under_way += 1;
        share.probes += usize::from(is_probe);
        Some(served)
    }

    /// Puts a queue into the index where it belongs now.
    fn place(&mut self, key: QueueKey, now: Timestamp) {
        let Some(entry) = self.by_key.get(&key) else { return };
        let lanes = &entry.queue.lanes;
        if lanes.wants_refill() {
            self.hungry.insert(key);
        }
        let standing = match entry.queue.wants(now, self.limits.per_queue) {
            Want::Nothing => Standing::Idle,
            Want::Later(at) => Standing::Due(at),
            Want::Turn => Standing::Ready((lanes.under_way(), entry.last_turn)),
            Want::Probe => Standing::Probing((0, entry.last_turn)),
        };
        self.stand(key, standing);
    }

    fn stand(&mut self, key: QueueKey, standing: Standing) {
        let Some(entry) = self.by_key.get_mut(&key) else { return };
        if entry.standing == standing {
            return;
        }
        let share = self.shares.entry(key.1).or_default();
        match std::mem::replace(&mut entry.standing, standing) {
            Standing::Idle => {}
            Standing::Due(at) => drop(self.due.remove(&(at, key))),
            Standing::Ready(rank) => drop(share.ready.remove(&(rank, key.0))),
            Standing::Probing(rank) => drop(share.probing.remove(&(rank, key.0))),
            Standing::Held => drop(self.held.remove(&key)),
        }
        match standing {
            Standing::Idle => {}
            Standing::Due(at) => drop(self.due.insert((at, key))),
            Standing::Ready(rank) => drop(share.ready.insert((rank, key.0))),
            Standing::Probing(rank) => drop(share.probing.insert((rank, key.0))),
            Standing::Held => drop(self.held.insert(key)),
        }
    }
}

fn key_of(delivery: &PendingDelivery) -> QueueKey {
    (delivery.instance, delivery.destination)
}

#[cfg(test)]
mod tests;
