//! The timers of finished calls, in memory. Pure: time is an argument.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::CallId;

use crate::clock_watch::ClockWatch;

/// Calls handed on in one change.
const BATCH: usize = 256;

/// One call's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    /// When it rings.
    pub(super) rings_at: Timestamp,
    pub(super) call: CallId,
    /// What it was set to: the call's row says the same, unless another timer was set since.
    pub(super) at: Timestamp,
}

/// All of them, the next one first.
#[derive(Debug, Default)]
pub(super) struct Timers {
    timers: BTreeSet<Timer>,
    watch: ClockWatch,
}

impl Timers {
    pub(super) fn extend(&mut self, timers: impl IntoIterator<Item = Timer>) {
        self.timers.extend(timers);
    }

    /// How long until the next one rings; none if there is none.
    pub(super) fn wait(&mut self, now: Timestamp) -> Option<Duration> {
        self.notice(now);
        self.timers.first().map(|timer| timer.rings_at.since(now))
    }

    /// Those that ring now.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Timer> {
        self.notice(now);
        let mut due = Vec::new();
        while due.len() < BATCH
            && let Some(timer) = self.timers.first().copied()
            && timer.rings_at <= now
        {
            self.timers.pop_first();
            due.push(timer);
        }
        due
    }

    /// A clock that was set back takes all timers with it, lest calls wait until it is that time again.
    fn notice(&mut self, now: Timestamp) {
        let set_back = self.watch.set_back(now);
        if set_back > Duration::ZERO {
            let earlier = |timer: Timer| Timer { rings_at: timer.rings_at.minus(set_back), ..timer };
            self.timers = std::mem::take(&mut self.timers).into_iter().map(earlier).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn set(call: i64, second: i64) -> Timer {
        Timer { rings_at: at(second), call: CallId(call), at: at(second) }
    }

    fn all(timers: impl IntoIterator<Item = Timer>) -> Timers {
        let mut all = Timers::default();
        all.extend(timers);
        all
    }

    #[test]
    fn each_rings_at_its_time() {
        let mut timers = all([set(2, 20), set(1, 10)]);
        assert_eq!(timers.wait(at(4)), Some(Duration::from_secs(6)));
        assert_eq!(timers.take_due(at(9)), []);
        assert_eq!(timers.take_due(at(10)), [set(1, 10)]);
        assert_eq!(timers.take_due(at(30)), [set(2, 20)]);
        assert_eq!(timers.wait(at(30)), None);
    }

    /// Found when a clock was set back by an hour: finished calls were registered an hour late.
    #[test]
    fn a_clock_that_is_set_back_takes_the_timers_with_it() {
        let mut timers = all([set(1, 4_000)]);
        assert_eq!(timers.wait(at(3_999)), Some(Duration::from_secs(1)));
        assert_eq!(timers.wait(at(399)), Some(Duration::from_secs(1)));
        timers.extend([set(2, 402)]);
        let due = timers.take_due(at(400));
        assert_eq!(
            due,
            [Timer { rings_at: at(400), ..set(1, 4_000) }],
            "the row still says when it was to ring"
        );
        assert_eq!(timers.wait(at(400)), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_clock_that_is_set_forward_rings_them() {
        let mut timers = all([set(1, 10)]);
        assert_eq!(timers.take_due(at(4_000)), [set(1, 10)]);
    }
}
