//! What stands in front of every simulated system: the journal and the faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use poem::http::header::DATE;
use poem::http::{HeaderMap, HeaderValue, StatusCode};
use poem::{Endpoint, Request, Response};
use serde_json::Value;

use super::Rules;
use super::connection::Connections;
use crate::clock;
use crate::faults::{FaultKind, Faults};
use crate::journal::{Journal, Record};
use crate::sync::lock;

/// Larger requests are refused before they are read; above the 100 MB of the largest file a system takes.
const BODY_LIMIT: usize = 128 * 1024 * 1024;
/// Larger bodies appear in the journal as a note of their size.
const JOURNAL_LIMIT: usize = 256 * 1024;

/// The request being handled, for its handler: what is said here goes into the journal.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    violations: Arc<Mutex<Vec<String>>>,
    answer_is_lost: bool,
}

impl Exchange {
    /// Notes that the server under test broke the contract.
    pub fn violation(&self, text: impl Into<String>) {
        lock(&self.violations).push(text.into());
    }

    /// Notes several breaches at once.
    pub fn violations(&self, texts: impl IntoIterator<Item = impl Into<String>>) {
        lock(&self.violations).extend(texts.into_iter().map(Into::into));
    }

    /// Whether a fault keeps the answer from the caller, or may: who gets none has to ask again.
    pub fn answer_is_lost(&self) -> bool {
        self.answer_is_lost
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.violations))
    }
}

/// Beside a response: the journal shows this instead of its body, which is sent as it is made.
#[derive(Debug, Clone)]
pub(crate) struct JournalNote(pub(crate) String);

/// A simulated system with its journal and its faults.
pub(super) struct Guard<E> {
    pub(super) app: Arc<E>,
    pub(super) rules: Rules,
    pub(super) journal: Journal,
    pub(super) faults: Faults,
    pub(super) connections: Connections,
}

impl<E: Endpoint<Output = Response> + 'static> Endpoint for Guard<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let Some(operation) = (self.rules.operation)(request.method(), request.uri().path()) else {
            return Ok(self.app.get_response(request).await);
        };
        let body = match request.take_body().into_bytes_limit(BODY_LIMIT).await {
            Ok(body) => body,
            Err(error) => return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())),
        };
        let mut record = Record::new(self.rules.system, operation);
        describe(&mut record, &request, &body);
        request.set_body(body);
        let fault = self.faults.take(&record.operation, &record.path);
        record.fault = fault.as_ref().map(|kind| kind.name().to_owned());
        Ok(self.play(fault, request, record).await)
    }
}

impl<E: Endpoint<Output = Response> + 'static> Guard<E> {
    async fn play(&self, fault: Option<FaultKind>, request: Request, record: Record) -> Response {
        let peer = request.remote_addr().clone();
        match fault {
            None => self.process(request, record, Duration::ZERO).await,
            Some(FaultKind::DelayMs(ms)) => self.process(request, record, Duration::from_millis(ms)).await,
            Some(FaultKind::CutAfter) => {
                let _unsent = self.process(request, record, Duration::ZERO).await;
                self.connections.cut(&peer);
                Response::default()
            }
            Some(FaultKind::HangAfter) => {
                let _unsent = self.process(request, record, Duration::ZERO).await;
                std::future::pending().await
            }
            Some(FaultKind::CutBefore) => {
                self.journal.record(record);
                self.connections.cut(&peer);
                Response::default()
            }
            Some(FaultKind::Hang) => {
                self.journal.record(record);
                std::future::pending().await
            }
            Some(FaultKind::Status { status, body, retry_after }) => {
                self.answer(record, refusal(status, &body, retry_after)).await
            }
            Some(FaultKind::Garbage) => self.answer(record, garbage()).await,
            Some(FaultKind::BrokenJson) => self.answer(record, json_text(r#"{"id":"6838aaaa"#)).await,
            Some(FaultKind::OddJson) => {
                self.answer(record, json_text(r#"{"items":[{"weather":"fine"}]}"#)).await
            }
            Some(FaultKind::DateOff(seconds)) => {
                let mut response = self.process(request, record, Duration::ZERO).await;
                response.headers_mut().extend(date(seconds).map(|date| (DATE, date)));
                response
            }
            Some(FaultKind::ErrorInside) => {
                self.answer(record, json(StatusCode::OK, &self.rules.error_inside)).await
            }
        }
    }

    /// Lets the system process the request. In a task of its own: a real system goes on when the caller hangs up.
    async fn process(&self, mut request: Request, mut record: Record, delay: Duration) -> Response {
        let (app, journal) = (Arc::clone(&self.app), self.journal.clone());
        let task = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let exchange =
                Exchange { answer_is_lost: loses_answer(record.fault.as_deref()), ..Exchange::default() };
            request.extensions_mut().insert(exchange.clone());
            let response = app.get_response(request).await;
            record.violations = exchange.take();
            finish(&journal, record, response).await
        });
        let failed = |_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the simulator failed".to_owned());
        task.await.unwrap_or_else(failed)
    }

    async fn answer(&self, record: Record, response: Response) -> Response {
        finish(&self.journal, record, response).await
    }
}

/// Whether a fault that lets the request through keeps its answer from the caller, or may.
fn loses_answer(fault: Option<&str>) -> bool {
    matches!(fault, Some("cut_after" | "hang_after" | "delay"))
}

/// Journals the exchange and hands the response back with its body intact.
async fn finish(journal: &Journal, mut record: Record, mut response: Response) -> Response {
    record.status = response.status().as_u16();
    if let Some(JournalNote(note)) = response.extensions().get() {
        record.reply = Value::String(note.clone());
    } else {
        let reply = response.take_body().into_bytes().await.unwrap_or_default();
        record.reply = readable(&reply);
        response.set_body(reply);
    }
    journal.record(record);
    response
}

fn describe(record: &mut Record, request: &Request, body: &Bytes) {
    record.method = request.method().to_string();
    request.uri().path().clone_into(&mut record.path);
    request.uri().query().unwrap_or_default().clone_into(&mut record.query);
    record.headers = headers(request.headers());
    record.body = readable(body);
}

fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

fn readable(body: &Bytes) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if body.len() > JOURNAL_LIMIT {
        return Value::String(format!("({} bytes)", body.len()));
    }
    if let Ok(json) = serde_json::from_slice(body) {
        return json;
    }
    match std::str::from_utf8(body) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => Value::String(format!("({} bytes, binary)", body.len())),
    }
}

fn refusal(status: u16, body: &Value, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response =
        if body.is_null() { Response::builder().status(status).finish() } else { json(status, body) };
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

fn garbage() -> Response {
    Response::builder().content_type("text/html").body("<html><body>Maintenance</body></html>")
}

/// A success with this text as JSON.
fn json_text(text: &'static str) -> Response {
    Response::builder().content_type("application/json").body(text)
}

/// What the header says when the clock is so many seconds ahead.
fn date(seconds: i64) -> Option<HeaderValue> {
    let now = clock::now() + chrono::Duration::seconds(seconds);
    HeaderValue::from_str(&now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

fn json(status: StatusCode, body: &Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

fn plain(status: StatusCode, text: String) -> Response {
    Response::builder().status(status).body(text)
}
