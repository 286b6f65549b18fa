//! Whether a queue's destination is worth trying. Pure: time and chance are arguments.
//!
//! *Closed*: whatever is due is sent. After failures in a row it *opens*: nothing is sent until a pause is over. Then one
//! delivery goes as the probe. If it gets through the breaker closes, and what waited follows, one at first, then ever
//! more; if not, the next pause is longer.

use std::time::Duration;

use super::schedule::RetrySchedule;
use crate::clock::Timestamp;
use crate::id::CallId;
use crate::port::RemoteErrorKind;

/// So many failures without a success between them open it.
const FAILURES: usize = 5;

/// Who fails again sooner than this after it came back goes on with longer pauses.
const STEADY: Duration = Duration::from_mins(1);

/// What an attempt says of the destination as a whole, as opposed to this one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It works, even if it refused this delivery.
    Well,
    /// It cannot be reached, is overloaded or lets us not in: whatever is sent now fares the same.
    Away,
    /// It failed, perhaps over this call alone: an error of its own, nonsense, no reply.
    Failing,
    /// Nothing: it was not asked, or had not to answer yet.
    Silent,
}

impl Sign {
    /// Whether the delivery failed only because the destination did.
    pub const fn is_ill(self) -> bool {
        matches!(self, Self::Away | Self::Failing)
    }
}

impl From<RemoteErrorKind> for Sign {
    fn from(kind: RemoteErrorKind) -> Self {
        match kind {
            RemoteErrorKind::Rejected | RemoteErrorKind::NotFound => Self::Well,
            RemoteErrorKind::Unauthorized | RemoteErrorKind::RateLimited | RemoteErrorKind::Unreachable => {
                Self::Away
            }
            RemoteErrorKind::Unavailable | RemoteErrorKind::Malformed | RemoteErrorKind::Interrupted => {
                Self::Failing
            }
        }
    }
}

/// An attempt that is over.
#[derive(Debug, Clone, Copy)]
pub struct Attempted {
    /// Of which lane.
    pub call: CallId,
    /// What it says of the destination.
    pub sign: Sign,
    /// How long the destination wants to be left alone.
    pub retry_after: Option<Duration>,
    /// Nothing more is to be done about the delivery.
    pub is_done: bool,
    /// When it ended.
    pub at: Timestamp,
}

/// How much may be under way to the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// So many deliveries.
    Room(usize),
    /// One, from then on: the probe.
    Probe(Timestamp),
    /// None besides the probe that is under way.
    Wait,
}

/// What an attempt changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The destination is taken for away.
    Opened,
    /// The destination is back.
    Closed,
}

/// The breaker of one queue.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: State,
    /// Pauses in a row without a steady time between them.
    pauses: u32,
}

#[derive(Debug, Clone)]
enum State {
    Closed {
        since: Timestamp,
        /// So many may be under way.
        room: usize,
        /// The lanes that failed since the last success, those that may be at fault themselves once each.
        failures: Vec<CallId>,
    },
    Open {
        until: Timestamp,
    },
    HalfOpen {
        probe: CallId,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        let since = Timestamp::default();
        Self { state: State::Closed { since, room: usize::MAX, failures: Vec::new() }, pauses: 0 }
    }
}

impl Breaker {
    /// How much may be under way now.
    pub fn admission(&self) -> Admission {
        match self.state {
            State::Closed { room, .. } => Admission::Room(room),
            State::Open { until } => Admission::Probe(until),
            State::HalfOpen { .. } => Admission::Wait,
        }
    }

    /// Whether the destination is taken for away.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// A delivery of this lane is sent as the probe.
    pub fn probe(&mut self, call: CallId) {
        if matches!(self.state, State::Open { .. }) {
            self.state = State::HalfOpen { probe: call };
        }
    }

    /// The next probe need not wait for the end of the pause.
    pub fn hurry(&mut self, now: Timestamp) {
        if let State::Open { until } = &mut self.state {
            *until = now.min(*until);
        }
    }

    /// The clock was set back by so much: no pause gets longer by that.
    pub fn bring_forward(&mut self, by: Duration) {
        match &mut self.state {
            State::Closed { since: at, .. } | State::Open { until: at } => *at = at.minus(by),
            State::HalfOpen { .. } => {}
        }
    }

    /// Learns from an attempt. `chance` is a random number from 0 to 1.
    pub fn learn(&mut self, attempt: Attempted, schedule: &RetrySchedule, chance: f64) -> Option<Change> {
        let pause = |pauses| attempt.at.plus(schedule.pause(pauses, attempt.retry_after, chance));
        match (&mut self.state, attempt.sign) {
            (State::Closed { room, failures, .. }, Sign::Well) => {
                failures.clear();
                *room = room.saturating_add(1);
                None
            }
            (State::Closed { since, failures, .. }, Sign::Away | Sign::Failing) => {
                // One lane that fails again and again may be at fault itself, unless the failure tells otherwise.
                if attempt.sign == Sign::Away || !failures.contains(&attempt.call) {
                    failures.push(attempt.call);
                }
                if failures.len() < FAILURES {
                    return None;
                }
                let is_relapse = attempt.at.since(*since) < STEADY;
                self.pauses = if is_relapse { self.pauses.saturating_add(1) } else { 1 };
                self.state = State::Open { until: pause(self.pauses) };
                Some(Change::Opened)
            }
            (State::Open { .. } | State::HalfOpen { .. }, Sign::Well) => {
                self.state = State::Closed { since: attempt.at, room: 2, failures: Vec::new() };
                Some(Change::Closed)
            }
            (State::HalfOpen { probe }, sign) if *probe == attempt.call => {
                self.pauses = self.pauses.saturating_add(u32::from(sign.is_ill()));
                // Realtime that turned out to be too late: the next lane may ask.
                let is_skipped = sign == Sign::Silent && attempt.is_done;
                let until = if is_skipped { attempt.at } else { pause(self.pauses) };
                self.state = State::Open { until };
                None
            }
            (State::Open { until }, Sign::Away | Sign::Failing) => {
                // Sent before it opened. Only a wish to be left alone is news.
                let wish = attempt.at.plus(attempt.retry_after.unwrap_or_default());
                *until = wish.max(*until);
                None
            }
            (_, Sign::Silent) | (State::HalfOpen { .. }, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;
