//! Sends webhooks: signed, in order, each until it is accepted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::signature::sign;
use crate::clock;
use crate::journal::{Journal, Record, System};
use crate::sync::lock;

/// The longest pause between two attempts, whatever `Retry-After` says.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// How webhooks are sent.
#[derive(Debug, Clone)]
pub struct SendOptions {
    /// `whsec_` and base64.
    pub secret: String,
    /// Whether what is refused with 409, 429 or 5xx, or not answered, is sent again until accepted.
    pub retry: bool,
    /// The first pause between two attempts; it doubles.
    pub pause: Duration,
    /// The most events in one request; 1 sends each event as a bare object.
    pub batch: usize,
}

/// The queue of events, shared by the exchange (in) and the sending task (out).
#[derive(Clone)]
pub(super) struct Queue {
    inner: Arc<Mutex<Inner>>,
    /// How many events wait, the one in flight included.
    length: watch::Sender<usize>,
}

struct Inner {
    events: VecDeque<Value>,
    url: Option<String>,
}

/// What became of one attempt.
enum Outcome {
    /// Accepted, or refused for good.
    Done,
    /// To be sent again after this long, if the answer said.
    Again(Option<Duration>),
}

impl Queue {
    pub(super) fn new() -> Self {
        let inner = Inner { events: VecDeque::new(), url: None };
        Self { inner: Arc::new(Mutex::new(inner)), length: watch::Sender::new(0) }
    }

    pub(super) fn push(&self, events: impl IntoIterator<Item = Value>) {
        let mut inner = lock(&self.inner);
        inner.events.extend(events);
        self.length.send_replace(inner.events.len());
    }

    /// Where webhooks go; none: they wait.
    pub(super) fn set_url(&self, url: Option<String>) {
        let mut inner = lock(&self.inner);
        inner.url = url;
        self.length.send_replace(inner.events.len());
    }

    pub(super) fn url(&self) -> Option<String> {
        lock(&self.inner).url.clone()
    }

    pub(super) fn len(&self) -> usize {
        *self.length.borrow()
    }

    /// Waits until nothing waits.
    pub(super) async fn drained(&self) {
        let mut length = self.length.subscribe();
        // The sender lives in `self`.
        let _closed = length.wait_for(|length| *length == 0).await;
    }

    fn front(&self, batch: usize) -> Option<(String, Vec<Value>)> {
        let inner = lock(&self.inner);
        let url = inner.url.clone()?;
        let events: Vec<Value> = inner.events.iter().take(batch.max(1)).cloned().collect();
        (!events.is_empty()).then_some((url, events))
    }

    fn pop(&self, count: usize) {
        let mut inner = lock(&self.inner);
        inner.events.drain(..count);
        self.length.send_replace(inner.events.len());
    }
}

/// The sending task; runs until it is dropped.
pub(super) async fn run(queue: Queue, options: SendOptions, journal: Journal, http: reqwest::Client) {
    let mut changed = queue.length.subscribe();
    let mut pause = options.pause;
    loop {
        let Some((url, events)) = queue.front(options.batch) else {
            if changed.changed().await.is_err() {
                return;
            }
            continue;
        };
        match attempt(&http, &journal, &options, &url, &events).await {
            Outcome::Again(retry_after) if options.retry => {
                tokio::time::sleep(retry_after.unwrap_or(pause).min(MAX_PAUSE)).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
            Outcome::Done | Outcome::Again(_) => {
                queue.pop(events.len());
                pause = options.pause;
            }
        }
    }
}

async fn attempt(
    http: &reqwest::Client,
    journal: &Journal,
    options: &SendOptions,
    url: &str,
    events: &[Value],
) -> Outcome {
    let body = if let [event] = events { event.clone() } else { json!({"events": events}) };
    let bytes = body.to_string().into_bytes();
    let id = events[0]["id"].as_str().unwrap_or_default();
    let mut request = http.post(url).header("content-type", "application/json");
    for (name, value) in sign(&options.secret, id, clock::now().timestamp(), &bytes) {
        request = request.header(name, value);
    }
    let mut record = Record::new(System::Pbx, "→ webhook");
    record.method.push_str("POST");
    url.clone_into(&mut record.path);
    record.body = body;
    let outcome = match request.body(bytes).send().await {
        Err(error) => {
            record.reply = Value::String(error.to_string());
            Outcome::Again(None)
        }
        Ok(response) => read(response, &mut record, events.len()).await,
    };
    journal.record(record);
    outcome
}

async fn read(response: reqwest::Response, record: &mut Record, count: usize) -> Outcome {
    let status = response.status().as_u16();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let text = response.text().await.unwrap_or_default();
    record.status = status;
    record.reply = serde_json::from_str(&text).unwrap_or(Value::String(text));
    if matches!(status, 429 | 503) && seconds.is_none() {
        record.violations.push(format!("{status} without Retry-After"));
    }
    match status {
        200 => {
            let sum = record.reply["accepted"].as_u64().zip(record.reply["duplicates"].as_u64());
            if sum.is_none_or(|(accepted, duplicates)| accepted + duplicates != count as u64) {
                record.violations.push(format!("{count} events were answered with {}", record.reply));
            }
            Outcome::Done
        }
        409 | 429 | 500.. => Outcome::Again(seconds.map(Duration::from_secs)),
        _ => Outcome::Done,
    }
}
