//! Notices that the machine's clock was set back: whatever waits for a time waits no longer for that.

use std::time::Duration;

use domain::clock::Timestamp;

/// The latest time that was seen.
#[derive(Debug, Default)]
pub(crate) struct ClockWatch(Timestamp);

impl ClockWatch {
    /// By how much the clock went back since the last look; zero if it went on. What passed between the two looks is
    /// not known, so that it is a little less than it was.
    pub(crate) fn set_back(&mut self, now: Timestamp) -> Duration {
        std::mem::replace(&mut self.0, now).since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_goes_back_was_set_back() {
        let mut watch = ClockWatch::default();
        let seen =
            [10, 11, 11, 5, 6, 100].map(|micros| watch.set_back(Timestamp::from_micros(micros)).as_micros());
        assert_eq!(seen, [0, 0, 0, 6, 0, 0]);
    }
}
