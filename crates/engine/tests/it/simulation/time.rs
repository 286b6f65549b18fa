//! The time of a schedule: it passes by tokio's virtual clock while a process lives, and the clock on the wall may be
//! set meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use testkit::START;
use tokio::time::Instant;

/// Time since the schedule began, and the clock on the wall.
#[derive(Default)]
pub(super) struct Time(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Up to the present life.
    before: Duration,
    /// When the present life began; none between lives.
    began: Option<Instant>,
    /// How often and how far the wall clock was set: micros.
    set_by: i64,
}

impl Inner {
    fn passed(&self) -> Duration {
        self.before + self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }
}

impl Time {
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A process starts.
    pub(super) fn begin_life(&self) {
        self.with(|inner| inner.began = Some(Instant::now()));
    }

    /// A process ended. Outside a runtime there is no virtual clock: time stands still until the next life.
    pub(super) fn end_life(&self) {
        self.with(|inner| {
            inner.before = inner.passed();
            inner.began = None;
        });
    }

    /// Nothing runs for so long.
    pub(super) fn skip(&self, by: Duration) {
        self.with(|inner| inner.before += by);
    }

    /// How long the schedule has been going.
    pub(super) fn passed(&self) -> Duration {
        self.with(|inner| inner.passed())
    }

    /// Sets the wall clock forward or back.
    pub(super) fn set_by(&self, seconds: i64) {
        self.with(|inner| inner.set_by += seconds * 1_000_000);
    }

    /// Sleeps until the schedule has been going for that long.
    pub(super) async fn reach(&self, moment: Duration) {
        tokio::time::sleep(moment.saturating_sub(self.passed())).await;
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        let (passed, set_by) = self.with(|inner| (inner.passed(), inner.set_by));
        Timestamp::from_micros(START.plus(passed).micros() + set_by)
    }
}
