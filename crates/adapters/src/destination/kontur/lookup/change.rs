//! One change of the feed, as far as it is about a call. Pure.

use domain::id::{CommunicationId, ExternalId};
use domain::port::crm::CommunicationChange;
use serde_json::Value;

use crate::destination::kontur::wire::FeedItem;

/// What a change says of a communication; none if it is about something else.
pub(in crate::destination::kontur) fn read(item: &FeedItem) -> Option<CommunicationChange> {
    let change = item.change_data.as_ref()?;
    let is_deleted = change.kind == "delete";
    let shown = if is_deleted && change.new.is_null() { &change.old } else { &change.new };
    let communication = communication(shown, &item.entity_ids)?;
    let call = shown["externalId"].as_str().map(own_part);
    if is_deleted {
        return Some(CommunicationChange { communication, call, is_registered: false, is_deleted });
    }
    // Only register-call gives a communication its items.
    let is_registered = has_items(&change.new);
    Some(CommunicationChange { communication, call, is_registered, is_deleted })
}

fn has_items(new: &Value) -> bool {
    new["data"]["call"]["items"].as_array().is_some_and(|items| !items.is_empty())
}

/// A change may show only what changed, and then name what it is about beside it.
fn communication(shown: &Value, entity_ids: &Value) -> Option<CommunicationId> {
    let id = shown["id"].as_str().or(entity_ids["communicationId"].as_str())?;
    Some(CommunicationId::new(id))
}

/// Kontur prefixes ids with the integration's name: `Megafon/333`. Names have no slash.
fn own_part(external_id: &str) -> ExternalId {
    ExternalId::new(external_id.split_once('/').map_or(external_id, |(_, own)| own))
}
