//! Somebody dials somebody: where legs begin, and why those end that come to nothing.

use domain::call::event::{CallEvent, Direction, Party, Reason};
use domain::clock::Timestamp;

use super::{Observer, REQUESTED};
use crate::provider::asterisk::ami::message::Message;
use crate::provider::asterisk::observer::call::OpenCall;
use crate::provider::asterisk::observer::channel::Channel;
use crate::provider::asterisk::rules::Side;

/// How many pairs of Asterisk's own may stand between two people.
const LONGEST_CHAIN: usize = 16;

impl Observer {
    pub(super) fn dial(&mut self, message: &Message, at: Timestamp) -> Vec<CallEvent> {
        let (Some(from), Some(to)) = (message.get("Uniqueid"), message.get("DestUniqueid")) else {
            return Vec::new();
        };
        let number = message.get("DialString").and_then(|text| text.split('@').next());
        let shown = message.get("CallerIDNum").and_then(|shown| self.rules.own_number(shown));
        if let Some(call) = self.call_of(to)
            && call.direction != Some(Direction::Inbound)
            && call.vats_phone.is_none()
        {
            // Dialplans that show the client's own number are told apart from those that show the company's.
            call.vats_phone = shown.filter(|shown| call.client_phone.as_ref() != Some(shown));
        }
        self.dials(from, to, number, at)
    }

    /// `from` dials `to`, both by their ids; `number` is what it dials.
    pub(super) fn dials(
        &mut self,
        from: &str,
        to: &str,
        number: Option<&str>,
        at: Timestamp,
    ) -> Vec<CallEvent> {
        let Some(channel) = self.channels.get_mut(to) else { return Vec::new() };
        channel.dialler = Some(from.to_owned());
        let (name, linkedid) = (channel.name.clone(), channel.linkedid.clone());
        let Side::Party(called) = channel.side.clone() else { return Vec::new() };
        let Some((behind, calls)) = self.party_behind(from) else { return Vec::new() };
        let dialled = self.dialled_number(&linkedid, number);
        let home = self.home(&linkedid);
        let Some(call) = self.calls.get_mut(&home) else { return Vec::new() };
        if call.legs.iter().any(|leg| leg.has_id(&name)) {
            return Vec::new();
        }
        learn_sides(call, &calls, &called, dialled);
        let mut events = Vec::from_iter(call.start());
        events.push(call.ring(&name, (&behind, calls), (to, called), at));
        events
    }

    pub(super) fn dialled(&mut self, message: &Message) -> Vec<CallEvent> {
        let reason = message.get("DialStatus").and_then(reason_of_status);
        if let (Some(called), Some(reason)) = (message.get("DestUniqueid"), reason)
            && let Some(call) = self.call_of(called)
        {
            let open = call.legs.iter_mut().filter(|leg| leg.ends.1 == called && leg.answered_at.is_none());
            open.for_each(|leg| leg.reason = Some(reason));
        }
        Vec::new()
    }

    /// The employee of a call that Kontur asked for was reached, or was not.
    pub(super) fn originated(&mut self, message: &Message, at: Timestamp) -> Vec<CallEvent> {
        let Some(id) = message.get("Uniqueid").filter(|id| id.starts_with(REQUESTED)) else {
            return Vec::new();
        };
        if message.get("Response") != Some("Failure") {
            return Vec::new();
        }
        let failure = message.get("Reason").map(reason_of_originate);
        if let Some(call) = self.calls.get_mut(id) {
            call.failure = failure;
            return Vec::new();
        }
        // Not even a channel could be made; one that is gone again was told to have failed.
        let Some(client) = self.requested.remove(id) else { return Vec::new() };
        let mut call = OpenCall::new(id, at, 0);
        call.request = id.strip_prefix(REQUESTED).map(Into::into);
        call.client_phone = Some(client);
        call.direction = Some(Direction::Outbound);
        call.failure = failure;
        Vec::from_iter(call.start()).into_iter().chain(call.finish(at)).collect()
    }

    /// Who is at the end of the chain of pairs that begins with a channel: its id, and who that is.
    pub(super) fn party_behind(&self, id: &str) -> Option<(String, Party)> {
        let mut id = id.to_owned();
        for _ in 0..LONGEST_CHAIN {
            let channel = self.channels.get(&id)?;
            match &channel.side {
                Side::Party(party) => return Some((id, party.clone())),
                Side::Nobody => return None,
                Side::Local => {}
            }
            let (other, other_half) = self.by_name(&channel.other_half()?)?;
            id = match &other_half.dialler {
                Some(dialler) => dialler.clone(),
                // Nobody dialled the pair: who was rung by its other half is who calls through this one.
                None => self.rung_by(&other)?,
            };
        }
        None
    }

    fn rung_by(&self, id: &str) -> Option<String> {
        let rung = self.channels.iter().filter(|(_, channel)| channel.dialler.as_deref() == Some(id));
        rung.min_by_key(|(_, channel)| channel.order).map(|(id, _)| id.clone())
    }

    pub(super) fn by_name(&self, name: &str) -> Option<(String, &Channel)> {
        let found = self.channels.iter().find(|(_, channel)| channel.name == name);
        found.map(|(id, channel)| (id.clone(), channel))
    }

    /// The number that an employee dialled: on a phone, else as the trunk was told.
    fn dialled_number(&self, linkedid: &str, number: Option<&str>) -> Option<domain::phone::Phone> {
        let home = self.home(linkedid);
        let exten = self.calls.get(&home).and_then(|call| call.exten.as_deref());
        let is_number = |text: &&str| text.bytes().filter(u8::is_ascii_digit).count() > 2;
        exten.filter(is_number).or(number.filter(is_number)).map(|text| self.rules.dialled(text))
    }
}

/// The first leg says which way a call goes that a phone began.
fn learn_sides(call: &mut OpenCall, from: &Party, to: &Party, dialled: Option<domain::phone::Phone>) {
    let is_out = matches!((from, to), (Party::User { .. }, Party::Client));
    if call.direction.is_none() {
        call.direction = match (from, to) {
            (Party::User { .. }, Party::User { .. }) => Some(Direction::Internal),
            (Party::User { .. }, Party::Client) => Some(Direction::Outbound),
            (Party::Client, _) => Some(Direction::Inbound),
        };
    }
    if is_out && call.client_phone.is_none() {
        call.client_phone = dialled;
    }
}

/// Why dialling came to nothing (contract Providers §i, Results).
fn reason_of_status(status: &str) -> Option<Reason> {
    match status {
        "BUSY" => Some(Reason::Busy),
        "NOANSWER" => Some(Reason::NoAnswer),
        "CANCEL" => Some(Reason::Cancelled),
        "CONGESTION" | "CHANUNAVAIL" => Some(Reason::Unreachable),
        _ => None,
    }
}

/// Why an employee was not reached (contract Providers §c.2, Originate).
fn reason_of_originate(reason: &str) -> Reason {
    match reason {
        "1" => Reason::Rejected,
        "3" => Reason::NoAnswer,
        "5" => Reason::Busy,
        _ => Reason::Unreachable,
    }
}
