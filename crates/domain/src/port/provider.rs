//! A telephony system that calls come from.

use std::sync::Arc;

use async_trait::async_trait;

use super::recordings::{FetchError, Fetched, Sink};
use super::{RemoteError, RemoteErrorKind};
use crate::call::event::{CallEvent, Recording};
use crate::call::past::PastCall;
use crate::clock::Timestamp;
use crate::id::{CommunicationId, Extension, ExternalId, LegId};
use crate::phone::Phone;

/// What a telephony system can do; the engine asks before it calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a system can do any of them without the others")]
pub struct Capabilities {
    /// Starts calls.
    pub dial: bool,
    /// Ends legs.
    pub hang_up: bool,
    /// Tells past calls.
    pub history: bool,
    /// Tells how a single call stands.
    pub look_up: bool,
    /// Tells what happens over a connection that we hold.
    pub listen: bool,
}

/// A request to a provider's webhook as it came in; headers by lower-case name.
#[derive(Clone, Copy)]
pub struct WebhookRequest<'a> {
    /// Looks a header up by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The body, untouched: signatures are over these bytes.
    pub body: &'a [u8],
    /// When it came.
    pub received_at: Timestamp,
}

/// Why a webhook was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The signature, token or time stamp is wrong: nobody we know. Nothing of it is stored.
    #[error("{0}")]
    Unauthorized(String),
    /// The content is wrong: each fault with the index of its event. Nothing of it counts.
    #[error("{} invalid", .0.len())]
    Invalid(Vec<WebhookFault>),
}

impl WebhookError {
    /// The faults of a body; a refusal of the sender as one of the whole.
    pub fn into_faults(self) -> Vec<WebhookFault> {
        match self {
            Self::Invalid(faults) => faults,
            Self::Unauthorized(message) => vec![WebhookFault { index: None, field: String::new(), message }],
        }
    }
}

/// One fault in a webhook's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookFault {
    /// Which event of the batch, counted from 0; none if the body as a whole is wrong.
    pub index: Option<usize>,
    /// Which field, as a path (`leg.to.extension`); empty if the event as a whole is wrong.
    pub field: String,
    /// What is wrong and what is expected.
    pub message: String,
}

/// A call to be placed for an employee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialRequest {
    /// Kontur's communication: comes back in the events of the call, and makes repeats harmless.
    pub request: CommunicationId,
    /// The employee who is rung first.
    pub extension: Extension,
    /// Who is called then: a client's number or a colleague's extension.
    pub client_phone: Phone,
    /// The employee's phone picks up by itself.
    pub auto_answer: bool,
}

/// A span of time: `from` is in, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
}

/// A page of past calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// The calls, in the provider's order.
    pub calls: Vec<PastCall>,
    /// Where the next page begins; none after the last.
    pub next: Option<String>,
}

/// Whoever hears what a telephony system tells over a connection that we hold.
#[async_trait]
pub trait Ear: Send + Sync {
    /// The connection stands. What happened before may have been missed.
    async fn listening(&self);

    /// Takes events in, with the text that they were read from, however long that takes: when this returns they are
    /// durable.
    async fn hear(&self, raw: String, events: Vec<CallEvent>);
}

/// A telephony system. Verifying and parsing are pure; the other methods touch the network.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The name in routes and logs, such as `generic`.
    fn kind(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Whether the request comes from this telephony system.
    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), WebhookError>;

    /// The events in a webhook's body. A repeat of the body gives the same events.
    fn parse(&self, body: &[u8]) -> Result<Vec<CallEvent>, WebhookError>;

    /// Whether whoever shows `token` may ask who is responsible for a caller. Nobody may, unless the provider says so.
    fn lets_route(&self, _token: &str) -> bool {
        false
    }

    /// Holds a connection and tells `ear` what happens, until the connection breaks: gives why. Whoever can do without
    /// (see [`Capabilities::listen`]) is never asked.
    async fn listen(&self, _ear: &dyn Ear) -> RemoteError {
        RemoteError::new(
            self.kind(),
            "listen",
            RemoteErrorKind::Rejected,
            "it tells nothing over a connection",
        )
    }

    /// Places a call; gives the provider's id of it. Repeating a request places no second call.
    async fn dial(&self, request: &DialRequest) -> Result<ExternalId, RemoteError>;

    /// Ends a leg. One that has ended already is fine.
    async fn hang_up(&self, call: &ExternalId, leg: &LegId) -> Result<(), RemoteError>;

    /// A page of the calls that began within `window`.
    async fn history(&self, window: Window, cursor: Option<&str>) -> Result<HistoryPage, RemoteError>;

    /// A past or running call as it is known there now. `NotFound` if there is no such call.
    async fn call(&self, call: &ExternalId) -> Result<PastCall, RemoteError>;

    /// Writes a recording of `call` to `into`, at most `limit` bytes, going on from what is there where the server can.
    /// The recording's URL may have expired: then it is renewed.
    async fn fetch(
        &self,
        call: &ExternalId,
        recording: &Recording,
        into: &mut dyn Sink,
        limit: u64,
    ) -> Result<Fetched, FetchError>;

    /// Whether the system answers and takes our credentials.
    async fn check(&self) -> Result<(), RemoteError>;
}

/// A provider shared between tasks.
pub type SharedProvider = Arc<dyn Provider>;
