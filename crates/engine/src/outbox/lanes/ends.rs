//! What ends by itself while nothing is attempted: realtime expires, and the time for retries runs out.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::CallId;
use storage::deliveries::PendingDelivery;

/// When which lane's first delivery ends. Lanes that have moved on leave their old entries behind.
#[derive(Debug)]
pub(super) struct Ends {
    give_up_after: Duration,
    at: BTreeSet<(Timestamp, CallId)>,
}

impl Ends {
    /// Retries end so long after the first attempt.
    pub(super) fn new(give_up_after: Duration) -> Self {
        Self { give_up_after, at: BTreeSet::new() }
    }

    /// When a delivery ends; one that was never attempted and does not expire waits for as long as it takes.
    pub(super) fn of(&self, delivery: &PendingDelivery) -> Option<Timestamp> {
        let given_up = delivery.first_attempt_at.map(|first| first.plus(self.give_up_after));
        delivery.expires_at.into_iter().chain(given_up).min()
    }

    /// Notes when a lane's first delivery ends.
    pub(super) fn note(&mut self, delivery: &PendingDelivery) {
        self.at.extend(self.of(delivery).map(|at| (at, delivery.call)));
    }

    /// Notes anew when these end, and nothing else.
    pub(super) fn renew<'d>(&mut self, deliveries: impl Iterator<Item = &'d PendingDelivery>) {
        self.at.clear();
        deliveries.for_each(|delivery| self.note(delivery));
    }

    /// When the first one ends.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.at.first().map(|(at, _)| *at)
    }

    /// A lane whose first delivery may have ended, and when that was noted for.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, CallId)> {
        self.at.first().filter(|(at, _)| *at <= now)?;
        self.at.pop_first()
    }
}
