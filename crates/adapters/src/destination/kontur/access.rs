//! The access key of the integration in its workspace (contract Kontur §2): fetched with the integration's own
//! credentials, held in memory only, renewed before it expires. However many ask at once, one request is made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::instance::settings::{InstanceSettings, IntegrationKind};
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Mutex;

use super::client::{Api, SYSTEM};
use super::judge::judge;
use super::wire::Authorised;
use crate::http::Asked;

/// Kontur's keys live 20 minutes; the rest is for requests under way and for clocks that differ.
const RENEWED_AFTER: Duration = Duration::from_mins(18);

const ASKED: Asked = Asked { system: SYSTEM, operation: "authorise" };

/// The key, and how a new one is had.
pub(super) struct Access {
    http: reqwest::Client,
    api: Api,
    kind: IntegrationKind,
    api_key: Secret,
    configured_secret: Option<Secret>,
    clock: Arc<dyn Clock>,
    /// How many authorisations have come to an end. Read before queueing for `held`, it tells whether one ended
    /// while queueing.
    ended: AtomicU64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    key: Option<(Secret, Timestamp)>,
    /// The secret that last worked in place of the configured one.
    secret: Option<Secret>,
    /// Why the last authorisation failed, if it did.
    failure: Option<RemoteError>,
}

impl Access {
    pub(super) fn new(
        http: reqwest::Client,
        api: Api,
        settings: &InstanceSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            http,
            api,
            kind: settings.kind,
            api_key: settings.api_key.clone(),
            configured_secret: settings.secret_key.clone(),
            clock,
            ended: AtomicU64::new(0),
            held: Mutex::default(),
        }
    }

    /// A key that should work; another one than `refused`, which did not.
    pub(super) async fn key(&self, refused: Option<&Secret>) -> Result<Secret, RemoteError> {
        let ended = self.ended.load(Ordering::Acquire);
        let mut held = self.held.lock().await;
        if let Some(key) = held.usable(self.clock.now(), refused) {
            return Ok(key.clone());
        }
        let failed_meanwhile = held.failure.as_ref().filter(|_| self.ended.load(Ordering::Acquire) != ended);
        if let Some(failure) = failed_meanwhile {
            return Err(failure.clone());
        }
        let secret = held.secret.clone().or_else(|| self.configured_secret.clone());
        self.renew(&mut held, secret.as_ref()).await
    }

    /// Authorises anew, with `secret` in place of the configured one; what works is used from then on.
    pub(super) async fn authorise(&self, secret: Option<&Secret>) -> Result<(), RemoteError> {
        let mut held = self.held.lock().await;
        self.renew(&mut held, secret.or(self.configured_secret.as_ref())).await?;
        held.secret = secret.cloned();
        Ok(())
    }

    async fn renew(&self, held: &mut Held, secret: Option<&Secret>) -> Result<Secret, RemoteError> {
        let asked_at = self.clock.now();
        let renewed = self.ask(secret).await;
        if let Ok(key) = &renewed {
            held.key = Some((key.clone(), asked_at.plus(RENEWED_AFTER)));
        }
        held.failure = renewed.as_ref().err().cloned();
        self.ended.fetch_add(1, Ordering::Release);
        renewed
    }

    async fn ask(&self, secret: Option<&Secret>) -> Result<Secret, RemoteError> {
        let path = match self.kind {
            IntegrationKind::Private => "authorize-private-integration",
            IntegrationKind::Public => "authorize-integration",
        };
        let request =
            self.http.post(self.api.url(&["authorization", path])).headers(self.credentials(secret)?);
        let reply = ASKED.send(request).await?;
        let authorised: Authorised = judge(ASKED, reply).map_err(credentials_refused)?.json(ASKED)?;
        Ok(authorised.access_key)
    }

    fn credentials(&self, secret: Option<&Secret>) -> Result<HeaderMap, RemoteError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-xcom-integration-apikey"),
            secret_header("api_key", self.api_key.expose())?,
        );
        if self.kind == IntegrationKind::Public {
            let secret = secret.ok_or_else(|| {
                unusable("a public integration needs its secret_key; set it, or give SecretKey in setup")
            })?;
            let value = secret_header("secret_key", &format!("secretKey={}", secret.expose()))?;
            headers.insert(HeaderName::from_static("x-xcom-integration-secret"), value);
        }
        Ok(headers)
    }
}

impl Held {
    fn usable(&self, now: Timestamp, refused: Option<&Secret>) -> Option<&Secret> {
        let (key, until) = self.key.as_ref()?;
        (now < *until && refused != Some(key)).then_some(key)
    }
}

fn secret_header(name: &str, value: &str) -> Result<HeaderValue, RemoteError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| {
        unusable(&format!("{name} has characters that no HTTP header can carry; look for a line break"))
    })?;
    header.set_sensitive(true);
    Ok(header)
}

fn unusable(message: &str) -> RemoteError {
    RemoteError::new(SYSTEM, ASKED.operation, RemoteErrorKind::Unauthorized, message)
}

/// However Kontur words it (401, 409 `notInstalled`), a refusal here is one of our credentials. A bare 404 is not: the
/// URL is wrong.
fn credentials_refused(error: RemoteError) -> RemoteError {
    let refused = error.kind == RemoteErrorKind::Rejected || error.status == Some(409);
    let kind = if refused { RemoteErrorKind::Unauthorized } else { error.kind };
    RemoteError { kind, ..error }
}
