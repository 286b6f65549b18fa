//! What happens on an Asterisk, message by message → what happened in calls. Pure: it knows what it was told, and no time
//! of its own.
//!
//! A call is what has one `Linkedid`; of two that meet in a conversation the newer becomes part of the older. A leg is
//! somebody dialling somebody, named after the channel that was dialled, as call detail records name it too. Who answered
//! is who talks: a queue or a menu that picks up is nobody.

mod call;
mod channel;
mod dialling;
mod present;
mod talk;

use std::collections::{HashMap, HashSet};

use domain::call::event::{CallEvent, Direction, Reason};
use domain::call::past::PastCall;
use domain::clock::Timestamp;
use domain::phone::Phone;

use super::ami::message::Message;
use super::rules::{Rules, Side};
use call::OpenCall;
use channel::{Channel, Fields, happened_at};

/// How the ids of channels begin that ring employees for Kontur: the communication follows.
pub(super) const REQUESTED: &str = "kontur-";

/// Calls remembered that ended while nobody listened.
const MOST_LOST: usize = 4_096;

/// The state of an Asterisk as its manager interface tells it.
#[derive(Debug)]
pub struct Observer {
    rules: Rules,
    channels: HashMap<String, Channel>,
    calls: HashMap<String, OpenCall>,
    /// Calls that became part of an older one.
    merged: HashMap<String, String>,
    /// Channels that a listing named, while it is under way.
    listed: Option<Vec<(Message, Timestamp)>>,
    /// Calls that were over when somebody listened again, with when that was found out.
    lost: HashMap<String, PastCall>,
    /// Whom Kontur asked to be called, by the channel that rings the employee.
    requested: HashMap<String, Phone>,
    /// Counts channels and calls.
    order: u64,
}

