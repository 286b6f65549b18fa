//! When a delivery is tried again (design, Retries). Pure: the jitter is passed in.

use std::time::Duration;

use crate::clock::Timestamp;

/// A destination that is away is asked at least so often whether it is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The schedule of retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    /// Delays after the first, second, … attempt; the last one repeats.
    pub delays: Vec<Duration>,
    /// Retries end this long after the first attempt.
    pub give_up_after: Duration,
    /// Each delay is stretched or shrunk by up to this many hundredths.
    pub jitter_percent: u8,
    /// Realtime older than this is not worth sending.
    pub realtime_expires_after: Duration,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self {
            delays: [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000]
                .map(Duration::from_millis)
                .into(),
            give_up_after: Duration::from_hours(24),
            jitter_percent: 20,
            realtime_expires_after: Duration::from_mins(10),
        }
    }
}

impl RetrySchedule {
    /// When to try again after `attempts` attempts of which the first was at `first` and the last ended `now`; none
    /// when the time for retries is over. `chance` is a random number from 0 to 1.
    pub fn next(
        &self,
        attempts: u32,
        first: Timestamp,
        now: Timestamp,
        retry_after: Option<Duration>,
        chance: f64,
    ) -> Option<Timestamp> {
        let delay = self.jittered(self.delay(attempts), chance).max(retry_after.unwrap_or_default());
        let at = now.plus(delay);
        (at <= first.plus(self.give_up_after)).then_some(at)
    }

    /// How long a destination that is away is left alone, the `pauses`th time in a row: as long as a delivery, but so
    /// that calls which go on meanwhile are not too late when it is back.
    pub fn pause(&self, pauses: u32, retry_after: Option<Duration>, chance: f64) -> Duration {
        let planned = self.delay(pauses).min(LONGEST_PAUSE);
        self.jittered(planned, chance).max(retry_after.unwrap_or_default())
    }

    fn delay(&self, attempts: u32) -> Duration {
        let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        self.delays.get(place).or(self.delays.last()).copied().unwrap_or_default()
    }

    fn jittered(&self, delay: Duration, chance: f64) -> Duration {
        let spread = f64::from(self.jitter_percent) / 100.0;
        delay.mul_f64(1.0 - spread + 2.0 * spread * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000);

    /// Without jitter: what the design's row of delays says.
    #[test]
    fn the_delays_of_the_design() {
        let schedule = RetrySchedule::default();
        for (attempts, seconds) in [
            (1, 0.5),
            (2, 1.0),
            (3, 2.0),
            (4, 5.0),
            (5, 10.0),
            (6, 30.0),
            (7, 60.0),
            (8, 300.0),
            (9, 900.0),
            (40, 900.0),
        ] {
            let at = schedule.next(attempts, START, START, None, 0.5).unwrap();
            assert!((at.since(START).as_secs_f64() - seconds).abs() < 1e-6, "attempt {attempts}: {at}");
        }
    }

    #[test]
    fn retry_after_wins_when_longer() {
        let schedule = RetrySchedule::default();
        let longer = schedule.next(1, START, START, Some(Duration::from_secs(7)), 0.5);
        assert_eq!(longer, Some(START.plus(Duration::from_secs(7))));
        let shorter = schedule.next(9, START, START, Some(Duration::from_secs(7)), 0.5);
        assert_eq!(shorter, Some(START.plus(Duration::from_mins(15))));
    }

    #[test]
    fn gives_up_a_day_after_the_first_attempt() {
        let schedule = RetrySchedule::default();
        let late = START.plus(schedule.give_up_after);
        assert_eq!(schedule.next(100, START, late, None, 0.0), None);
        assert!(schedule.next(100, START, late.minus(Duration::from_hours(1)), None, 1.0).is_some());
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(attempts in 1_u32..12, chance in 0.0_f64..=1.0) {
            let schedule = RetrySchedule::default();
            let middle = schedule.next(attempts, START, START, None, 0.5).unwrap().since(START).as_secs_f64();
            let delay = schedule.next(attempts, START, START, None, chance).unwrap().since(START).as_secs_f64();
            prop_assert!((delay / middle - 1.0).abs() <= 0.2 + 1e-6);
        }
    }
}
