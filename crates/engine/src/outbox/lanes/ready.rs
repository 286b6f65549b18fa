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
    /// Nothing: the lane left its place behind.
    Gone,
}

/// Lanes in the order they became ready, those with fresh news before the others; yet of four turns one is the others'.
/// What an administrator asked for goes before all.
#[derive(Debug, Default)]
pub(super) struct Ready {
    urgent: VecDeque<CallId>,
    fresh: VecDeque<CallId>,
    others: VecDeque<CallId>,
    fresh_in_a_row: u8,
}

impl Ready {
    /// A lane has become ready.
    pub(super) fn push(&mut self, call: CallId, news: News) {
        match news {
            News::Urgent => self.urgent.push_back(call),
            News::Fresh => self.fresh.push_back(call),
            News::Other => self.others.push_back(call),
            News::Gone => {}
        }
    }

    /// Whether no lane is ready. Those that are gone still count.
    pub(super) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.fresh.is_empty() && self.others.is_empty()
    }

    /// The lane whose turn it is. What was fresh when it became ready may not be any more.
    pub(super) fn pop(&mut self, news: impl Fn(CallId) -> News) -> Option<CallId> {
        while let Some(call) = self.urgent.pop_front() {
            if news(call) != News::Gone {
                return Some(call);
            }
        }
        loop {
            let others_turn = self.fresh_in_a_row >= FRESH_IN_A_ROW && !self.others.is_empty();
            let fresh = if others_turn { None } else { self.fresh.pop_front() };
            let call = fresh.or_else(|| self.others.pop_front())?;
            match (news(call), fresh) {
                (News::Gone, _) => {}
                (News::Other, Some(_)) => self.others.push_back(call),
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
