//! What every simulated system received and answered, in one order across all of them.

mod entry;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{broadcast, watch};

pub use self::entry::{Entry, Record, System};
use crate::sync::lock;

/// How many entries a journal keeps unless told otherwise.
pub const DEFAULT_CAPACITY: usize = 100_000;

/// How far a subscriber may fall behind before it loses entries.
const SUBSCRIBER_BACKLOG: usize = 4096;

/// The record of a run: shared (a clone is the same journal), bounded, observable.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Counts records; a `watch` so that a thousand records wake a waiting test once.
    version: watch::Sender<u64>,
    feed: broadcast::Sender<Arc<Entry>>,
}

struct State {
    entries: VecDeque<Entry>,
    /// Kept apart, so that a violation is still known when its entry has been pushed out.
    violations: Vec<String>,
    capacity: usize,
    next_seq: u64,
}

/// The expected entries did not come in time; the text lists what did.
#[derive(Debug, thiserror::Error)]
#[error("not seen within {deadline:?}: {expected}; the journal has {count} entries:\n{dump}")]
pub struct Timeout {
    deadline: Duration,
    expected: String,
    count: usize,
    dump: String,
}

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal {
    /// An empty journal that keeps the last [`DEFAULT_CAPACITY`] entries.
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// An empty journal that keeps the last `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        let state = State { entries: VecDeque::new(), violations: Vec::new(), capacity, next_seq: 1 };
        let shared = Shared {
            state: Mutex::new(state),
            version: watch::Sender::new(0),
            feed: broadcast::Sender::new(SUBSCRIBER_BACKLOG),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Appends what was received or sent; gives it its number and time.
    pub fn record(&self, record: Record) -> u64 {
        let entry = lock(&self.shared.state).push(record);
        let seq = entry.seq;
        self.shared.version.send_modify(|version| *version += 1);
        // Nobody listening is the normal case.
        let _no_subscriber = self.shared.feed.send(Arc::new(entry));
        seq
    }

    /// Everything kept, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.shared.state).entries.iter().cloned().collect()
    }

    /// The entries of one operation of one system, oldest first.
    pub fn of(&self, system: System, operation: &str) -> Vec<Entry> {
        let state = lock(&self.shared.state);
        state.entries.iter().filter(|entry| entry.is(system, operation)).cloned().collect()
    }

    /// How many entries of one operation of one system are kept; cheaper than [`Journal::of`].
    pub fn count(&self, system: System, operation: &str) -> usize {
        let state = lock(&self.shared.state);
        state.entries.iter().filter(|entry| entry.is(system, operation)).count()
    }

    /// Everything the server under test did that a contract forbids, one sentence each.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared.state).violations.clone()
    }

    /// Forgets entries and violations; numbers go on.
    pub fn clear(&self) {
        let mut state = lock(&self.shared.state);
        state.entries.clear();
        state.violations.clear();
    }

    /// New entries as they come, for a live view. A subscriber that falls far behind loses some.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.shared.feed.subscribe()
    }

    /// Waits until `predicate` holds for the entries kept and returns them.
    pub async fn wait_for(
        &self,
        deadline: Duration,
        mut predicate: impl FnMut(&[Entry]) -> bool,
    ) -> Result<Vec<Entry>, Timeout> {
        let waiting = self.wait_until(|state| {
            let entries = state.entries.make_contiguous();
            predicate(entries).then(|| entries.to_vec())
        });
        let in_time = tokio::time::timeout(deadline, waiting).await;
        in_time.map_err(|_| self.timeout(deadline, "the condition of wait_for".to_owned()))
    }

    /// Waits for at least `count` entries of one operation and returns all of them.
    pub async fn wait_for_count(
        &self,
        deadline: Duration,
        system: System,
        operation: &str,
        count: usize,
    ) -> Result<Vec<Entry>, Timeout> {
        let waiting = self.wait_until(|state| {
            let matching = || state.entries.iter().filter(|entry| entry.is(system, operation));
            (matching().count() >= count).then(|| matching().cloned().collect())
        });
        let in_time = tokio::time::timeout(deadline, waiting).await;
        in_time.map_err(|_| self.timeout(deadline, format!("{count} × {system} {operation}")))
    }

    async fn wait_until<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut version = self.shared.version.subscribe();
        loop {
            if let Some(found) = ready(&mut lock(&self.shared.state)) {
                return found;
            }
            if version.changed().await.is_err() {
                // The sender lives in `self`; should that ever change, waiting for the deadline is right.
                std::future::pending::<()>().await;
            }
        }
    }

    fn timeout(&self, deadline: Duration, expected: String) -> Timeout {
        let state = lock(&self.shared.state);
        let lines: Vec<String> = state.entries.iter().rev().take(200).map(ToString::to_string).collect();
        let dump = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
        Timeout { deadline, expected, count: state.entries.len(), dump }
    }
}

impl State {
    fn push(&mut self, record: Record) -> Entry {
        let entry = record.into_entry(self.next_seq);
        self.next_seq += 1;
        if self.entries.len() >= self.capacity {
            self.entries.pop_front();
        }
        for violation in &entry.violations {
            let text = format!("#{} {} {}: {violation}", entry.seq, entry.system, entry.operation);
            self.violations.push(text);
        }
        self.violations.truncate(self.capacity);
        self.entries.push_back(entry.clone());
        entry
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("entries", &lock(&self.shared.state).entries.len()).finish()
    }
}
