//! History sync: which span of a provider's history is read when, in which steps, and how fast. Pure.

use std::time::Duration;

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::port::provider::Window;
use crate::port::{RemoteError, RemoteErrorKind};
use crate::schedule::Schedule;

/// `[integration.sync]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncSettings {
    /// When what is new is read, unless Kontur asked for it since the time before.
    pub schedule: Schedule,
    /// When the last [`LOOK_BACK`] is read again, for what came late or was changed.
    pub again: Schedule,
    /// A call is registered from the history when it has been over for so many seconds: its webhooks go first.
    pub settle_sec: u32,
    /// So many pages are asked for in a minute; none: as fast as they come.
    pub pages_per_minute: Option<u32>,
}

impl Default for SyncSettings {
    fn default() -> Self {
        let known = |text: &str| text.parse().unwrap_or(Schedule::NEVER);
        Self {
            schedule: known("*/5 * * * *"),
            again: known("17 3 * * *"),
            settle_sec: 5,
            pages_per_minute: None,
        }
    }
}

/// The first sync looks back so far, and so does the one that reads again.
pub const LOOK_BACK: Duration = Duration::from_hours(24);

/// Each sync reads this much again: calls that began before the last sync and ended after it.
const OVERLAP: Duration = Duration::from_mins(15);

/// A span is read whole up to this length.
const DAY: Duration = Duration::from_hours(24);

/// A longer one is read in about so many parts …
const PARTS: u32 = 200;

/// … none of which is shorter than this …
const SHORTEST_PART: Duration = Duration::from_hours(6);

/// … or longer than this.
const LONGEST_PART: Duration = Duration::from_hours(30 * 24);

/// Whose work is lost if a page is not had: the next regular sync reads it again, nobody else does.
const PATIENCE: Duration = Duration::from_hours(1);

/// A regular sync waits so often for a provider that has too much to do: the next one is due soon.
const TRIES: u32 = 3;

/// How long a provider is left alone that has too much to do and does not say how long.
const BREATHER: Duration = Duration::from_secs(10);

/// Nobody is left alone for longer.
const LONGEST_BREATHER: Duration = Duration::from_mins(5);

/// What a sync is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// What is new since the last one.
    News,
    /// What was read before, for what came late or was changed.
    Again,
    /// A span that somebody asked for.
    Span,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::News, Self::Again, Self::Span];

    /// The word of API and database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Again => "again",
            Self::Span => "span",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

/// What is new at `now`, when everything until `synced_until` was read.
pub fn news(synced_until: Option<Timestamp>, now: Timestamp) -> Window {
    let from = synced_until.map_or_else(|| now.minus(LOOK_BACK), |until| until.minus(OVERLAP));
    // A clock that was set back: what was read is in its future.
    Window { from: from.min(now.minus(OVERLAP)), to: now }
}

/// What is read again at `now`.
pub fn again(now: Timestamp) -> Window {
    Window { from: now.minus(LOOK_BACK), to: now }
}

/// How far the reading of a span has come. A reading that is cut off goes on from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// All calls that began before are read.
    pub read_until: Timestamp,
    /// The page that is read next, of the part that begins there; none: its first.
    pub cursor: Option<String>,
    /// So many calls of that page are taken in.
    pub taken: u32,
}

impl Position {
    /// Nothing is read.
    pub const fn start(of: Window) -> Self {
        Self { read_until: of.from, cursor: None, taken: 0 }
    }

    /// The part of `window` that is read now; none when all is read. Parts make a provider's cursors short-lived, and
    /// show how much is left.
    pub fn part(&self, window: Window) -> Option<Window> {
        let length = window.to.since(window.from);
        let part = if length <= DAY { length } else { (length / PARTS).clamp(SHORTEST_PART, LONGEST_PART) };
        let to = self.read_until.plus(part).min(window.to);
        (self.read_until < to).then_some(Window { from: self.read_until, to })
    }

    /// After a page of `part`.
    #[must_use]
    pub fn after_page(&self, part: Window, next: Option<String>) -> Self {
        let read_until = if next.is_some() { self.read_until } else { part.to };
        Self { read_until, cursor: next, taken: 0 }
    }

    /// How much of `window` is read, from 0 to 1.
    pub fn share(&self, window: Window) -> f64 {
        let whole = window.to.since(window.from).as_secs_f64();
        if whole > 0.0 { (self.read_until.since(window.from).as_secs_f64() / whole).min(1.0) } else { 1.0 }
    }
}

/// How long the rest takes, when `share` of it took `worked`; none as long as nobody can say.
pub fn time_left(share: f64, worked: Duration) -> Option<Duration> {
    (share > 0.0).then(|| worked.mul_f64(((1.0 - share) / share).clamp(0.0, 1e6)))
}

/// What to do about a page that was not had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Ask again after that time.
    Later(Duration),
    /// The provider does not know the place any more: read the part from its beginning.
    FromTheStart,
    /// The sync has failed.
    Fail,
}

/// Trouble that a reading has had with a page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// So often in a row.
    pub times: u32,
    /// For so long.
    pub lasted: Duration,
}

/// What to do about `error`. Regular syncs and those that have not begun fail: the next one, or whoever asked, comes
/// again. Who asks too much waits.
pub fn missing(
    purpose: Purpose,
    position: &Position,
    has_begun: bool,
    error: &RemoteError,
    trouble: Trouble,
) -> Missing {
    let pause = error.retry_after.unwrap_or(BREATHER).min(LONGEST_BREATHER);
    match error.kind {
        _ if trouble.lasted >= PATIENCE => Missing::Fail,
        RemoteErrorKind::RateLimited if purpose == Purpose::News && trouble.times >= TRIES => Missing::Fail,
        RemoteErrorKind::RateLimited => Missing::Later(pause),
        RemoteErrorKind::Rejected | RemoteErrorKind::NotFound
            if position.cursor.is_some() && trouble.times == 0 =>
        {
            Missing::FromTheStart
        }
        RemoteErrorKind::Rejected | RemoteErrorKind::NotFound | RemoteErrorKind::Unauthorized => {
            Missing::Fail
        }
        _ if purpose == Purpose::News || !has_begun => Missing::Fail,
        _ => Missing::Later(pause.min(Duration::from_secs(1 << trouble.times.min(9)))),
    }
}

/// How fast calls are taken in, if there is a limit: so many a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(u32);

impl Pace {
    /// So many a minute; none is no limit.
    pub fn per_minute(count: Option<u32>) -> Option<Self> {
        count.filter(|count| *count > 0).map(Self)
    }

    /// How long so many take.
    pub fn time_for(self, count: usize) -> Duration {
        Duration::from_mins(1).saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)) / self.0
    }
}

#[cfg(test)]
mod tests;
