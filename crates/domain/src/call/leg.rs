//! A call leg (Kontur's call item): a conversation, or the attempt at one, between exactly two participants.

use serde::{Deserialize, Serialize};

use super::Fact;
use super::event::{Direction, Party, Reason};
use super::past::PastTimes;
use crate::clock::Timestamp;

/// A leg as known so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leg {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Fact<Party>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<Fact<Party>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rang_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Fact<Option<Reason>>>,
    /// The latest of `leg.held` and `leg.resumed`; true while held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) held: Option<Fact<bool>>,
    /// What the history says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) past: Option<PastTimes>,
}

impl Leg {
    /// Who calls; the client if the provider did not say.
    pub fn from(&self) -> &Party {
        self.from.as_ref().map_or(&Party::Client, |fact| &fact.value)
    }

    /// Who is called; the client if the provider did not say.
    pub fn to(&self) -> &Party {
        self.to.as_ref().map_or(&Party::Client, |fact| &fact.value)
    }

    /// When the leg came up: it rang, else the earliest that is known of it.
    pub fn appeared_at(&self) -> Timestamp {
        let heard = self.rang_at.or(self.first_at);
        heard.or(self.past.as_ref().map(PastTimes::started_at)).unwrap_or_default()
    }

    /// When it was picked up, by anybody or anything.
    pub fn answered_at(&self) -> Option<Timestamp> {
        let heard_end = self.ended.as_ref().map(|fact| fact.at);
        self.past.as_ref().map_or(self.answered_at, |past| past.answered_at(self.answered_at, heard_end))
    }

    /// When an employee began to talk on it. A menu or a queue that picks up is no conversation.
    pub fn conversation_began_at(&self) -> Option<Timestamp> {
        self.answered_at().filter(|_| self.has_employee())
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let heard = self.ended.as_ref().map(|fact| fact.at);
        self.past.as_ref().map_or(heard, |past| past.ended_at(self.answered_at, heard))
    }

    /// Why it ended, if the provider said.
    pub fn end_reason(&self) -> Option<Reason> {
        self.ended.as_ref().and_then(|fact| fact.value)
    }

    /// Whether it is on hold now.
    pub fn is_held(&self) -> bool {
        self.held.as_ref().is_some_and(|fact| fact.value)
    }

    /// When it was last put on hold or taken from it.
    pub fn hold_changed_at(&self) -> Option<Timestamp> {
        self.held.as_ref().map(|fact| fact.at)
    }

    /// Whether one of its sides is an employee.
    pub fn has_employee(&self) -> bool {
        [&self.from, &self.to].into_iter().flatten().any(|fact| matches!(fact.value, Party::User { .. }))
    }

    /// The employee's side: the called one if both are employees.
    pub fn employee(&self) -> Option<&Party> {
        [self.to(), self.from()].into_iter().find(|party| matches!(party, Party::User { .. }))
    }

    /// The direction that its sides imply, if both are known.
    pub fn direction(&self) -> Option<Direction> {
        match (&self.from.as_ref()?.value, &self.to.as_ref()?.value) {
            (Party::Client, Party::User { .. }) => Some(Direction::Inbound),
            (Party::User { .. }, Party::Client) => Some(Direction::Outbound),
            (Party::User { .. }, Party::User { .. }) => Some(Direction::Internal),
            (Party::Client, Party::Client) => None,
        }
    }
}
