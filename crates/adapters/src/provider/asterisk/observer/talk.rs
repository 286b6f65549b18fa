//! Who talks with whom: bridges, the pairs of Asterisk's own that join them, and calls that become one.

use std::collections::HashSet;

use domain::call::event::{CallEvent, Party};
use domain::clock::Timestamp;

use super::Observer;
use crate::provider::asterisk::ami::message::Message;
use crate::provider::asterisk::observer::call::OpenLeg;
use crate::provider::asterisk::rules::Side;

impl Observer {
    pub(super) fn enter(&mut self, message: &Message, at: Timestamp) -> Vec<CallEvent> {
        let (Some(bridge), Some(id)) = (message.get("BridgeUniqueid"), message.get("Uniqueid")) else {
            return Vec::new();
        };
        // Whoever takes another's place: both are named, and never talked with each other.
        if let Some(replaced) = message.get("SwapUniqueid").and_then(|id| self.channels.get_mut(id)) {
            replaced.bridge = None;
        }
        self.joins(id, bridge, at)
    }

    /// A channel is in a bridge.
    pub(super) fn joins(&mut self, id: &str, bridge: &str, at: Timestamp) -> Vec<CallEvent> {
        let Some(channel) = self.channels.get_mut(id) else { return Vec::new() };
        channel.bridge = Some(bridge.to_owned());
        self.talk(bridge, at)
    }

    pub(super) fn leave(&mut self, message: &Message) -> Vec<CallEvent> {
        if let Some(channel) = message.get("Uniqueid").and_then(|id| self.channels.get_mut(id))
            && channel.bridge.as_deref() == message.get("BridgeUniqueid")
        {
            channel.bridge = None;
        }
        Vec::new()
    }

    pub(super) fn hold(&mut self, message: &Message, is_held: bool, at: Timestamp) -> Vec<CallEvent> {
        let Some(id) = message.get("Uniqueid") else { return Vec::new() };
        let Some(call) = self.call_of(id) else { return Vec::new() };
        let talks = |leg: &OpenLeg| leg.is_at(id) && leg.answered_at.is_some();
        let leg = call.legs.iter().position(talks);
        leg.map(|leg| call.hold(leg, at, is_held)).into_iter().collect()
    }

    /// Whoever can hear each other through `bridge` talks.
    fn talk(&mut self, bridge: &str, at: Timestamp) -> Vec<CallEvent> {
        let together = self.together(bridge);
        if together.len() < 2 {
            return Vec::new();
        }
        let homes = together
            .iter()
            .filter_map(|id| self.channels.get(id))
            .map(|channel| self.home(&channel.linkedid));
        let mut events = self.merge(homes.collect::<HashSet<_>>(), at);
        let Some(home) =
            together.first().and_then(|id| self.channels.get(id)).map(|first| self.home(&first.linkedid))
        else {
            return events;
        };
        let newcomers = self.newcomers(&together, &home);
        let Some(call) = self.calls.get_mut(&home) else { return events };
        let is_here = |id: &String| together.contains(id);
        for leg in 0..call.legs.len() {
            let known = &call.legs[leg];
            let is_open = known.answered_at.is_none() && known.ended_at.is_none();
            if is_open && is_here(&known.ends.0) && is_here(&known.ends.1) {
                events.push(call.answer(leg, at));
            }
        }
        for (other, employee) in newcomers {
            let talks =
                |leg: &OpenLeg| leg.is_at(&employee.0) && is_here(&leg.ends.0) && is_here(&leg.ends.1);
            if call.legs.iter().any(talks) || call.legs.iter().any(|leg| leg.has_id(&employee.1)) {
                continue;
            }
            events.extend(call.start());
            events.push(call.ring(&employee.1, (&other.0, other.1), (&employee.0, employee.2), at));
            events.push(call.answer(call.legs.len() - 1, at));
        }
        events
    }

    /// Employees in a conversation, each with whom they talk: the client if there is one, else the colleague who was there
    /// first. Who was dialled into it has a leg already; who picked it up, or had it handed over, gets one.
    fn newcomers(&self, together: &[String], home: &str) -> Vec<(Other, Employee)> {
        let of = |id: &String| {
            self.channels.get(id).and_then(|channel| match &channel.side {
                Side::Party(party) => Some((id.clone(), channel.name.clone(), party.clone(), channel.order)),
                _ => None,
            })
        };
        let parties: Vec<_> = together.iter().filter_map(of).collect();
        let client = parties.iter().find(|(_, _, party, _)| *party == Party::Client);
        let mut found = Vec::new();
        for (id, name, party, _) in parties.iter().filter(|(_, _, party, _)| *party != Party::Client) {
            let colleague =
                || parties.iter().filter(|(other, ..)| other != id).min_by_key(|(.., order)| *order);
            let Some((other, _, who, order)) = client.or_else(colleague) else { continue };
            let comes_later =
                client.is_some() || self.channels.get(id).is_some_and(|channel| channel.order > *order);
            if comes_later && self.calls.contains_key(home) {
                found.push(((other.clone(), who.clone()), (id.clone(), name.clone(), party.clone())));
            }
        }
        found
    }

    /// The people who can hear each other through `bridge`, and through the pairs that join it with others.
    fn together(&self, bridge: &str) -> Vec<String> {
        let (mut reached, mut next) = (HashSet::from([bridge.to_owned()]), vec![bridge.to_owned()]);
        let mut people = Vec::new();
        while let Some(bridge) = next.pop() {
            for (id, channel) in
                self.channels.iter().filter(|(_, channel)| channel.bridge.as_ref() == Some(&bridge))
            {
                if channel.is_party() {
                    people.push(id.clone());
                }
                let beyond = channel
                    .other_half()
                    .and_then(|name| self.by_name(&name))
                    .and_then(|(_, half)| half.bridge.clone());
                next.extend(beyond.filter(|beyond| reached.insert(beyond.clone())));
            }
        }
        people.sort_by_key(|id| self.channels.get(id).map(|channel| channel.order));
        people
    }

    /// Calls whose people met become one: the oldest. What was told of the others ends.
    pub(super) fn merge(&mut self, homes: impl IntoIterator<Item = String>, at: Timestamp) -> Vec<CallEvent> {
        let mut homes: Vec<String> = homes.into_iter().filter(|home| self.calls.contains_key(home)).collect();
        homes.sort_by_key(|home| self.calls.get(home).map(|call| call.order));
        let Some((oldest, newer)) = homes.split_first() else { return Vec::new() };
        let mut events = Vec::new();
        for home in newer {
            if let Some(mut call) = self.calls.remove(home) {
                events.extend(call.finish(at));
            }
            self.merged
                .values_mut()
                .filter(|older| *older == home)
                .for_each(|older| older.clone_from(oldest));
            self.merged.insert(home.clone(), oldest.clone());
        }
        events
    }
}

/// Whom an employee talks with: the channel's id, and who it is.
type Other = (String, Party);

/// An employee in a conversation: the channel's id and name, and who it is.
type Employee = (String, String, Party);
