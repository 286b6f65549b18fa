//! A call: the whole conversation as it is known so far, made of call legs.
//!
//! What is known is kept so that it does not matter in which order, how often or whether at all its events came:
//! every fact remembers the time of the event that brought it, and the earliest wins. Calls are stored after each
//! event: their JSON is short on purpose.

mod ended;
pub mod event;
mod fold;
pub mod healing;
pub mod leg;
pub mod past;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::id::{CommunicationId, ExternalId, LegId, Workspace};
use crate::phone::Phone;
use event::{Direction, Party, Reason, Recording};
use leg::Leg;
use past::Past;

/// A fact. Between two, the earlier wins; of the same time, the smaller. As JSON it is a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact<T> {
    /// The fact.
    pub value: T,
    /// When it became so, by the provider's clock.
    pub at: Timestamp,
}

impl<T: Serialize> Serialize for Fact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.value, self.at).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <(T, Timestamp)>::deserialize(deserializer).map(|(value, at)| Self { value, at })
    }
}

/// A call as known so far. `Default` is a call of which nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// Inbound, outbound or internal, as the provider said.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Fact<Direction>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_phone: Option<Fact<Phone>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vats_phone: Option<Fact<Phone>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Fact<CommunicationId>>,
    /// The earliest `call.started`.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    /// The earliest event of any kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<Fact<Option<Reason>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Fact<Option<Reason>>>,
    /// The latest time at which the telephony said that the call goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    went_on_at: Option<Timestamp>,
    /// What the history says of it, of which the last reading counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    past: Option<Past>,
    /// It was taken to be over. A real end is believed all the same, whenever it comes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    inferred_over: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    legs: BTreeMap<LegId, Leg>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    recordings: BTreeMap<LegId, Fact<Recording>>,
}

/// How a call ended for the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallResult {
    /// An employee and the other side talked.
    Answered,
    /// A client called and no employee answered.
    Missed,
    /// A call to a client or a colleague that did not come through.
    Failed,
}

impl CallResult {
    /// The word of configuration, API and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::Failed => "failed",
        }
    }
}

impl Call {
    /// The direction: as the provider said, else as the legs show, else inbound.
    pub fn direction(&self) -> Direction {
        let said = self.direction.as_ref().map(|fact| fact.value);
        said.or_else(|| self.legs.values().find_map(Leg::direction)).unwrap_or(Direction::Inbound)
    }

    /// The client's number; of an internal call the extension rung last, as there is no client.
    pub fn client_phone(&self) -> Phone {
        let said = self.client_phone.as_ref().map(|fact| fact.value.clone());
        said.or_else(|| self.called_colleague()).unwrap_or_else(Phone::anonymous)
    }

    /// The company's outer number, if it is known.
    pub fn vats_phone(&self) -> Option<&Phone> {
        self.vats_phone.as_ref().map(|fact| &fact.value)
    }

    /// The communication of Kontur's CALL that this call was started by.
    pub fn request(&self) -> Option<&CommunicationId> {
        self.request.as_ref().map(|fact| &fact.value)
    }

    /// When the call began: `call.started`, else as the history says, else the earliest event known.
    pub fn began_at(&self) -> Timestamp {
        self.started_at.or(self.past.as_ref().map(Past::started_at)).or(self.first_at).unwrap_or_default()
    }

    /// Whether a call that Kontur asked for could not be placed: reported by call-failed, never registered, even if the
    /// provider, or its history, says that it is finished as well.
    pub fn could_not_be_placed(&self) -> bool {
        let failed = self.failed.is_some() || self.past.as_ref().is_some_and(Past::failed);
        failed && self.request.is_some() && !self.was_answered()
    }

    /// Whether an employee talked with the other side.
    pub fn was_answered(&self) -> bool {
        self.legs.values().any(|leg| leg.conversation_began_at().is_some())
    }

    /// When the first conversation began.
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.legs.values().filter_map(Leg::conversation_began_at).min()
    }

    /// How the call ended.
    pub fn result(&self) -> CallResult {
        match self.direction() {
            _ if self.was_answered() => CallResult::Answered,
            Direction::Inbound => CallResult::Missed,
            Direction::Outbound | Direction::Internal => CallResult::Failed,
        }
    }

    /// Why the call ended without a conversation, if the provider said: of the call, else of the leg ended last.
    pub fn reason(&self) -> Option<Reason> {
        let of_call = self.failed.as_ref().or(self.finished.as_ref()).and_then(|fact| fact.value);
        let last_ended =
            || self.legs.values().filter(|leg| leg.end_reason().is_some()).max_by_key(|leg| leg.ended_at());
        of_call.or_else(|| last_ended().and_then(Leg::end_reason))
    }

    /// The legs by id.
    pub fn legs(&self) -> &BTreeMap<LegId, Leg> {
        &self.legs
    }

    /// The recording of each leg that has one.
    pub fn recordings(&self) -> impl Iterator<Item = (&LegId, &Recording)> {
        self.recordings.iter().map(|(leg, fact)| (leg, &fact.value))
    }

    /// The recording of `leg`.
    pub fn recording(&self, leg: &LegId) -> Option<&Recording> {
        self.recordings.get(leg).map(|fact| &fact.value)
    }

    /// The leg of the employee who was rung last.
    pub fn rung_last(&self) -> Option<(&LegId, &Leg)> {
        let rung = self.legs.iter().filter(|(_, leg)| leg.has_employee());
        rung.max_by(|(a_id, a), (b_id, b)| (a.appeared_at(), a_id).cmp(&(b.appeared_at(), b_id)))
    }

    fn called_colleague(&self) -> Option<Phone> {
        let (_, leg) = (self.direction() == Direction::Internal).then(|| self.rung_last())??;
        match leg.to() {
            Party::User { extension } => Some(Phone::extension(extension)),
            Party::Client => None,
        }
    }
}

/// A short name of a call for people and for looking a comment up: eight characters that follow from the call's
/// identity alone, so that they are the same after a restart and on every replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallReference(String);

impl CallReference {
    /// The reference of a provider's call in a workspace.
    pub fn of(workspace: &Workspace, call: &ExternalId) -> Self {
        /// Crockford's base 32: no letter that looks like a digit.
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let digest = Sha256::digest(format!("{workspace}\n{call}").as_bytes());
        let bits = digest[..5].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letters = (0..8).rev().map(|place| char::from(LETTERS[(bits >> (5 * place) & 31) as usize]));
        Self(letters.collect())
    }

    /// The eight characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
