//! Answers of the store that are on their way: what was settled meanwhile may still be pending in them. Pure.

use std::collections::{BTreeSet, HashSet, VecDeque};

use domain::id::DeliveryId;

/// When something was asked, in questions asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// Questions that are open, and what was settled since the oldest of them.
#[derive(Debug, Default)]
pub(super) struct Reads {
    next: u64,
    open: BTreeSet<Ticket>,
    settled: VecDeque<(Ticket, DeliveryId)>,
}

impl Reads {
    /// The store is asked from now on.
    pub(super) fn begin(&mut self) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.open.insert(ticket);
        ticket
    }

    /// A delivery is done with: an answer on its way may not know that.
    pub(super) fn settled(&mut self, delivery: DeliveryId) {
        if !self.open.is_empty() {
            self.settled.push_back((Ticket(self.next), delivery));
        }
    }

    /// The store has answered; gives what is done with and may be in the answer.
    pub(super) fn end(&mut self, ticket: Ticket) -> HashSet<DeliveryId> {
        let since = self.settled.iter().filter(|(at, _)| *at > ticket).map(|(_, delivery)| *delivery);
        let outdated = since.collect();
        self.open.remove(&ticket);
        match self.open.first() {
            Some(oldest) => self.settled.retain(|(at, _)| at > oldest),
            None => self.settled.clear(),
        }
        outdated
    }

    /// Whatever was asked before it is from before now.
    pub(super) fn now(&self) -> Ticket {
        Ticket(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_rid_of_what_was_settled_since_it_was_asked_for() {
        let mut reads = Reads::default();
        reads.settled(DeliveryId(1));
        let first = reads.begin();
        reads.settled(DeliveryId(2));
        let second = reads.begin();
        reads.settled(DeliveryId(3));
        assert_eq!(reads.end(second), HashSet::from([DeliveryId(3)]));
        assert_eq!(reads.end(first), HashSet::from([DeliveryId(2), DeliveryId(3)]));
        assert!(reads.settled.is_empty() && reads.open.is_empty());
        assert!(first < second && second < reads.now());
    }
}
