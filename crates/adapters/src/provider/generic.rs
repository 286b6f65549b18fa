//! A PBX that speaks our own contract: signed webhooks in, a control API out (design, Generic PBX).

mod client;
mod fields;
mod history;
mod parse;
mod recording;
mod verify;
mod wire;

use async_trait::async_trait;
use domain::call::event::{CallEvent, Recording};
use domain::call::past::PastCall;
use domain::id::{ExternalId, LegId};
use domain::instance::settings::GenericSettings;
use domain::phone::Country;
use domain::port::provider::{
    Audio, Capabilities, DialRequest, HistoryPage, Provider, WebhookError, WebhookRequest, Window,
};
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;

use client::Client;
pub use verify::InvalidSecret;
use verify::Verifier;

/// The name in routes, errors and logs.
const NAME: &str = "generic";

/// One PBX.
#[derive(Debug)]
pub struct Generic {
    country: Country,
    verifier: Verifier,
    control: Option<Client>,
}

/// Whether `secret` can verify webhooks: `whsec_` and base64.
pub fn check_secret(secret: &Secret) -> Result<(), InvalidSecret> {
    Verifier::new(secret).map(drop)
}

impl Generic {
    /// A PBX with the webhooks of `settings.webhook_secret`; with control if URL and token are given. National
    /// numbers are those of `country`.
    pub fn new(
        settings: &GenericSettings,
        country: Country,
        http: reqwest::Client,
    ) -> Result<Self, InvalidSecret> {
        let access = settings.control_url.clone().zip(settings.control_token.clone());
        let control = access.map(|(url, token)| Client::new(http, url, token, country));
        Ok(Self { country, verifier: Verifier::new(&settings.webhook_secret)?, control })
    }

    fn control(&self, operation: &'static str) -> Result<&Client, RemoteError> {
        self.control.as_ref().ok_or_else(|| {
            let message =
                "the PBX has no control API configured; set control_url and control_token of the provider";
            RemoteError::new(NAME, operation, RemoteErrorKind::Rejected, message)
        })
    }
}

/// URLs of recordings are often good for a while only; what is there then differs from PBX to PBX.
fn may_have_expired(error: &RemoteError) -> bool {
    matches!(error.kind, RemoteErrorKind::NotFound | RemoteErrorKind::Unauthorized)
}

#[async_trait]
impl Provider for Generic {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        let controlled = self.control.is_some();
        Capabilities { dial: controlled, hang_up: controlled, history: controlled, look_up: controlled }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        self.verifier.verify(request)
    }

    fn parse(&self, body: &[u8]) -> Result<Vec<CallEvent>, WebhookError> {
        parse::events(body, self.country)
    }

    async fn dial(&self, request: &DialRequest) -> Result<ExternalId, RemoteError> {
        self.control("place call")?.dial(request).await
    }

    async fn hang_up(&self, call: &ExternalId, leg: &LegId) -> Result<(), RemoteError> {
        self.control("hang up")?.hang_up(call, leg).await
    }

    async fn history(&self, window: Window, cursor: Option<&str>) -> Result<HistoryPage, RemoteError> {
        self.control("read history")?.history(window, cursor).await
    }

    async fn call(&self, call: &ExternalId) -> Result<PastCall, RemoteError> {
        self.control("read call")?.call(call).await
    }

    async fn recording(
        &self,
        call: &ExternalId,
        recording: &Recording,
        limit: u64,
    ) -> Result<Audio, RemoteError> {
        let control = self.control("fetch recording")?;
        let gone = match control.recording(recording, limit).await {
            Err(error) if may_have_expired(&error) => error,
            fetched => return fetched,
        };
        let known = match control.call(call).await {
            Err(error) if may_have_expired(&error) => return Err(gone),
            looked_up => looked_up?,
        };
        let mut recordings = known.legs.iter().filter_map(|leg| leg.recording.as_ref());
        let fresh = recordings.find(|other| other.leg == recording.leg);
        match fresh.filter(|fresh| fresh.url != recording.url) {
            Some(fresh) => control.recording(fresh, limit).await,
            None => Err(gone),
        }
    }

    /// A PBX without control is never called, so there is nothing of it to check.
    async fn check(&self) -> Result<(), RemoteError> {
        match &self.control {
            Some(control) => control.check().await,
            None => Ok(()),
        }
    }
}
