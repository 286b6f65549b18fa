//! What schedules have in them: a run in which something never goes wrong proves nothing about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that may happen in a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Delivered,
    /// A delivery came too late.
    Expired,
    /// A dead letter.
    Dead,
    /// One that was tried until the time for it was over.
    GaveUp,
    Retry,
    RetryAfter,
    Unauthorized,
    /// Nobody knows whether the destination acted.
    Ambiguous,
    LookedUpFound,
    LookedUpMissing,
    LookUpImpossible,
    /// A destination failed again and again.
    Away,
    /// Something was made twice where that cannot be helped.
    Doubled,
    /// An event came again.
    Repeat,
    /// A request was not taken in.
    Refused,
    /// An event came after its call had been handed on.
    Straggler,
    /// A process was killed.
    Killed,
    /// An attempt ended with its process.
    CutOff,
    /// A process was stopped.
    Stopped,
    /// A process could not start.
    NotStarted,
    /// Somebody else held the database.
    DiskHeld,
    DiskFull,
    CommitFailed,
    /// A process ended at a crash point.
    DiedAtPoint,
    /// Several changes in one transaction.
    Batch,
    /// A change that fails by itself.
    Poison,
    /// The clock was set.
    ClockSet,
    /// A registration that waited for a user until its time was over.
    Unmapped,
    /// One that waited, and was told once its user was there.
    Mapped,
    /// A workspace whose status was not active at some time.
    StatusChanged,
}

const ALL: [Class; 30] = [
    Class::Delivered,
    Class::Expired,
    Class::Dead,
    Class::GaveUp,
    Class::Retry,
    Class::RetryAfter,
    Class::Unauthorized,
    Class::Ambiguous,
    Class::LookedUpFound,
    Class::LookedUpMissing,
    Class::LookUpImpossible,
    Class::Away,
    Class::Doubled,
    Class::Repeat,
    Class::Refused,
    Class::Straggler,
    Class::Killed,
    Class::CutOff,
    Class::Stopped,
    Class::NotStarted,
    Class::DiskHeld,
    Class::DiskFull,
    Class::CommitFailed,
    Class::DiedAtPoint,
    Class::Batch,
    Class::Poison,
    Class::ClockSet,
    Class::Unmapped,
    Class::Mapped,
    Class::StatusChanged,
];

/// How many schedules had what in them.
#[derive(Default)]
pub(super) struct Coverage {
    schedules: u64,
    by_class: BTreeMap<Class, u64>,
}

impl Coverage {
    pub(super) fn add(&mut self, covered: &BTreeSet<Class>) {
        self.schedules += 1;
        for class in covered {
            *self.by_class.entry(*class).or_default() += 1;
        }
    }

    /// What never happened.
    pub(super) fn missing(&self) -> Vec<Class> {
        ALL.into_iter().filter(|class| !self.by_class.contains_key(class)).collect()
    }

    pub(super) fn schedules(&self) -> u64 {
        self.schedules
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} schedules", self.schedules)?;
        for class in ALL {
            let count = self.by_class.get(&class).copied().unwrap_or_default();
            writeln!(f, "{:>6} {:>3} %  {class:?}", count, 100 * count / self.schedules.max(1))?;
        }
        Ok(())
    }
}
