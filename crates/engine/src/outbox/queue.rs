//! What one workspace has for one destination: lanes, and a breaker that says whether the destination is worth trying.
//! Pure: time and chance are arguments.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::CallId;
use domain::outbox::breaker::{Admission, Attempted, Breaker, Change};
use domain::outbox::schedule::RetrySchedule;
use storage::deliveries::PendingDelivery;

use super::lanes::Lanes;
use super::{Settled, Turn};

/// What a queue wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing before something happens.
    Nothing,
    /// To be looked at then.
    Later(Timestamp),
    /// To hand a delivery out.
    Turn,
    /// To ask by a delivery whether the destination is back.
    Probe,
}

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) lanes: Lanes,
    breaker: Breaker,
    /// The lane whose delivery is under way as the probe.
    probe: Option<CallId>,
}

impl Queue {
    /// A queue that has to be filled from the store first.
    pub(super) fn behind(is_shared: bool) -> Self {
        Self { lanes: Lanes::behind(is_shared), breaker: Breaker::default(), probe: None }
    }

    /// Whether a probe is under way.
    pub(super) fn is_probing(&self) -> bool {
        self.probe.is_some()
    }

    /// What it wants, if it may have `limit` deliveries under way.
    pub(super) fn wants(&self, now: Timestamp, limit: usize) -> Want {
        match self.breaker.admission() {
            Admission::Room(room) => turn_at(self.lanes.next_due(limit.min(room)), now),
            Admission::Wait => turn_at(self.lanes.next_end(limit), now),
            Admission::Probe(from) => {
                let probe_at = self.lanes.next_due(usize::MAX).map(|due| due.max(from));
                match turn_at(self.lanes.next_end(limit), now) {
                    Want::Turn => Want::Turn,
                    _ if probe_at.is_some_and(|at| at <= now) => Want::Probe,
                    Want::Later(end) => Want::Later(probe_at.map_or(end, |at| at.min(end))),
                    _ => probe_at.map_or(Want::Nothing, Want::Later),
                }
            }
        }
    }

    /// What it wanted a turn for.
    pub(super) fn next(&mut self, now: Timestamp, limit: usize) -> Option<(PendingDelivery, Turn)> {
        if let Admission::Room(room) = self.breaker.admission() {
            return Some((self.lanes.next(now, limit.min(room))?, Turn::Attempt));
        }
        Some((self.lanes.next_ended(now, limit)?, Turn::End))
    }

    /// The probe it wanted to send.
    pub(super) fn next_probe(&mut self, now: Timestamp) -> Option<(PendingDelivery, Turn)> {
        let delivery = self.lanes.next(now, usize::MAX)?;
        self.breaker.probe(delivery.call);
        self.probe = Some(delivery.call);
        Some((delivery, Turn::Attempt))
    }

    /// An attempt is over. `chance` is a random number from 0 to 1.
    pub(super) fn settle(
        &mut self,
        settled: &Settled,
        schedule: &RetrySchedule,
        now: Timestamp,
        chance: f64,
    ) -> Option<Change> {
        let call = settled.delivery.call;
        self.probe = self.probe.filter(|probe| *probe != call);
        let (sign, retry_after, is_done) = (settled.sign, settled.retry_after, settled.again_at.is_none());
        let changed =
            self.breaker.learn(Attempted { call, sign, retry_after, is_done, at: now }, schedule, chance);
        match changed {
            Some(Change::Opened) => self.lanes.shut(schedule.give_up_after, now),
            Some(Change::Closed) => self.lanes.open(),
            None => {}
        }
        self.lanes.settle(settled, now);
        changed
    }

    /// The clock was set back by so much: whatever waits for a time waits for an earlier one.
    pub(super) fn bring_forward(&mut self, by: Duration) {
        self.breaker.bring_forward(by);
        self.lanes.bring_forward(by);
    }

    /// Makes a delivery due now that waits or had been given up; an urgent one goes as the next probe.
    pub(super) fn revive(&mut self, delivery: PendingDelivery, urgent: bool, now: Timestamp) {
        if urgent {
            self.breaker.hurry(now);
        }
        self.lanes.revive(delivery, urgent, now);
    }
}

fn turn_at(at: Option<Timestamp>, now: Timestamp) -> Want {
    match at {
        None => Want::Nothing,
        Some(at) if at <= now => Want::Turn,
        Some(at) => Want::Later(at),
    }
}

#[cfg(test)]
mod tests;
