//! A channel: one side's connection to Asterisk.

use std::time::Duration;

use domain::clock::Timestamp;

use crate::provider::asterisk::ami::message::Message;
use crate::provider::asterisk::rules::{Rules, Side};

/// A channel as it is known now.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    /// `PJSIP/101-0000001a`; changes when channels take each other's places.
    pub(super) name: String,
    pub(super) side: Side,
    /// The call that it belongs to, as Asterisk has it.
    pub(super) linkedid: String,
    /// Which channel dialled it.
    pub(super) dialler: Option<String>,
    pub(super) bridge: Option<String>,
    /// In the order in which channels became known.
    pub(super) order: u64,
}

/// The fields of one channel in a message: of the second one they begin with `Dest`.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    message: &'a Message,
    is_second: bool,
}

impl<'a> Fields<'a> {
    pub(super) const fn first(message: &'a Message) -> Self {
        Self { message, is_second: false }
    }

    pub(super) const fn second(message: &'a Message) -> Self {
        Self { message, is_second: true }
    }

    pub(super) fn get(self, key: &str) -> Option<&'a str> {
        if self.is_second { self.message.get(&format!("Dest{key}")) } else { self.message.get(key) }
    }

    pub(super) fn uniqueid(self) -> Option<&'a str> {
        self.get("Uniqueid")
    }

    /// The name and the call of it; none if the message tells of no such channel.
    pub(super) fn identity(self) -> Option<(&'a str, &'a str, &'a str)> {
        Some((self.uniqueid()?, self.get("Channel")?, self.get("Linkedid")?))
    }

    /// Whether somebody calls on it; a channel that we or Asterisk call with begins `Down`.
    pub(super) fn calls_in(self) -> bool {
        self.get("ChannelStateDesc") == Some("Ring")
    }
}

impl Channel {
    pub(super) fn new(name: &str, linkedid: &str, rules: &Rules, order: u64) -> Self {
        let (side, name, linkedid) = (rules.side(name), name.to_owned(), linkedid.to_owned());
        Self { name, side, linkedid, dialler: None, bridge: None, order }
    }

    pub(super) const fn is_party(&self) -> bool {
        matches!(self.side, Side::Party(_))
    }

    /// The name of the other half of a pair of Asterisk's own.
    pub(super) fn other_half(&self) -> Option<String> {
        let (pair, half) = self.name.rsplit_once(';')?;
        Some(format!("{pair};{}", if half == "1" { "2" } else { "1" }))
    }
}

/// When something happened: as Asterisk says (`timestampevents` in manager.conf), else when it was heard.
pub(super) fn happened_at(message: &Message, heard_at: Timestamp) -> Timestamp {
    let told = message.get("Timestamp").and_then(|text| {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
        seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
    });
    told.filter(|micros| *micros > 0).map_or(heard_at, Timestamp::from_micros)
}

/// `hh:mm:ss`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let seconds =
        text.split(':').try_fold(0_u64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_microsecond() {
        let at = |text: &str| {
            let message = Message::from_iter([("Timestamp", text)]);
            happened_at(&message, Timestamp::from_micros(7)).micros()
        };
        assert_eq!(at("1795402451.033005"), 1_795_402_451_033_005);
        assert_eq!(at("1795402451.5"), 1_795_402_451_500_000);
        assert_eq!(at("1795402451"), 1_795_402_451_000_000);
        assert_eq!((at("soon"), at("-1.0"), at("99999999999999999999")), (7, 7, 7));
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("01:02:03"), Some(Duration::from_secs(3_723)));
        assert_eq!((duration(""), duration("a:b")), (None, None));
    }
}
