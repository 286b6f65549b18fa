//! One lane in memory. Pure: time is an argument.

use std::collections::VecDeque;

use domain::clock::Timestamp;
use storage::deliveries::PendingDelivery;

use super::ready::News;

/// Realtime is fresh for this part of its life, 10 s of 10 min: somebody has that call on the screen.
const FRESH: u32 = 60;

/// One call's deliveries in order.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) deliveries: VecDeque<PendingDelivery>,
    pub(super) stand: Stand,
    /// Its first delivery waits only because the destination is away.
    pub(super) blameless: bool,
    /// An administrator wants its first delivery made now.
    pub(super) urgent: bool,
    /// Where others plan deliveries as well: all that is pending of it is in memory, but for what they have planned just now.
    pub(super) is_whole: bool,
}

/// Where a lane stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stand {
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

impl Lane {
    /// What the lane has, as far as turns go.
    pub(super) fn news(&self, now: Timestamp) -> News {
        match self.deliveries.front().filter(|_| self.stand == Stand::Ready) {
            Some(_) if self.urgent => News::Urgent,
            Some(head) if is_fresh(head, now) => News::Fresh,
            Some(head) if head.background => News::Past,
            Some(_) => News::Other,
            None => News::Gone,
        }
    }
}

fn is_fresh(delivery: &PendingDelivery, now: Timestamp) -> bool {
    let life = delivery.expires_at.map(|at| at.since(delivery.created_at));
    life.is_some_and(|life| now.since(delivery.created_at) < life / FRESH)
}

/// When a delivery has to be looked at: when it is due, or when it expires, whichever comes first.
pub(super) fn due(delivery: &PendingDelivery) -> Timestamp {
    delivery.expires_at.map_or(delivery.due_at, |expires| delivery.due_at.min(expires))
}
