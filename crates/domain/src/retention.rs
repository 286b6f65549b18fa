//! Retention: what is old enough to go, how fast it may go, and when freed space is given back.

use std::time::Duration;

use crate::clock::Timestamp;

/// How long things are kept, a day at least; none is for ever. `[retention]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Requests of providers as they came, and runs of the history sync.
    pub raw_requests: Option<Duration>,
    /// Calls with their events, legs and whatever is left of their deliveries.
    pub calls: Option<Duration>,
    /// Deliveries with their attempts, dead letters included.
    pub deliveries: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_requests: Some(days(30)), calls: Some(days(400)), deliveries: Some(days(90)) }
    }
}

/// So many days.
pub const fn days(count: u32) -> Duration {
    Duration::from_hours(24 * count as u64)
}

/// What is pruned by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prunable {
    /// Requests of providers as they came.
    RawRequests,
    /// Runs of the history sync.
    SyncJobs,
    /// Deliveries with their attempts: those of a call go together.
    Deliveries,
    /// Calls with all that belongs to them.
    Calls,
}

impl Prunable {
    /// All of it.
    pub const ALL: [Self; 4] = [Self::RawRequests, Self::SyncJobs, Self::Deliveries, Self::Calls];

    /// The word of metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RawRequests => "raw_request",
            Self::SyncJobs => "sync_job",
            Self::Deliveries => "delivery",
            Self::Calls => "call",
        }
    }

    /// How many go in one change: each about a hundred rows, so that whoever shares the commit does not feel it.
    pub const fn at_once(self) -> usize {
        match self {
            Self::RawRequests | Self::SyncJobs => 128,
            Self::Deliveries | Self::Calls => 16,
        }
    }
}

impl Retention {
    /// What goes at `now`; none if it is kept for ever.
    pub fn limit(&self, of: Prunable, now: Timestamp) -> Option<Limit> {
        let kept = match of {
            Prunable::RawRequests | Prunable::SyncJobs => self.raw_requests,
            Prunable::Deliveries => self.deliveries,
            Prunable::Calls => self.calls,
        };
        kept.map(|kept| Limit { before: now.minus(kept), now })
    }
}

/// What goes at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is from before.
    pub before: Timestamp,
    /// The moment.
    pub now: Timestamp,
}

/// How old a row is. Rows are looked at from the oldest on, by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It may go.
    Old,
    /// It stays, and so does all that came after it.
    Young,
    /// It is from a time that has not come: the clock was wrong then. What came after it may be old all the same.
    Ahead,
}

impl Limit {
    /// How old something of `at` is.
    pub fn age(&self, at: Timestamp) -> Age {
        if at < self.before {
            Age::Old
        } else if at <= self.now {
            Age::Young
        } else {
            Age::Ahead
        }
    }
}

/// The history may round the times that were told live.
const ROUNDED_BY: Duration = Duration::from_hours(1);

/// Whether something of `at` is younger than anything that is ever pruned, so that there is nothing to look up.
pub fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) < days(1).saturating_sub(ROUNDED_BY)
}

/// Whether an event of `at` may repeat one of a call that was pruned, when nothing later than `pruned_until` was. Such an
/// event of a call that is not known is no news: that call was registered long ago.
pub fn may_be_forgotten(at: Timestamp, pruned_until: Option<Timestamp>) -> bool {
    pruned_until.is_some_and(|until| at <= until.plus(ROUNDED_BY))
}

/// How long to wait after a step that took `took`: live traffic has nine tenths of the time.
pub fn pause_after(took: Duration) -> Duration {
    took.saturating_mul(9).clamp(Duration::from_millis(10), Duration::from_secs(1))
}

/// Free pages that a file keeps whatever its size: 4 MiB of 4 KiB each.
const SPARE_PAGES: u64 = 1_024;

/// Pages given back in one change: each may have to be moved.
const PAGES_AT_ONCE: u64 = 128;

/// How many pages to give back to the system in one change, of a file with so many. A tenth stays: what comes in next
/// takes it up again.
pub fn pages_to_give_back(pages: u64, free: u64) -> u64 {
    free.saturating_sub(SPARE_PAGES.max(pages / 10)).min(PAGES_AT_ONCE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_330_800_000_000);

    #[test]
    fn what_is_kept_for_ever_has_no_limit() {
        let retention = Retention { calls: None, ..Retention::default() };
        assert_eq!(retention.limit(Prunable::Calls, NOW), None);
        let before = NOW.minus(days(30));
        assert_eq!(retention.limit(Prunable::RawRequests, NOW), Some(Limit { before, now: NOW }));
    }

    #[test]
    fn the_limit_itself_stays() {
        let limit = Limit { before: NOW.minus(days(30)), now: NOW };
        assert_eq!(limit.age(limit.before), Age::Young);
        assert_eq!(limit.age(limit.before.minus(Duration::from_micros(1))), Age::Old);
        assert_eq!(limit.age(NOW), Age::Young);
        assert_eq!(limit.age(NOW.plus(Duration::from_micros(1))), Age::Ahead);
    }

    #[test]
    fn only_what_may_have_been_pruned_is_forgotten() {
        let until = NOW.minus(days(400));
        assert!(!may_be_forgotten(until, None));
        assert!(may_be_forgotten(until, Some(until)));
        assert!(may_be_forgotten(until.plus(Duration::from_secs(1)), Some(until)), "rounded by the history");
        assert!(!may_be_forgotten(NOW, Some(until)));
    }

    #[test]
    fn what_happens_now_is_not_looked_up() {
        assert!(is_recent(NOW, NOW));
        assert!(is_recent(NOW.plus(days(1)), NOW), "the provider's clock is ahead");
        assert!(!is_recent(NOW.minus(days(1)), NOW));
    }

    #[test]
    fn a_slow_store_is_left_alone_for_longer() {
        assert_eq!(pause_after(Duration::ZERO), Duration::from_millis(10));
        assert_eq!(pause_after(Duration::from_millis(5)), Duration::from_millis(45));
        assert_eq!(pause_after(Duration::from_mins(1)), Duration::from_secs(1));
    }

    #[test]
    fn a_tenth_stays_in_the_file() {
        assert_eq!(pages_to_give_back(5_000, 1_000), 0, "a small file");
        assert_eq!(pages_to_give_back(100_000, 10_000), 0);
        assert_eq!(pages_to_give_back(100_000, 10_003), 3);
        assert_eq!(pages_to_give_back(100_000, 99_000), PAGES_AT_ONCE);
    }

    proptest! {
        /// What stays at one moment for its youth goes at a later one, never the other way round.
        #[test]
        fn what_is_old_stays_old(at in 0..3_000_000_000_000_000_i64, later in 0..1_000_u32) {
            let (at, kept) = (Timestamp::from_micros(at), days(30));
            let limit = |now: Timestamp| Limit { before: now.minus(kept), now };
            if limit(NOW).age(at) == Age::Old {
                prop_assert_eq!(limit(NOW.plus(days(later))).age(at), Age::Old);
            }
        }
    }
}
