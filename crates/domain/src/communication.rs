//! A finished call as Kontur registers it (contract Kontur §4, register-call; design, From events to Kontur).

use crate::call::Call;
use crate::call::event::{Direction, Party};
use crate::clock::Timestamp;
use crate::id::{ExternalId, LegId};
use crate::phone::Phone;

/// What register-call says. Users are still extensions here; the directory is applied when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Kontur's `externalId`.
    pub external_id: ExternalId,
    /// Inbound, outbound or internal.
    pub direction: Direction,
    /// The client's number.
    pub client_phone: Phone,
    /// The company's number; withheld if it never became known.
    pub vats_phone: Phone,
    /// When the call began.
    pub began_at: Timestamp,
    /// The conversations; if there was none, the one attempt that counts.
    pub items: Vec<Item>,
}

/// One conversation, or the attempt at one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Kontur's `externalCallItemId`.
    pub leg: LegId,
    /// Who called.
    pub from: Party,
    /// Who was called.
    pub to: Party,
    /// When the conversation began; none if it never did.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Timestamp,
}

impl Registration {
    /// The registration of a call that is over.
    pub fn of(external_id: &ExternalId, call: &Call) -> Self {
        Self {
            external_id: external_id.clone(),
            direction: call.direction(),
            client_phone: call.client_phone(),
            vats_phone: call.vats_phone().cloned().unwrap_or_else(Phone::anonymous),
            began_at: call.began_at(),
            items: items(external_id, call),
        }
    }
}

fn items(external_id: &ExternalId, call: &Call) -> Vec<Item> {
    let talked = call.legs().iter().filter(|(_, leg)| leg.conversation_began_at().is_some());
    let mut items: Vec<Item> = talked.map(|(id, leg)| item(call, id, leg.from(), leg.to())).collect();
    items.sort_by(|a, b| (a.started_at, &a.leg).cmp(&(b.started_at, &b.leg)));
    if items.is_empty() {
        items.push(attempt(external_id, call));
    }
    items
}

/// Nobody talked: the employee rung last stands for all. Where no employee was rung (the client gave up in a menu)
/// the call itself stands, so that it is seen as missed.
fn attempt(external_id: &ExternalId, call: &Call) -> Item {
    if let Some((id, leg)) = call.rung_last() {
        return item(call, id, leg.from(), leg.to());
    }
    let last = call.legs().iter().max_by_key(|(_, leg)| leg.appeared_at());
    let id = last.map_or_else(|| LegId::new(external_id.as_str()), |(id, _)| id.clone());
    item(call, &id, &Party::Client, &Party::Client)
}

fn item(call: &Call, id: &LegId, from: &Party, to: &Party) -> Item {
    let leg = call.legs().get(id);
    let started_at = leg.and_then(crate::call::leg::Leg::conversation_began_at);
    let ended_at = leg.map_or_else(|| call.ended_at(), |leg| call.leg_ended_at(leg));
    let earliest_end = started_at.unwrap_or_else(|| call.began_at());
    let finished_at = ended_at.unwrap_or(earliest_end).max(earliest_end);
    Item { leg: id.clone(), from: from.clone(), to: to.clone(), started_at, finished_at }
}
