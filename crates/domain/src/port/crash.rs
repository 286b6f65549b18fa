//! Crash points: named places on the road of an event at which a test may end the process, or a simulation its run.
//! Passing one neither waits nor fails; unless somebody listens it costs one comparison.

use std::fmt;
use std::sync::Arc;

/// Declares the points once: the enum, the list of all and their words.
macro_rules! points {
    ($($(#[$doc:meta])* $point:ident = $word:literal,)*) => {
        /// A place on the road, in the order in which they are passed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CrashPoint {
            $($(#[$doc])* $point,)*
        }

        impl CrashPoint {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$point),*];

            /// Its name on the command line.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$point => $word,)*
                }
            }
        }
    };
}

points! {
    /// After a start: each step that takes up what the last process left.
    Recovering = "recovering",
    /// A webhook's body was read; nothing is stored.
    Received = "received",
    /// The raw request is in the transaction.
    Stored = "stored",
    /// An event was folded into its call.
    Folded = "folded",
    /// The deliveries that follow from it are in the transaction.
    Planned = "planned",
    /// All statements of a batch ran; it is not committed.
    Written = "written",
    /// The batch is on disk; nobody was told.
    Committed = "committed",
    /// The sender's reply is about to go out.
    Acknowledged = "acknowledged",
    /// A delivery is in its task's hands.
    Claimed = "claimed",
    /// The call was read for the delivery.
    Loaded = "loaded",
    /// The destination is about to be spoken to.
    Sending = "sending",
    /// The destination replied, or the attempt failed; the outcome is not stored.
    Answered = "answered",
    /// The outcome is on disk; the dispatcher was not told.
    Settled = "settled",
    /// A finished call was quiet, or a parked one waits no longer: what follows is in the transaction.
    HandedOn = "handed-on",
    /// A CALL of Kontur is on disk; the provider was not asked.
    DialNoted = "dial-noted",
    /// The provider replied to a CALL; that is not stored.
    DialAnswered = "dial-answered",
}

impl CrashPoint {
    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|point| point.word() == word)
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Whoever listens at the points.
pub trait AtCrashPoint: Send + Sync {
    /// The point was reached. Points are passed by tasks and by the store's writer thread alike: this may not block
    /// for long. It may end the process; it may panic, which ends what was under way at the point and nothing else.
    fn reached(&self, point: CrashPoint);
}

/// The points as those see them who pass them. By default nobody listens.
#[derive(Clone, Default)]
pub struct CrashPoints(Option<Arc<dyn AtCrashPoint>>);

impl CrashPoints {
    /// Points at which `listener` hears.
    pub fn heard_by(listener: Arc<dyn AtCrashPoint>) -> Self {
        Self(Some(listener))
    }

    /// Passes a point.
    #[inline]
    pub fn pass(&self, point: CrashPoint) {
        if let Some(listener) = &self.0 {
            listener.reached(point);
        }
    }
}

impl fmt::Debug for CrashPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "heard" } else { "unheard" })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<CrashPoint>>);

    impl AtCrashPoint for Heard {
        fn reached(&self, point: CrashPoint) {
            self.0.lock().unwrap().push(point);
        }
    }

    #[test]
    fn words_are_read_back() {
        for point in CrashPoint::ALL {
            assert_eq!(CrashPoint::parse(point.word()), Some(*point));
        }
        assert_eq!(CrashPoint::parse("Received"), None);
    }

    #[test]
    fn a_listener_hears_of_every_point_that_is_passed() {
        let heard = Arc::<Heard>::default();
        let points = CrashPoints::heard_by(heard.clone());
        points.pass(CrashPoint::Stored);
        points.clone().pass(CrashPoint::Settled);
        CrashPoints::default().pass(CrashPoint::Sending);
        assert_eq!(*heard.0.lock().unwrap(), [CrashPoint::Stored, CrashPoint::Settled]);
    }
}
