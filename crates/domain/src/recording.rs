//! Recordings: how far each is on its way from the telephony to the call in Kontur, and what each fault means.
//!
//! ```text
//! expected ──► available ──► fetched ──► attached
//!    │             └────┬───────┘  ▲        ▲
//!    ▼                  ▼          │        │
//!   none              failed ──────┴────────┘  (sent again by an administrator)
//! ```

pub mod address;
pub mod sniff;

use std::time::Duration;

use url::Url;

use crate::clock::Timestamp;

/// The largest recording that is fetched, in bytes: no more than this is taken by Kontur (contract Kontur §5).
pub const LARGEST: u64 = 100 * 1024 * 1024;

/// So long after its call a recording may still come.
pub const EXPECTED_FOR: Duration = Duration::from_hours(24);

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordingState {
    /// The leg was answered, and the telephony may yet tell of a recording.
    Expected,
    /// The telephony told where it is.
    Available,
    /// It is here.
    Fetched,
    /// Its call has it in Kontur.
    Attached,
    /// The leg was answered, and no recording was told of in time.
    None,
    /// It could not be brought; the fault says why.
    Failed,
}

impl RecordingState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Expected, Self::Available, Self::Fetched, Self::Attached, Self::None, Self::Failed];

    /// The word of API, database and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Available => "available",
            Self::Fetched => "fetched",
            Self::Attached => "attached",
            Self::None => "none",
            Self::Failed => "failed",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Where the recording of an answered leg stands of which the telephony never told, when its call ended then.
    pub fn untold(call_ended_at: Timestamp, now: Timestamp) -> Self {
        if now < call_ended_at.plus(EXPECTED_FOR) { Self::Expected } else { Self::None }
    }

    /// Whether the state may become that one. What is attached stays attached.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Expected | Self::None, Self::Available)
                | (Self::Expected, Self::None)
                | (Self::Available | Self::Failed, Self::Fetched)
                | (Self::Available | Self::Fetched | Self::Failed, Self::Attached)
                | (Self::Available | Self::Fetched, Self::Failed)
        )
    }
}

/// What keeps a recording from being brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The telephony does not have it, nor a fresh URL of it.
    NotThere,
    /// What came is no audio: a page or a message, whatever its header says.
    NotAudio,
    /// It has no bytes.
    Empty,
    /// It is larger than [`LARGEST`].
    TooLarge,
    /// It is where nothing is fetched from: another host, no https, a private address.
    Forbidden,
    /// The telephony refused our credentials.
    Refused,
    /// The network, the telephony or the disk has trouble, or the transfer broke off.
    Trouble,
    /// It was fetched, and the destination did not take it.
    NotTaken,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NotThere,
        Self::NotAudio,
        Self::Empty,
        Self::TooLarge,
        Self::Forbidden,
        Self::Refused,
        Self::Trouble,
        Self::NotTaken,
    ];

    /// The word of API and database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotThere => "not_there",
            Self::NotAudio => "not_audio",
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::Forbidden => "forbidden",
            Self::Refused => "refused",
            Self::Trouble => "trouble",
            Self::NotTaken => "not_taken",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }

    /// Whether no later attempt can fare better: the recording or the configuration would have to be another.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::TooLarge | Self::Forbidden)
    }
}

/// The URL of a recording if anybody may see it: user, password and query often are a credential.
pub fn open_link(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let is_open = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    is_open.then(|| url.into())
}

/// What an attempt found out about a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is here.
    Fetched {
        /// Bytes.
        size: u64,
        /// MIME type.
        content_type: String,
    },
    /// Its call has it in Kontur.
    Attached,
    /// This came between.
    Hindered {
        /// What.
        fault: Fault,
        /// Shown to the administrator.
        reason: String,
    },
}

/// A recording of which the telephony told, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// How far it is.
    pub state: RecordingState,
    /// Why it failed; of one that has not, what went wrong last.
    pub fault: Option<Fault>,
    /// The fault in words.
    pub reason: Option<String>,
    /// Bytes: as the telephony said until it is fetched.
    pub size: Option<u64>,
    /// MIME type, likewise.
    pub content_type: Option<String>,
}

impl Tracked {
    /// One that the telephony has just told of.
    pub const fn available(size: Option<u64>, content_type: Option<String>) -> Self {
        Self { state: RecordingState::Available, fault: None, reason: None, size, content_type }
    }

    /// Takes in what an attempt found out. A hindrance changes no state: whether it was the end is known by who gives
    /// up. News of what is attached already are old.
    pub fn learn(&mut self, news: &News) {
        if self.state == RecordingState::Attached {
            return;
        }
        match news {
            News::Fetched { size, content_type } => {
                self.enter(RecordingState::Fetched);
                (self.size, self.content_type) = (Some(*size), Some(content_type.clone()));
            }
            News::Attached => self.enter(RecordingState::Attached),
            News::Hindered { fault, reason } => {
                (self.fault, self.reason) = (Some(*fault), Some(reason.clone()));
            }
        }
    }

    /// Nobody goes on trying. Without a fault of its own, the destination did not take it.
    pub fn give_up(&mut self, fault: Option<Fault>, reason: &str) {
        if self.state.may_become(RecordingState::Failed) {
            self.state = RecordingState::Failed;
            (self.fault, self.reason) = (Some(fault.unwrap_or(Fault::NotTaken)), Some(reason.to_owned()));
        }
    }

    fn enter(&mut self, state: RecordingState) {
        if self.state.may_become(state) {
            (self.state, self.fault, self.reason) = (state, None, None);
        }
    }
}

#[cfg(test)]
mod tests;
