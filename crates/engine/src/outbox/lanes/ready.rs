//! The lanes that can be served, and which of them goes first.

use std::collections::VecDeque;

use domain::id::CallId;

/// So many lanes with fresh news are served in a row while others wait.
const FRESH_IN_A_ROW: u8 = 3;

/// What a lane has to tell, as of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// An administrator wants it told now.
    Urgent,
    /// Realtime of a call that goes on: worthless when it is late.
    Fresh,
    /// Anything else.
    Other,
    /// A call that was over long before it became known: an hour more or less is nothing to it.
    Past,
    /// Nothing: the lane left its place behind.
    Gone,
}

/// Lanes in the order they became ready, those with fresh news before the others; yet of four turns one is the others'.
/// What an administrator asked for goes before all, what is past when there is nothing else.
#[derive(Debug, Default)]
pub(super) struct Ready {
    urgent: VecDeque<CallId>,
    fresh: VecDeque<CallId>,
    others: VecDeque<CallId>,
    past: VecDeque<CallId>,
    fresh_in_a_row: u8,
}

impl Ready {
    /// A lane has become ready.
    pub(super) fn push(&mut self, call: CallId, news: News) {
        match news {
            News::Urgent => self.urgent.push_back(call),
            News::Fresh => self.fresh.push_back(call),
            News::Other => self.others.push_back(call),
            News::Past => self.past.push_back(call),
            News::Gone => {}
        }
    }

    /// Whether no lane is ready. Those that are gone still count.
    pub(super) fn is_empty(&self) -> bool {
        [&self.urgent, &self.fresh, &self.others, &self.past].into_iter().all(VecDeque::is_empty)
    }

    /// The lane whose turn it is. What was fresh when it became ready may not be any more.
    pub(super) fn pop(&mut self, news: impl Fn(CallId) -> News) -> Option<CallId> {
        let there = |call: &CallId| news(*call) != News::Gone;
        let first = std::iter::from_fn(|| self.urgent.pop_front()).find(there);
        let first = first.or_else(|| self.pop_present(&news));
        first.or_else(|| std::iter::from_fn(|| self.past.pop_front()).find(there))
    }

    fn pop_present(&mut self, news: &impl Fn(CallId) -> News) -> Option<CallId> {
        loop {
            let others_turn = self.fresh_in_a_row >= FRESH_IN_A_ROW && !self.others.is_empty();
            let fresh = if others_turn { None } else { self.fresh.pop_front() };
            let call = fresh.or_else(|| self.others.pop_front())?;
            match (news(call), fresh) {
                (News::Gone, _) => {}
                (News::Other | News::Past, Some(_)) => self.others.push_back(call),
                (_, Some(_)) => {
                    self.fresh_in_a_row = self.fresh_in_a_row.saturating_add(1);
                    return Some(call);
                }
                (_, None) => {
                    self.fresh_in_a_row = 0;
                    return Some(call);
                }
            }
        }
    }
}
