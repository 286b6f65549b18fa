//! What is there when somebody begins to listen: channels whose past is not known. Their calls, and who dialled whom, are
//! worked out from what a listing tells; what ended meanwhile is noted.

use std::collections::HashSet;

use domain::call::event::CallEvent;
use domain::clock::Timestamp;

use super::channel::{Fields, duration};
use super::{MOST_LOST, Observer};
use crate::provider::asterisk::ami::message::Message;

impl Observer {
    /// The listing is complete: what it does not name is over.
    pub(super) fn all_listed(&mut self, at: Timestamp) -> Vec<CallEvent> {
        let Some(mut listed) = self.listed.take() else { return Vec::new() };
        // Whoever came first dialled the others.
        listed.sort_by_key(|(message, heard_at)| {
            (began(message, *heard_at), message.get("Uniqueid").map(sequence))
        });
        let mut events = self.lose(&listed, at);
        for (message, heard_at) in &listed {
            let fields = Fields::first(message);
            if fields.uniqueid().is_some_and(|id| !self.channels.contains_key(id)) {
                events.extend(self.appear(fields, !was_dialled(message), began(message, *heard_at)));
            }
        }
        for (message, heard_at) in &listed {
            events.extend(self.found_dialled(message, began(message, *heard_at)));
        }
        for (message, _) in &listed {
            let id = message.get("Uniqueid");
            if let Some(channel) = id.and_then(|id| self.channels.get_mut(id)) {
                channel.bridge = message.get("BridgeId").map(str::to_owned);
            }
        }
        for (message, _) in &listed {
            if let (Some(id), Some(bridge)) = (message.get("Uniqueid"), message.get("BridgeId")) {
                events.extend(self.joins(id, bridge, at));
            }
        }
        events
    }

    /// A channel that Asterisk says it called with was dialled by the channel that its call began with.
    fn found_dialled(&mut self, message: &Message, at: Timestamp) -> Vec<CallEvent> {
        let Some((id, _, linkedid)) = Fields::first(message).identity() else { return Vec::new() };
        let is_known = self.channels.get(id).is_some_and(|channel| channel.dialler.is_some());
        if !was_dialled(message) || is_known || id == linkedid {
            return Vec::new();
        }
        self.dials(linkedid, id, None, at)
    }

    /// Forgets channels that are gone. How their calls ended is for the history to say, and if there is none, what is
    /// noted here.
    fn lose(&mut self, listed: &[(Message, Timestamp)], at: Timestamp) -> Vec<CallEvent> {
        let there: HashSet<&str> = listed.iter().filter_map(|(message, _)| message.get("Uniqueid")).collect();
        let gone: Vec<String> =
            self.channels.keys().filter(|id| !there.contains(id.as_str())).cloned().collect();
        let mut events = Vec::new();
        for id in &gone {
            if let Some(call) = self.call_of(id) {
                events.extend(call.end_at(id, at, None));
            }
            self.channels.remove(id);
            self.requested.remove(id);
        }
        let open: HashSet<String> =
            self.channels.values().map(|channel| self.home(&channel.linkedid)).collect();
        let over: Vec<String> = self.calls.keys().filter(|home| !open.contains(*home)).cloned().collect();
        for home in over {
            let Some(call) = self.close(&home).filter(|call| call.is_told) else { continue };
            // Its legs are not told to have ended now: when they did, the history knows.
            events.retain(|event| event.call.as_str() != home);
            if self.lost.len() >= MOST_LOST {
                self.lost.clear();
            }
            self.lost.insert(home, call.so_far(Some(at)));
        }
        events
    }
}

/// Whether Asterisk called with that channel, and nobody on it: applications that stand for that are called so.
fn was_dialled(message: &Message) -> bool {
    message.get("Application").is_some_and(|application| application.starts_with("App"))
}

/// When a listed channel began, to the second.
fn began(message: &Message, heard_at: Timestamp) -> Timestamp {
    heard_at.minus(message.get("Duration").and_then(duration).unwrap_or_default())
}

/// The running number in a channel's id.
fn sequence(id: &str) -> u64 {
    id.rsplit_once('.').and_then(|(_, number)| number.parse().ok()).unwrap_or_default()
}
