//! Death at a crash point: wherever the road of an event, a delivery or a start has a name, a process may end there.

use std::sync::{Mutex, PoisonError};

use domain::port::crash::{AtCrashPoint, CrashPoint};
use tokio::sync::Notify;

/// Waits at crash points.
pub(super) struct Death {
    /// The points that end a process, each with how often it is passed before; the next one first.
    planned: Mutex<Vec<(CrashPoint, u64)>>,
    near: Mutex<Option<CrashPoint>>,
    news: Notify,
}

impl Death {
    pub(super) fn at(planned: Vec<(CrashPoint, u64)>) -> Self {
        Self { planned: Mutex::new(planned), near: Mutex::default(), news: Notify::new() }
    }

    /// Whether the present process is about to end.
    pub(super) fn is_near(&self) -> bool {
        self.near.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits for it; gives the point.
    pub(super) async fn comes(&self) {
        // News of an earlier death may still be there.
        while !self.is_near() {
            self.news.notified().await;
        }
    }

    /// The process ended. Gives the point at which, if it was one.
    pub(super) fn passes(&self) -> Option<CrashPoint> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn strikes(&self, point: CrashPoint) -> bool {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((next, times)) = planned.first_mut() else { return false };
        if *next != point {
            return false;
        }
        if *times > 0 {
            *times -= 1;
            return false;
        }
        planned.remove(0);
        true
    }
}

impl AtCrashPoint for Death {
    fn reached(&self, point: CrashPoint) {
        if self.is_near() || self.strikes(point) {
            self.near.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(point);
            self.news.notify_one();
            // Whoever passed goes no further; no other task gets far before the runtime ends.
            std::panic::resume_unwind(Box::new(point));
        }
    }
}
