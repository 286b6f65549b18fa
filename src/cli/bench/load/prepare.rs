//! Every request of a load, as it goes over the wire.

use std::fmt::Write as _;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::clock::{Clock, SystemClock, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{Calls, Options};

/// More events a second than this are not made ready: no server on two processors takes them. A load that has sent all
/// it has is over before its time.
const MOST_PER_SECOND: f64 = 60_000.0;

/// Calls that go on side by side in a load with a rate, so that two events of one call are as far apart as in life.
const SIDE_BY_SIDE: usize = 50;

/// The client of calls that are not scattered, without the country.
const CLIENT: u64 = 9_997_775_533;

/// The requests of all connections.
pub(super) struct Requests {
    connections: Vec<Connection>,
}

/// The requests of one connection, in order.
#[derive(Default)]
pub(super) struct Connection {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The call and step of each, if they are asked for.
    pub(super) named: Vec<(String, usize)>,
}

impl Requests {
    /// Makes them ready. Signatures are good for five minutes.
    pub(super) fn prepare(options: &Options, secret: &str) -> anyhow::Result<Self> {
        let key = STANDARD.decode(secret.trim_start_matches("whsec_")).context("the secret is no base64")?;
        let maker = Maker { options, key, now: SystemClock.now() };
        let connections =
            if options.rate.is_some() { maker.interleaved(maker.count())? } else { maker.side_by_side()? };
        Ok(Self { connections })
    }

    /// Each connection's.
    pub(super) fn connections(&self) -> &[Connection] {
        &self.connections
    }
}

impl Connection {
    /// The requests in order.
    pub(super) fn requests(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.bytes[begin..*end])
    }

    fn push(&mut self, request: &str) {
        self.bytes.extend_from_slice(request.as_bytes());
        self.ends.push(self.bytes.len());
    }
}

struct Maker<'a> {
    options: &'a Options,
    key: Vec<u8>,
    now: Timestamp,
}

impl Maker<'_> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some seconds of some thousand events"
    )]
    fn count(&self) -> usize {
        let rate = self.options.rate.map_or(MOST_PER_SECOND, f64::from);
        self.options.events.unwrap_or((self.options.seconds * rate).ceil() as usize)
    }

    /// Each connection has calls of its own, one after the other.
    fn side_by_side(&self) -> anyhow::Result<Vec<Connection>> {
        let (lanes, steps) = (self.options.connections.max(1), self.options.calls.steps().len());
        let calls = self.count().div_ceil(lanes * steps);
        let connection = |number: usize| {
            let mut connection = Connection::default();
            for call in 0..calls {
                let call = self.named(&format!("{}-{number}-{call}", self.options.name));
                for step in 0..steps {
                    connection.push(&self.request(&call, step)?);
                }
            }
            Ok(connection)
        };
        (0..lanes).map(connection).collect()
    }

    /// Some calls go on side by side; each event is on the connection after that of the event before.
    fn interleaved(&self, count: usize) -> anyhow::Result<Vec<Connection>> {
        let lanes = self.options.connections.max(1);
        let mut connections: Vec<Connection> = (0..lanes).map(|_| Connection::default()).collect();
        for event in 0..count {
            let (call, step) = place(event, self.options.calls);
            let call = self.named(&format!("{}-{call}", self.options.name));
            let connection = &mut connections[event % lanes];
            connection.push(&self.request(&call, step)?);
            connection.named.push((call, step));
        }
        Ok(connections)
    }

    fn named(&self, call: &str) -> String {
        if self.options.scattered { format!("{:08x}-{call}", chance(call)) } else { call.to_owned() }
    }

    /// One client for all calls, or one of two million.
    fn client(&self, call: &str) -> String {
        let number =
            if self.options.scattered { 9_000_000_000 + u64::from(chance(call) % 2_000_000) } else { CLIENT };
        format!("+7{number}")
    }

    fn request(&self, call: &str, step: usize) -> anyhow::Result<String> {
        let body = self.body(call, step);
        let id = format!("msg-{call}-{step}");
        let timestamp = self.now.seconds().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key)?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_bytes()] {
            mac.update(part);
        }
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let mut request = format!("POST {} HTTP/1.1\r\nhost: bench\r\n", self.options.path);
        // Writing to a string cannot fail.
        let _infallible = write!(
            request,
            "content-type: application/json\r\nwebhook-id: {id}\r\nwebhook-timestamp: {timestamp}\r\n\
             webhook-signature: v1,{signature}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(request)
    }

    fn body(&self, call: &str, step: usize) -> String {
        let (kind, has_leg) = self.options.calls.steps()[step];
        let (at, client) = (self.now.rfc3339(), self.client(call));
        let leg = if has_leg {
            format!(
                r#"{{"id":"{call}-1","from":{{"type":"client"}},"to":{{"type":"user","extension":"101"}}}}"#
            )
        } else {
            "null".to_owned()
        };
        format!(
            r#"{{"id":"{call}-{step}","type":"{kind}","at":"{at}","call_id":"{call}","direction":"inbound","client_phone":"{client}","vats_phone":"79229929292","request_id":null,"leg":{leg},"recording":null,"reason":null}}"#
        )
    }
}

/// A number that follows from the call's name and looks like chance.
fn chance(call: &str) -> u32 {
    let digest = Sha256::digest(call);
    digest.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Which call and step an event of a load with a rate is.
fn place(event: usize, calls: Calls) -> (usize, usize) {
    let in_group = SIDE_BY_SIDE * calls.steps().len();
    let (group, rest) = (event / in_group, event % in_group);
    (group * SIDE_BY_SIDE + rest % SIDE_BY_SIDE, rest / SIDE_BY_SIDE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cli::bench::http::Message;

    fn options(rate: Option<u32>) -> Options {
        Options {
            addresses: vec![([127, 0, 0, 1], 1).into()],
            path: "/x".to_owned(),
            name: "n".to_owned(),
            connections: 3,
            seconds: 1.0,
            calls: Calls::Whole,
            scattered: false,
            rate,
            events: Some(600),
        }
    }

    fn requests(rate: Option<u32>) -> Requests {
        Requests::prepare(&options(rate), "whsec_YWFh").unwrap()
    }

    #[test]
    fn every_request_is_one_whole_message() {
        for connection in requests(None).connections() {
            assert_eq!(connection.requests().count(), 200);
            for request in connection.requests() {
                assert_eq!(Message::first(request).map(Message::len), Some(request.len()));
            }
        }
    }

    #[test]
    fn with_a_rate_the_events_of_a_call_come_in_order_and_far_apart() {
        let requests = requests(Some(200));
        let mut steps = BTreeMap::<String, Vec<(usize, usize)>>::new();
        for event in 0..600 {
            let (call, step) = requests.connections()[event % 3].named[event / 3].clone();
            steps.entry(call).or_default().push((step, event));
        }
        assert_eq!(steps.len(), 150);
        for events in steps.values() {
            for (place, (step, _)) in events.iter().enumerate() {
                assert_eq!(place, *step);
            }
            assert!(events.windows(2).all(|pair| pair[1].1 - pair[0].1 == SIDE_BY_SIDE));
        }
    }
}
