//! `--die-at`: the process kills itself at a crash point, so that a test sees what a kill at exactly that place leaves
//! behind.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::port::crash::{AtCrashPoint, CrashPoint, CrashPoints};
use rustix::process::{Signal, getpid, kill_process};

/// Where to die: `POINT` or `POINT:N`, the N-th time that the point is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DieAt {
    point: CrashPoint,
    passes: u32,
}

impl DieAt {
    /// Points of which this one is deadly.
    pub(super) fn crash_points(self) -> CrashPoints {
        let left = AtomicU32::new(self.passes);
        CrashPoints::heard_by(Arc::new(Countdown { point: self.point, left }))
    }
}

impl FromStr for DieAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (word, passes) = text.split_once(':').unwrap_or((text, "1"));
        let point = CrashPoint::parse(word).ok_or_else(|| {
            let known: Vec<_> = CrashPoint::ALL.iter().map(|point| point.word()).collect();
            format!("{word:?} is no crash point; give one of {}", known.join(", "))
        })?;
        match passes.parse() {
            Ok(passes @ 1..) => Ok(Self { point, passes }),
            _ => Err(format!("{passes:?} is no number of passes; give 1 or more")),
        }
    }
}

struct Countdown {
    point: CrashPoint,
    /// Wraps after the last, which nobody sees.
    left: AtomicU32,
}

impl AtCrashPoint for Countdown {
    fn reached(&self, point: CrashPoint) {
        if point == self.point && self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // Should this fail, the process lives on, which the test that asked for its death notices.
            kill_process(getpid(), Signal::KILL).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_may_have_a_count() {
        let read = |text: &str| text.parse::<DieAt>();
        assert_eq!(read("stored"), Ok(DieAt { point: CrashPoint::Stored, passes: 1 }));
        assert_eq!(read("handed-on:20"), Ok(DieAt { point: CrashPoint::HandedOn, passes: 20 }));
    }

    #[test]
    fn nonsense_is_refused_with_what_is_known() {
        let error = |text: &str| text.parse::<DieAt>().unwrap_err();
        assert!(error("lunch").contains("received, stored"), "{}", error("lunch"));
        for text in ["stored:0", "stored:", "stored:-1", "stored:many"] {
            assert!(error(text).contains("give 1 or more"), "{text}");
        }
    }
}
