//! The journal as Server-Sent Events: first what is there, then what comes.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::Stream;
use poem::Request;
use poem::web::sse::Event;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::timing::Timing;
use crate::journal::{Entry, Journal, System};

/// An entry as the page shows it: without headers, which hold keys and tokens.
#[derive(Debug, Serialize)]
struct View<'a> {
    seq: u64,
    at: i64,
    system: System,
    operation: &'a str,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    body: &'a Value,
    status: u16,
    reply: &'a Value,
    fault: Option<&'a str>,
    violations: &'a [String],
    /// Milliseconds since the PBX's event that caused this, if it is known.
    since_ms: Option<i64>,
}

/// What one open page still has to be sent.
struct Feed {
    journal: Journal,
    live: Receiver<Arc<Entry>>,
    waiting: VecDeque<Arc<Entry>>,
    timing: Timing,
    /// The last entry looked at.
    last: u64,
    /// Entries up to this one are known to the page already.
    known: u64,
}

/// Every entry after the one the browser saw last, then every new one.
pub(super) fn events(journal: &Journal, known: u64) -> impl Stream<Item = Event> + Send + 'static {
    // Subscribed before the entries are read: none can fall between.
    let live = journal.subscribe();
    let mut feed = Feed {
        journal: journal.clone(),
        live,
        waiting: VecDeque::new(),
        timing: Timing::default(),
        last: 0,
        known,
    };
    feed.catch_up();
    futures_util::stream::unfold(feed, |mut feed| async move { feed.next().await.map(|event| (event, feed)) })
}

/// The number of the last entry a reconnecting browser has seen.
pub(super) fn last_seen(request: &Request) -> u64 {
    request.header("last-event-id").and_then(|id| id.parse().ok()).unwrap_or_default()
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(entry) = self.waiting.pop_front() {
                if let Some(event) = self.show(&entry) {
                    return Some(event);
                }
            }
            match self.live.recv().await {
                Ok(entry) => self.waiting.push_back(entry),
                Err(RecvError::Lagged(_)) => self.catch_up(),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn catch_up(&mut self) {
        let missed = self.journal.entries().into_iter().filter(|entry| entry.seq > self.last);
        self.waiting.extend(missed.map(Arc::new));
    }

    /// Every entry passes the clockwork, the unknown ones become events.
    fn show(&mut self, entry: &Entry) -> Option<Event> {
        if entry.seq <= self.last {
            return None;
        }
        self.last = entry.seq;
        let since_ms = self.timing.since(entry);
        if entry.seq <= self.known {
            return None;
        }
        let json = serde_json::to_string(&view(entry, since_ms)).ok()?;
        Some(Event::message(json).id(entry.seq.to_string()))
    }
}

fn view(entry: &Entry, since_ms: Option<i64>) -> View<'_> {
    View {
        seq: entry.seq,
        at: entry.at,
        system: entry.system,
        operation: &entry.operation,
        method: &entry.method,
        path: &entry.path,
        query: &entry.query,
        body: &entry.body,
        status: entry.status,
        reply: &entry.reply,
        fault: entry.fault.as_deref(),
        violations: &entry.violations,
        since_ms,
    }
}
