//! Calls that go on while the server comes and goes: what was not acknowledged is sent again until it is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use simulators::scenario::{Kind, Trace};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::actors::Telephony;
use crate::harness::DEADLINE;

/// Calls of one traffic.
pub(super) const CALLS: usize = CONNECTIONS * OF_CONNECTION;
/// At least so many events has one traffic: no call has fewer than four.
pub(super) const EVENTS: usize = CALLS * 4;

const CONNECTIONS: usize = 4;
const OF_CONNECTION: usize = 10;

/// Calls of a connection that go on at the same time.
const AT_ONCE: usize = 4;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// The most events in one request.
const BATCH: usize = 3;

const KINDS: [Kind; 6] =
    [Kind::Answered, Kind::Missed, Kind::RingGroup, Kind::Transferred, Kind::Held, Kind::Outbound];

/// A call all of whose events were acknowledged.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) external_id: String,
    pub(super) client_digits: String,
    /// The ids of its events, in the order they happened.
    pub(super) events: Vec<String>,
    /// What is left to tell.
    untold: Vec<Value>,
}

/// Senders at work.
pub(super) struct Traffic {
    senders: JoinSet<Vec<Call>>,
    acknowledged: watch::Sender<usize>,
}

impl Traffic {
    /// Starts to send; calls of different rounds differ.
    pub(super) fn start(telephony: &Telephony, round: usize, chance: &mut StdRng) -> Self {
        let (mut senders, acknowledged) = (JoinSet::new(), watch::Sender::new(0));
        for connection in 0..CONNECTIONS {
            let first = round * CALLS + connection * OF_CONNECTION;
            let sender = Sender {
                telephony: telephony.clone(),
                waiting: (first..first + OF_CONNECTION).map(Call::new).collect(),
                acknowledged: acknowledged.clone(),
                chance: StdRng::seed_from_u64(chance.random()),
            };
            senders.spawn(sender.run());
        }
        Self { senders, acknowledged }
    }

    /// Waits until so many events were acknowledged.
    pub(super) async fn acknowledged(&self, events: usize) {
        let reached = self.acknowledged.subscribe().wait_for(|count| *count >= events).await.map(drop);
        reached.expect("the sender is here");
    }

    /// Waits until every event of every call was acknowledged.
    pub(super) async fn end(self) -> Vec<Call> {
        self.senders.join_all().await.into_iter().flatten().collect()
    }
}

impl Call {
    fn new(number: usize) -> Self {
        let trace = Trace::new(KINDS[number % KINDS.len()], number as u64);
        let untold = trace.events();
        let id = |event: &Value| event["id"].as_str().expect("an id").to_owned();
        Self {
            external_id: trace.call_id(),
            client_digits: trace.client_digits(),
            events: untold.iter().map(id).collect(),
            untold,
        }
    }
}

/// One connection.
struct Sender {
    telephony: Telephony,
    waiting: VecDeque<Call>,
    acknowledged: watch::Sender<usize>,
    chance: StdRng,
}

impl Sender {
    async fn run(mut self) -> Vec<Call> {
        let mut told = Vec::new();
        let mut live: Vec<Call> = self.waiting.drain(..AT_ONCE).collect();
        while !live.is_empty() {
            let at = self.chance.random_range(0..live.len());
            let size = self.chance.random_range(1..=BATCH).min(live[at].untold.len());
            let events: Vec<Value> = live[at].untold.drain(..size).collect();
            self.send(&events).await;
            if live[at].untold.is_empty() {
                told.push(live.swap_remove(at));
                live.extend(self.waiting.pop_front());
            }
        }
        told
    }

    async fn send(&self, events: &[Value]) {
        let began = Instant::now();
        while !self.telephony.is_taken(events).await {
            assert!(began.elapsed() < DEADLINE, "the server takes no events for {DEADLINE:?}");
            tokio::time::sleep(PAUSE).await;
        }
        self.acknowledged.send_modify(|count| *count += events.len());
    }
}
