//! A PBX that speaks our own contract: signed webhooks in, a control API out (design, Generic PBX).

mod client;
mod fields;
mod history;
mod parse;
mod verify;
mod wire;

use async_trait::async_trait;
use domain::call::event::{CallEvent, Recording};
use domain::call::past::PastCall;
use domain::id::{ExternalId, LegId};
use domain::instance::settings::GenericSettings;
use domain::phone::Country;
use domain::port::provider::{
    Capabilities, DialRequest, HistoryPage, Provider, WebhookError, WebhookRequest, Window,
};
use domain::port::recordings::{FetchError, Fetched, Sink};
use domain::port::{RemoteError, RemoteErrorKind};
use domain::recording::Fault;
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
    /// numbers are those of `country`. `public` reaches the hosts in `settings.recording_hosts`.
    pub fn new(
        settings: &GenericSettings,
        country: Country,
        http: reqwest::Client,
        public: Option<reqwest::Client>,
    ) -> Result<Self, InvalidSecret> {
        let access = settings.control_url.clone().zip(settings.control_token.clone());
        let hosts = settings.recording_hosts.clone();
        let control =
            access.map(|(url, token)| Client::new(http, url, token, country).with_hosts(public, hosts));
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
fn may_have_expired(fault: Fault) -> bool {
    matches!(fault, Fault::NotThere | Fault::Refused | Fault::NotAudio)
}

/// The recording of the same leg at another URL, as the call has it now; none if there is no other.
async fn renewed(
    control: &Client,
    call: &ExternalId,
    recording: &Recording,
) -> Result<Option<Recording>, RemoteError> {
    let known = match control.call(call).await {
        Err(error) if matches!(error.kind, RemoteErrorKind::NotFound | RemoteErrorKind::Unauthorized) => {
            return Ok(None);
        }
        known => known?,
    };
    let mut recordings = known.legs.into_iter().filter_map(|leg| leg.recording);
    let fresh = recordings.find(|other| other.leg == recording.leg);
    Ok(fresh.filter(|fresh| fresh.url != recording.url))
}

#[async_trait]
impl Provider for Generic {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        let controlled = self.control.is_some();
        Capabilities {
            dial: controlled,
            hang_up: controlled,
            history: controlled,
            look_up: controlled,
            listen: false,
        }
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

    async fn fetch(
        &self,
        call: &ExternalId,
        recording: &Recording,
        into: &mut dyn Sink,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        let control = self
            .control("fetch recording")
            .map_err(|error| FetchError { fault: Fault::Forbidden, ..error.into() })?;
        let gone = match control.fetch(recording, into, limit).await {
            Err(error) if may_have_expired(error.fault) => error,
            fetched => return fetched,
        };
        match renewed(control, call, recording).await? {
            Some(fresh) => control.fetch(&fresh, into, limit).await,
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
