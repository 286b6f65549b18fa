//! An Asterisk: observed and asked through its manager interface, its past read from its call detail records
//! (contract Providers §c).

pub mod ami;
mod cdr;
mod check;
mod control;
mod listen;
pub mod observer;
mod recordings;
pub mod rules;
mod tls;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono_tz::Tz;
use domain::call::event::{CallEvent, Recording};
use domain::call::past::PastCall;
use domain::clock::Clock;
use domain::id::{ExternalId, LegId};
use domain::instance::settings::AsteriskSettings;
use domain::phone::Country;
use domain::port::provider::{
    Capabilities, DialRequest, Ear, HistoryPage, Provider, WebhookError, WebhookRequest, Window,
};
use domain::port::recordings::{FetchError, Fetched, Sink};
use domain::port::{RemoteError, RemoteErrorKind};
use domain::recording::Fault;

use crate::signature;
use ami::connection::Connection;
use cdr::Cdr;
use observer::Observer;
pub use rules::InvalidExtensions;
use rules::Rules;

/// The name in routes, errors and logs.
const NAME: &str = "asterisk";

/// One Asterisk.
pub struct Asterisk {
    settings: AsteriskSettings,
    rules: Rules,
    cdr: Option<Cdr>,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

/// What the connection and whoever asks for something have in common.
struct Shared {
    observer: Mutex<Observer>,
    /// While it stands.
    connection: Mutex<Option<Arc<Connection>>>,
}

impl Asterisk {
    /// An Asterisk with those settings; national numbers are those of `country`, local times of `zone`. Nothing is sent
    /// yet. The error says which key cannot be worked with.
    pub fn new(
        settings: &AsteriskSettings,
        country: Country,
        zone: Tz,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let rules = Rules::new(settings, country).map_err(|error| format!("extensions: {error}"))?;
        let cdr = settings.cdr.as_ref().map(|cdr| Cdr::new(cdr, rules.clone(), zone, http.clone()));
        let observer = Mutex::new(Observer::new(rules.clone()));
        let shared = Arc::new(Shared { observer, connection: Mutex::default() });
        Ok(Self { settings: settings.clone(), rules, cdr: cdr.transpose()?, http, clock, shared })
    }
}

/// Whether `expression` can say which endpoints are employees'.
pub fn check_extensions(expression: &str) -> Result<(), InvalidExtensions> {
    rules::expression(expression).map(drop)
}

impl Shared {
    fn observer(&self) -> MutexGuard<'_, Observer> {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> MutexGuard<'_, Option<Arc<Connection>>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Asterisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asterisk").field("ami", &self.settings.ami.address).finish_non_exhaustive()
    }
}

/// What Asterisk did not do.
fn fault(operation: &'static str, kind: RemoteErrorKind, message: impl Into<String>) -> RemoteError {
    RemoteError::new(NAME, operation, kind, message)
}

#[async_trait]
impl Provider for Asterisk {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        let history = self.cdr.is_some();
        Capabilities { dial: true, hang_up: true, history, look_up: true, listen: true }
    }

    /// It sends no webhooks.
    fn verify(&self, _request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        Err(WebhookError::Unauthorized("an Asterisk is listened to; it sends no webhooks".to_owned()))
    }

    fn parse(&self, _body: &[u8]) -> Result<Vec<CallEvent>, WebhookError> {
        Ok(Vec::new())
    }

    fn lets_route(&self, token: &str) -> bool {
        let known = self.settings.route_token.as_ref();
        known.is_some_and(|known| signature::same(known.expose().as_bytes(), token.as_bytes()))
    }

    async fn listen(&self, ear: &dyn Ear) -> RemoteError {
        self.hold_connection(ear).await
    }

    async fn dial(&self, request: &DialRequest) -> Result<ExternalId, RemoteError> {
        self.originate(request).await
    }

    async fn hang_up(&self, call: &ExternalId, leg: &LegId) -> Result<(), RemoteError> {
        self.end_leg(call, leg).await
    }

    async fn history(&self, window: Window, cursor: Option<&str>) -> Result<HistoryPage, RemoteError> {
        let Some(cdr) = &self.cdr else {
            let message = "no call detail records are configured; set provider.cdr";
            return Err(fault("read history", RemoteErrorKind::Rejected, message));
        };
        cdr.history(window, cursor, &|call| self.shared.observer().goes_on(call)).await
    }

    /// A call that goes on is known here, one that is over by its records. If there are none, as when Asterisk died, what
    /// was found out counts when it was back.
    async fn call(&self, call: &ExternalId) -> Result<PastCall, RemoteError> {
        let known = || self.shared.observer().call(call.as_str());
        if let Some(call) = known().filter(|call| call.finished_at.is_none()) {
            return Ok(call);
        }
        let none = || fault("read call", RemoteErrorKind::NotFound, "Asterisk has no such call");
        match &self.cdr {
            Some(cdr) => match cdr.call(call).await {
                Err(error) if error.kind == RemoteErrorKind::NotFound => known().ok_or(error),
                read => read,
            },
            None => known().ok_or_else(none),
        }
    }

    async fn fetch(
        &self,
        _call: &ExternalId,
        recording: &Recording,
        into: &mut dyn Sink,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        match &self.settings.recordings {
            Some(settings) => recordings::fetch(settings, &self.http, recording, into, limit).await,
            None => Err(FetchError::new(
                Fault::Forbidden,
                "no place of recordings is configured; set provider.recordings",
            )),
        }
    }

    async fn check(&self) -> Result<(), RemoteError> {
        self.check_manager().await?;
        match &self.cdr {
            Some(cdr) => cdr.check().await,
            None => Ok(()),
        }
    }
}
