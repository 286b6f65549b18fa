//! Kontur's HTTP API as an integration calls it (contract Kontur §2-§5, §7). The access key is put on every request
//! and renewed once when it is refused.

mod callback;
mod feed;
mod file;
mod instance;

use std::sync::Arc;

use domain::clock::Clock;
use domain::id::{IntegrationId, Workspace};
use domain::instance::settings::InstanceSettings;
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use reqwest::RequestBuilder;
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::access::Access;
use crate::http::{Asked, Reply};

pub use self::callback::{Accepted, Caller};

/// The name in errors.
pub(super) const SYSTEM: &str = "kontur";

/// The client of one integration instance.
pub struct Client {
    http: reqwest::Client,
    api: Api,
    /// `.../{workspace}/communications/callbacks/telephony`: what goes out for each event.
    callbacks: Url,
    workspace: Workspace,
    integration: IntegrationId,
    access: Access,
    clock: Arc<dyn Clock>,
}

/// `{api_url}/api/v1`.
#[derive(Clone)]
pub(super) struct Api(Url);

impl Api {
    /// The URL of the path made of `segments`.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // Configuration takes only http and https; another URL cannot be sent to and is refused then.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(segments);
        }
        url
    }
}

impl Client {
    /// A client that has no access key yet and fetches one when it needs it.
    pub fn new(
        http: reqwest::Client,
        api_url: Url,
        settings: &InstanceSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let api = Api(api_url);
        let access = Access::new(http.clone(), api.clone(), settings, Arc::clone(&clock));
        let (workspace, integration) = (settings.workspace.clone(), settings.integration_id.clone());
        let callbacks = api.url(&[workspace.as_str(), "communications", "callbacks", "telephony"]);
        Self { http, api, callbacks, workspace, integration, access, clock }
    }

    /// Authorises anew (§2), with `secret` in place of the configured one; what works is used from then on.
    pub async fn authorise(&self, secret: Option<&Secret>) -> Result<(), RemoteError> {
        self.access.authorise(secret).await
    }

    /// The URL of a path within the workspace.
    fn url(&self, segments: &[&str]) -> Url {
        self.api.url(&[&[self.workspace.as_str()], segments].concat())
    }

    /// Sends what `request` builds, with an access key; once more with a new one if that is refused.
    async fn send(
        &self,
        asked: Asked,
        request: impl Fn() -> RequestBuilder + Send + Sync,
        limit: usize,
    ) -> Result<Reply, RemoteError> {
        let key = self.access.key(None).await.map_err(before_sending)?;
        let reply = asked.send_for(with_key(request(), &key), limit).await?;
        if reply.status != reqwest::StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        let fresh = self.access.key(Some(&key)).await.map_err(before_sending)?;
        asked.send_for(with_key(request(), &fresh), limit).await
    }
}

/// What is asked, for errors.
const fn asked(operation: &'static str) -> Asked {
    Asked { system: SYSTEM, operation }
}

/// No API call here is answered with more, files aside.
const REPLY_LIMIT: usize = 4 * 1024 * 1024;

fn with_key(request: RequestBuilder, key: &Secret) -> RequestBuilder {
    let Ok(mut value) = HeaderValue::from_str(key.expose()) else {
        // A key that no header can carry cannot be good; Kontur refuses the request without it.
        return request;
    };
    value.set_sensitive(true);
    request.header(HeaderName::from_static("x-xcom-accesskey"), value)
}

/// However the authorisation went wrong, the request itself was not sent, so that nothing can have come of it.
fn before_sending(error: RemoteError) -> RemoteError {
    let kind = match error.kind {
        kind @ (RemoteErrorKind::Unauthorized | RemoteErrorKind::RateLimited) => kind,
        _ => RemoteErrorKind::Unreachable,
    };
    RemoteError { kind, ..error }
}