impl Observer {
    /// Nothing is known yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            channels: HashMap::new(),
            calls: HashMap::new(),
            merged: HashMap::new(),
            listed: None,
            lost: HashMap::new(),
            requested: HashMap::new(),
            order: 0,
        }
    }

    /// Takes a message in that was heard at `heard_at`; gives what happened by it.
    pub fn take(&mut self, message: &Message, heard_at: Timestamp) -> Vec<CallEvent> {
        let at = happened_at(message, heard_at);
        let Some(event) = message.event() else { return Vec::new() };
        if event == "CoreShowChannel" {
            if let Some(listed) = &mut self.listed {
                listed.push((message.clone(), heard_at));
            }
            return Vec::new();
        }
        let mut events = Vec::new();
        for fields in [Fields::first(message), Fields::second(message)] {
            events.extend(self.refresh(fields, at));
        }
        events.extend(match event {
            "Newchannel" => {
                let fields = Fields::first(message);
                self.appear(fields, fields.calls_in(), at)
            }
            "Rename" => self.rename(message),
            "DialBegin" => self.dial(message, at),
            "DialEnd" => self.dialled(message),
            "BridgeEnter" => self.enter(message, at),
            "BridgeLeave" => self.leave(message),
            "Hold" | "Unhold" => self.hold(message, event == "Hold", at),
            "Hangup" => self.hang_up(message, at),
            "OriginateResponse" => self.originated(message, at),
            "CoreShowChannelsComplete" => self.all_listed(at),
            _ => Vec::new(),
        });
        events
    }

    /// A listing of channels was asked for.
    pub fn begin_listing(&mut self) {
        // What became of other requests was told to nobody.
        self.requested.retain(|id, _| self.channels.contains_key(id));
        self.listed = Some(Vec::new());
    }

    /// Kontur asked for a call, which the channel of that id is going to begin.
    pub fn expect(&mut self, channel: &str, client: Phone) {
        self.requested.insert(channel.to_owned(), client);
    }

    /// What is said on a channel is recorded, at that URL.
    pub fn recorded(&mut self, channel: &str, url: String) {
        let Some(linkedid) = self.channels.get(channel).map(|channel| self.home(&channel.linkedid)) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&linkedid) {
            call.recorded(channel, url);
        }
    }

    /// A call that goes on, or that was over when somebody listened again.
    pub fn call(&self, id: &str) -> Option<PastCall> {
        let open = self.calls.get(&self.home(id)).filter(|call| call.is_told);
        open.map(|call| call.so_far(None)).or_else(|| self.lost.get(id).cloned())
    }

    /// Whether a call goes on.
    pub fn goes_on(&self, id: &str) -> bool {
        self.calls.contains_key(&self.home(id))
    }

    /// The name of the channel that a leg of a call is; none if it has ended.
    pub fn channel_of(&self, call: &str, leg: &str) -> Option<&str> {
        let call = self.calls.get(&self.home(call))?;
        let leg = call.legs.iter().find(|known| known.has_id(leg) && known.ended_at.is_none())?;
        self.channels.get(&leg.ends.1).map(|channel| channel.name.as_str())
    }

    /// The call that a `Linkedid` belongs to by now.
    fn home(&self, linkedid: &str) -> String {
        let mut home = linkedid;
        let mut seen = HashSet::new();
        while let Some(older) = self.merged.get(home).filter(|_| seen.insert(home)) {
            home = older;
        }
        home.to_owned()
    }

    fn call_of(&mut self, channel: &str) -> Option<&mut OpenCall> {
        let home = self.home(&self.channels.get(channel)?.linkedid);
        self.calls.get_mut(&home)
    }

    fn next(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    /// Channels change their call when it meets another one.
    fn refresh(&mut self, fields: Fields<'_>, at: Timestamp) -> Vec<CallEvent> {
        let Some((id, _, linkedid)) = fields.identity() else { return Vec::new() };
        let Some(known) = self.channels.get(id) else { return Vec::new() };
        let (before, now) = (self.home(&known.linkedid), self.home(linkedid));
        if before == now { Vec::new() } else { self.merge([before, now], at) }
    }

    fn appear(&mut self, fields: Fields<'_>, calls_in: bool, at: Timestamp) -> Vec<CallEvent> {
        let Some((id, name, linkedid)) = fields.identity() else { return Vec::new() };
        let order = self.next();
        self.channels.insert(id.to_owned(), Channel::new(name, linkedid, &self.rules, order));
        if id != linkedid || self.calls.contains_key(linkedid) {
            return Vec::new();
        }
        let mut call = OpenCall::new(id, at, order);
        call.exten = fields.get("Exten").map(str::to_owned);
        let mut events = Vec::new();
        if let Some(communication) = id.strip_prefix(REQUESTED) {
            call.request = Some(communication.into());
            call.client_phone = self.requested.get(id).cloned();
            let colleague = call.client_phone.as_ref().and_then(|phone| self.rules.extension(phone.as_str()));
            call.direction =
                Some(if colleague.is_some() { Direction::Internal } else { Direction::Outbound });
            events.extend(call.start());
        } else if calls_in && self.rules.side(name) == Side::Party(domain::call::event::Party::Client) {
            call.direction = Some(Direction::Inbound);
            call.client_phone = Some(self.rules.phone(fields.get("CallerIDNum").unwrap_or_default()));
            call.vats_phone = call.exten.as_deref().and_then(|exten| self.rules.own_number(exten));
            events.extend(call.start());
        }
        self.calls.insert(linkedid.to_owned(), call);
        events
    }

    fn rename(&mut self, message: &Message) -> Vec<CallEvent> {
        let new = message.get("Uniqueid").zip(message.get("Newname"));
        if let Some((id, name)) = new
            && let Some(channel) = self.channels.get_mut(id)
        {
            channel.side = self.rules.side(name);
            name.clone_into(&mut channel.name);
        }
        Vec::new()
    }

    fn hang_up(&mut self, message: &Message, at: Timestamp) -> Vec<CallEvent> {
        let Some(id) = message.get("Uniqueid") else { return Vec::new() };
        let reason = message.get("Cause").and_then(reason_of_cause);
        let Some(channel) = self.channels.get(id) else { return Vec::new() };
        let home = self.home(&channel.linkedid);
        self.channels.remove(id);
        self.requested.remove(id);
        let mut events = Vec::new();
        if let Some(call) = self.calls.get_mut(&home) {
            events.extend(call.end_at(id, at, reason));
        }
        if !self.channels.values().any(|channel| self.home(&channel.linkedid) == home) {
            if let Some(call) = self.calls.get_mut(&home) {
                call.failure = reason.or(call.failure);
            }
            events.extend(self.close(&home).iter_mut().flat_map(|call| call.finish(at)));
        }
        events
    }

    /// Forgets a call that has no channel any more.
    fn close(&mut self, home: &str) -> Option<OpenCall> {
        self.merged.retain(|_, older| older != home);
        self.calls.remove(home)
    }
}

/// Why a leg ended, by Q.850 (contract Providers §i, Results).
fn reason_of_cause(cause: &str) -> Option<Reason> {
    match cause.parse().ok()? {
        17_u32 => Some(Reason::Busy),
        18..=19 => Some(Reason::NoAnswer),
        21 => Some(Reason::Rejected),
        26 => Some(Reason::Cancelled),
        1..=3 | 20 | 22 | 27 | 28 | 31 | 34 | 38 | 41 | 42 | 58 | 88 => Some(Reason::Unreachable),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
