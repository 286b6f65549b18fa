//! Calls that go on while the server comes and goes: what was not acknowledged is sent again until it is.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use simulators::scenario::{Kind, Trace};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::actors::Telephony;

/// Calls of a traffic that ends by itself.
pub(super) const CALLS: usize = 40;
/// At least so many events has such a traffic: no call has fewer than four.
pub(super) const EVENTS: usize = CALLS * 4;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(25);

/// A server that is killed again and again takes a request sooner or later; this is later than any.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// The most events in one request.
const BATCH: usize = 3;

const KINDS: [Kind; 6] =
    [Kind::Answered, Kind::Missed, Kind::RingGroup, Kind::Transferred, Kind::Held, Kind::Outbound];

/// How much is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Requests under way at once.
    pub(crate) connections: usize,
    /// Calls of a connection that go on at the same time.
    pub(crate) at_once: usize,
    /// Between two requests of a connection.
    pub(crate) pace: Duration,
}

/// As fast as it is taken.
const BURST: Load = Load { connections: 4, at_once: 4, pace: Duration::ZERO };

/// A server that is killed twenty times has had hundreds of calls by then, not thousands.
pub(crate) const STEADY: Load = Load { pace: Duration::from_millis(80), ..BURST };

/// A call all of whose events were acknowledged.
#[derive(Debug)]
pub(crate) struct Call {
    pub(super) external_id: String,
    pub(super) client_digits: String,
    /// The ids of its events, in the order they happened.
    pub(super) events: Vec<String>,
    /// Why some of them had to be sent again.
    pub(crate) refusals: Vec<String>,
    /// What is left to tell.
    untold: Vec<Value>,
}

/// Senders at work.
pub(crate) struct Traffic {
    senders: JoinSet<Vec<Call>>,
    acknowledged: watch::Sender<usize>,
    numbers: Arc<Numbers>,
}

/// The numbers of the calls to come.
struct Numbers {
    next: AtomicUsize,
    end: AtomicUsize,
}

impl Traffic {
    /// Starts to send [`CALLS`] calls as fast as they are taken; calls of different rounds differ.
    pub(super) fn start(telephony: &Telephony, round: usize, chance: &mut StdRng) -> Self {
        Self::of(telephony, round * CALLS..(round + 1) * CALLS, BURST, chance)
    }

    /// Starts to send calls that come until [`Traffic::stop`].
    pub(crate) fn endless(telephony: &Telephony, load: Load, chance: &mut StdRng) -> Self {
        Self::of(telephony, 0..usize::MAX, load, chance)
    }

    fn of(telephony: &Telephony, calls: Range<usize>, load: Load, chance: &mut StdRng) -> Self {
        let (mut senders, acknowledged) = (JoinSet::new(), watch::Sender::new(0));
        let numbers =
            Arc::new(Numbers { next: AtomicUsize::new(calls.start), end: AtomicUsize::new(calls.end) });
        for _ in 0..load.connections {
            let sender = Sender {
                telephony: telephony.clone(),
                numbers: Arc::clone(&numbers),
                acknowledged: acknowledged.clone(),
                load,
                chance: StdRng::seed_from_u64(chance.random()),
            };
            senders.spawn(sender.run());
        }
        Self { senders, acknowledged, numbers }
    }

    /// Waits until so many events were acknowledged.
    pub(crate) async fn acknowledged(&self, events: usize) {
        let reached = self.acknowledged.subscribe().wait_for(|count| *count >= events).await.map(drop);
        reached.expect("the sender is here");
    }

    /// No new calls come; those that go on are told to their end.
    pub(crate) fn stop(&self) {
        self.numbers.end.store(0, Ordering::Relaxed);
    }

    /// Waits until every event of every call was acknowledged.
    pub(crate) async fn end(self) -> Vec<Call> {
        self.senders.join_all().await.into_iter().flatten().collect()
    }
}

impl Numbers {
    fn take(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.end.load(Ordering::Relaxed)).then_some(number)
    }
}

impl Call {
    /// A call of whose events only these are known.
    pub(super) fn told(external_id: &str, client_digits: &str, events: Vec<String>) -> Self {
        let (external_id, client_digits) = (external_id.to_owned(), client_digits.to_owned());
        Self { external_id, client_digits, events, refusals: Vec::new(), untold: Vec::new() }
    }

    fn new(number: usize) -> Self {
        let trace = Trace::new(KINDS[number % KINDS.len()], number as u64);
        let untold = trace.events();
        let id = |event: &Value| event["id"].as_str().expect("an id").to_owned();
        let events = untold.iter().map(id).collect();
        Self { untold, ..Self::told(&trace.call_id(), &trace.client_digits(), events) }
    }
}

/// One connection.
struct Sender {
    telephony: Telephony,
    numbers: Arc<Numbers>,
    acknowledged: watch::Sender<usize>,
    load: Load,
    chance: StdRng,
}

impl Sender {
    async fn run(mut self) -> Vec<Call> {
        let (mut told, mut live) = (Vec::new(), Vec::new());
        loop {
            while live.len() < self.load.at_once
                && let Some(number) = self.numbers.take()
            {
                live.push(Call::new(number));
            }
            if live.is_empty() {
                return told;
            }
            let at = self.chance.random_range(0..live.len());
            let size = self.chance.random_range(1..=BATCH).min(live[at].untold.len());
            let events: Vec<Value> = live[at].untold.drain(..size).collect();
            live[at].refusals.extend(self.send(&events).await);
            if live[at].untold.is_empty() {
                told.push(live.swap_remove(at));
            }
            tokio::time::sleep(self.load.pace).await;
        }
    }

    /// Sends them until they are taken; gives the reasons why they were not at first.
    async fn send(&self, events: &[Value]) -> Vec<String> {
        let (began, mut refusals) = (Instant::now(), Vec::new());
        while let Err(refusal) = self.telephony.try_to_tell(events).await {
            assert!(began.elapsed() < PATIENCE, "no events are taken for {PATIENCE:?}: {refusal}");
            refusals.push(refusal);
            tokio::time::sleep(PAUSE).await;
        }
        self.acknowledged.send_modify(|count| *count += events.len());
        refusals
    }
}
