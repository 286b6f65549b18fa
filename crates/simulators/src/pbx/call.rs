//! Calls and legs as the phone system keeps them; also what its history shows.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sound::Sound;

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Inbound,
    Outbound,
    Internal,
}

/// One end of a leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Party {
    Client,
    User { extension: String },
}

impl Party {
    /// An employee.
    pub fn user(extension: &str) -> Self {
        Self::User { extension: extension.to_owned() }
    }

    fn has_extension(&self, wanted: &str) -> bool {
        matches!(self, Self::User { extension } if extension == wanted)
    }
}

/// A recorded conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    pub content_type: String,
    pub sound: Sound,
}

impl Recording {
    /// Of the media type `audio/mpeg`.
    pub fn mp3(sound: impl Into<Sound>) -> Self {
        Self { content_type: "audio/mpeg".to_owned(), sound: sound.into() }
    }
}

/// What a leg is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LegState {
    Ringing,
    Talking,
    Held,
    Ended,
}

/// A connection between exactly two participants, or the attempt of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    pub id: String,
    pub from: Party,
    pub to: Party,
    pub started_at: DateTime<FixedOffset>,
    pub answered_at: Option<DateTime<FixedOffset>>,
    pub finished_at: Option<DateTime<FixedOffset>>,
    pub state: LegState,
    pub recording: Option<Recording>,
}

/// A call with all its legs.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub call_id: String,
    pub direction: Direction,
    pub client_phone: String,
    pub vats_phone: String,
    /// The communicationId of a call that was asked for through the control API.
    pub request_id: Option<String>,
    pub started_at: DateTime<FixedOffset>,
    pub finished_at: Option<DateTime<FixedOffset>>,
    pub legs: Vec<Leg>,
}

impl Leg {
    /// A leg that begins to ring now.
    pub fn ringing(id: String, from: Party, to: Party, now: DateTime<FixedOffset>) -> Self {
        let (answered_at, finished_at) = (None, None);
        Self {
            id,
            from,
            to,
            started_at: now,
            answered_at,
            finished_at,
            state: LegState::Ringing,
            recording: None,
        }
    }

    /// Whether it still rings or talks.
    pub fn is_open(&self) -> bool {
        self.state != LegState::Ended
    }

    /// `{id, from, to}` as in webhooks.
    pub(super) fn reference(&self) -> Value {
        json!({"id": self.id, "from": self.from, "to": self.to})
    }
}

impl Call {
    /// The leg by its id, or by the extension that takes part in it (the latest such leg).
    pub fn leg(&self, name: &str) -> Option<&Leg> {
        let position = self.position_of(name)?;
        self.legs.get(position)
    }

    pub(super) fn position_of(&self, name: &str) -> Option<usize> {
        let by_id = self.legs.iter().position(|leg| leg.id == name);
        by_id.or_else(|| {
            self.legs.iter().rposition(|leg| leg.from.has_extension(name) || leg.to.has_extension(name))
        })
    }

    /// The shape of `GET calls`; `url_of` gives the present url of a leg's recording.
    pub(super) fn to_history(&self, url_of: impl Fn(&Leg) -> String) -> CallShown<'_> {
        CallShown {
            call_id: &self.call_id,
            direction: self.direction,
            client_phone: &self.client_phone,
            vats_phone: &self.vats_phone,
            request_id: self.request_id.as_deref(),
            started_at: text(self.started_at),
            finished_at: self.finished_at.map(text),
            legs: self.legs.iter().map(|leg| LegShown::new(leg, &url_of)).collect(),
        }
    }
}

/// A call in the history.
#[derive(Debug, Serialize)]
pub(super) struct CallShown<'a> {
    call_id: &'a str,
    direction: Direction,
    client_phone: &'a str,
    vats_phone: &'a str,
    request_id: Option<&'a str>,
    started_at: String,
    finished_at: Option<String>,
    legs: Vec<LegShown<'a>>,
}

/// A leg in the history.
#[derive(Debug, Serialize)]
struct LegShown<'a> {
    id: &'a str,
    from: &'a Party,
    to: &'a Party,
    started_at: String,
    answered_at: Option<String>,
    finished_at: Option<String>,
    recording: Option<RecordingShown<'a>>,
}

/// Where a recording is read, and what it is.
#[derive(Debug, Serialize)]
pub(super) struct RecordingShown<'a> {
    leg_id: &'a str,
    url: String,
    content_type: &'a str,
    size: u64,
}

impl<'a> LegShown<'a> {
    fn new(leg: &'a Leg, url_of: &impl Fn(&Leg) -> String) -> Self {
        Self {
            id: &leg.id,
            from: &leg.from,
            to: &leg.to,
            started_at: text(leg.started_at),
            answered_at: leg.answered_at.map(text),
            finished_at: leg.finished_at.map(text),
            recording: RecordingShown::of(leg, url_of),
        }
    }
}

impl<'a> RecordingShown<'a> {
    /// The recording of a leg, if it has one.
    pub(super) fn of(leg: &'a Leg, url_of: impl Fn(&Leg) -> String) -> Option<Self> {
        let recording = leg.recording.as_ref()?;
        let (content_type, size) = (recording.content_type.as_str(), recording.sound.size());
        Some(Self { leg_id: &leg.id, url: url_of(leg), content_type, size })
    }
}

/// RFC 3339 with milliseconds and offset.
pub(crate) fn text(moment: DateTime<FixedOffset>) -> String {
    moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}
