//! How often the history may be asked for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

const SECOND: Duration = Duration::from_secs(1);

/// The provider's limit: more requests get 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryLimit {
    /// Requests within any second.
    pub per_second: usize,
    /// What `Retry-After` says, in seconds.
    #[serde(default = "one")]
    pub retry_after: u64,
}

fn one() -> u64 {
    1
}

/// Keeps to a limit, and counts what it refused.
#[derive(Debug, Default)]
pub(in crate::pbx) struct Limiter {
    limit: Option<HistoryLimit>,
    /// The requests let through within the last second.
    taken: VecDeque<Instant>,
    /// How many requests were refused so far.
    pub(in crate::pbx) refused: u64,
}

impl Limiter {
    pub(in crate::pbx) fn set(&mut self, limit: Option<HistoryLimit>) {
        self.limit = limit;
        self.taken.clear();
    }

    /// Lets a request through, or says after how many seconds it may come again.
    pub(in crate::pbx) fn take(&mut self, now: Instant) -> Result<(), u64> {
        let Some(limit) = self.limit else { return Ok(()) };
        while self.taken.front().is_some_and(|taken| now.duration_since(*taken) >= SECOND) {
            self.taken.pop_front();
        }
        if self.taken.len() >= limit.per_second {
            self.refused += 1;
            return Err(limit.retry_after);
        }
        self.taken.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_refused_until_a_second_has_passed() {
        let mut limiter = Limiter::default();
        let start = Instant::now();
        assert_eq!(limiter.take(start), Ok(()), "no limit yet");
        limiter.set(Some(HistoryLimit { per_second: 2, retry_after: 3 }));
        let after = |ms| start + Duration::from_millis(ms);
        let taken: Vec<_> = [0, 500, 999, 1000, 1400, 1500].map(|ms| limiter.take(after(ms)).is_ok()).into();
        assert_eq!(taken, [true, true, false, true, false, true]);
        assert_eq!((limiter.refused, limiter.take(after(1600))), (2, Err(3)));
        limiter.set(None);
        assert_eq!(limiter.take(after(1600)), Ok(()));
    }
}
