//! Time that stands still until it is moved.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};

/// When every manual clock starts: 2026-11-22T07:00:00Z.
pub const START: Timestamp = Timestamp::from_micros(1_795_330_800_000_000);

/// A clock moved by hand.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(START.micros()))
    }
}

impl ManualClock {
    /// Sets it back.
    pub fn set_back(&self, by: Duration) {
        self.0.store(self.now().minus(by).micros(), Ordering::SeqCst);
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.0.store(self.now().plus(by).micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_when_it_says_and_moves_when_told() {
        let clock = ManualClock::default();
        assert_eq!(clock.now(), Timestamp::parse("2026-11-22T07:00:00Z").expect("a time"));
        clock.advance(Duration::from_mins(1));
        assert_eq!(clock.now().since(START), Duration::from_mins(1));
    }
}
