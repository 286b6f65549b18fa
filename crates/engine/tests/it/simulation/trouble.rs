//! What goes wrong outside, and when.

use std::time::Duration;

use domain::port::{RemoteError, RemoteErrorKind};
use storage::Mishap;
use storage::error::StorageError;

use super::dice::Dice;

/// A while in which something strikes in some cases.
pub(super) struct Spell<T> {
    from: Duration,
    until: Duration,
    percent: u32,
    trouble: T,
}

impl<T: Copy> Spell<T> {
    /// A spell somewhere before the trouble ends.
    pub(super) fn of(dice: &Dice, hostile: Duration, trouble: T) -> Self {
        let end = u64::try_from(hostile.as_millis()).unwrap_or(u64::MAX);
        let from = dice.millis(0, end);
        let until = hostile.min(from + Duration::from_millis(dice.between(100, end)));
        Self { from, until, percent: dice.pick(&[30, 80, 100]), trouble }
    }

    /// The trouble, if it strikes now.
    pub(super) fn strikes(&self, at: Duration, dice: &Dice) -> Option<T> {
        let strikes = (self.from..self.until).contains(&at) && dice.chance(self.percent);
        strikes.then_some(self.trouble)
    }
}

/// What goes wrong with an exchange with a remote system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody listens.
    Unreachable,
    /// 503, before or after it acted.
    Unavailable,
    /// The connection breaks, before or after it acted.
    Cut,
    /// No answer until the time is out, whether or not it acted.
    Silent,
    /// It acted, and answers nonsense.
    Garbage,
    /// 429 with that `Retry-After`, in seconds.
    TooMany(u64),
    /// 401.
    Unauthorized,
    /// 400.
    Rejected,
}

impl Trouble {
    pub(super) fn any(dice: &Dice) -> Self {
        dice.pick(&[
            Self::Unreachable,
            Self::Unavailable,
            Self::Unavailable,
            Self::Cut,
            Self::Cut,
            Self::Silent,
            Self::Garbage,
            Self::TooMany(1),
            Self::TooMany(45),
            Self::Unauthorized,
            Self::Rejected,
        ])
    }

    /// Whether the remote system may have acted: only the dice know whether it did.
    pub(super) const fn may_act(self) -> bool {
        matches!(self, Self::Unavailable | Self::Cut | Self::Silent | Self::Garbage)
    }

    /// What the adapter makes of it.
    pub(super) fn error(self, system: &'static str, operation: &'static str) -> RemoteError {
        let (kind, status) = match self {
            Self::Unreachable => (RemoteErrorKind::Unreachable, None),
            Self::Unavailable => (RemoteErrorKind::Unavailable, Some(503)),
            Self::Cut | Self::Silent => (RemoteErrorKind::Interrupted, None),
            Self::Garbage => (RemoteErrorKind::Malformed, Some(200)),
            Self::TooMany(_) => (RemoteErrorKind::RateLimited, Some(429)),
            Self::Unauthorized => (RemoteErrorKind::Unauthorized, Some(401)),
            Self::Rejected => (RemoteErrorKind::Rejected, Some(400)),
        };
        let retry_after =
            if let Self::TooMany(seconds) = self { Some(Duration::from_secs(seconds)) } else { None };
        RemoteError { status, retry_after, ..RemoteError::new(system, operation, kind, format!("{self:?}")) }
    }
}

/// What goes wrong with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiskTrouble {
    /// Somebody else holds it: no transaction begins, no look is answered.
    Held,
    /// It is full.
    Full,
    /// The commit fails.
    Broken,
}

impl DiskTrouble {
    pub(super) fn any(dice: &Dice) -> Self {
        dice.pick(&[Self::Held, Self::Full, Self::Broken])
    }

    /// What a commit comes to.
    pub(super) fn of_commit(self) -> Mishap {
        match self {
            Self::Held => Mishap::ToBegin(StorageError::Busy),
            Self::Full => Mishap::ToCommit(StorageError::Full),
            Self::Broken => Mishap::ToCommit(StorageError::Driver("disk I/O error".to_owned())),
        }
    }

    /// What a look comes to; a full disk can still be read.
    pub(super) fn of_look(self) -> Option<StorageError> {
        match self {
            Self::Held => Some(StorageError::Busy),
            Self::Broken => Some(StorageError::Driver("disk I/O error".to_owned())),
            Self::Full => None,
        }
    }
}
