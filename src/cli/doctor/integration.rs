//! One integration: Kontur, its telephony, its users, Workonflow and Metabot.

mod destination;
mod kontur;
mod provider;

use domain::instance::settings::InstanceSettings;
use domain::outbox::DestinationKind;
use domain::port::RemoteError;
use engine::instance::{Connect as _, Connections};
use url::Url;

use super::check::{Check, Subject};
use super::remote::{Keys, within};
use crate::wiring::Adapters;

/// An integration and where it is written down.
pub(super) struct Integration {
    pub(super) settings: InstanceSettings,
    pub(super) origin: Origin,
}

/// Where the settings are changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// In this file.
    File(String),
    /// In the database, through the admin API.
    AdminApi,
}

/// What the remote systems said.
struct Facts {
    kontur: kontur::Facts,
    provider: Result<(), RemoteError>,
    /// The provider can be called at all.
    has_control: bool,
    workonflow: Option<Result<(), RemoteError>>,
    metabot: Option<Result<(), RemoteError>>,
}

impl Integration {
    /// Its remote systems with their addresses, Kontur aside.
    pub(super) fn systems(&self) -> Vec<(&'static str, Url)> {
        let provider = provider::system(&self.settings.provider);
        let workonflow = self.settings.workonflow.as_ref().map(|one| ("workonflow", one.api_url.clone()));
        let metabot = self.settings.metabot.as_ref().map(|one| ("metabot", one.api_url.clone()));
        [provider, workonflow, metabot].into_iter().flatten().collect()
    }

    /// Asks all of its systems at once. `public_url` has no slash at its end.
    pub(super) async fn check(&self, adapters: &Adapters, public_url: &str) -> Vec<Check> {
        let mut rows = vec![provider::users(self)];
        rows.extend(provider::webhook_secret(self));
        match adapters.connect(&self.settings) {
            Ok(connections) => {
                let facts = self.ask(adapters, &connections).await;
                rows.extend(self.judge(&facts, adapters, public_url));
            }
            Err(wrong) => rows.push(self.unusable(&wrong)),
        }
        rows
    }

    async fn ask(&self, adapters: &Adapters, connections: &Connections) -> Facts {
        let kontur = adapters.kontur(&self.settings);
        let destination = async |kind: DestinationKind| {
            let destination = connections.destinations.get(&kind)?;
            Some(within(kind.word(), destination.check()).await)
        };
        let (kontur, provider, workonflow, metabot) = tokio::join!(
            kontur::look(&kontur),
            within(connections.provider.kind(), connections.provider.check()),
            destination(DestinationKind::Workonflow),
            destination(DestinationKind::Metabot),
        );
        let has_control = connections.provider.capabilities().dial;
        Facts { kontur, provider, has_control, workonflow, metabot }
    }

    fn judge(&self, facts: &Facts, adapters: &Adapters, public_url: &str) -> Vec<Check> {
        let mut rows = kontur::judge(self, adapters.kontur_url(), public_url, &facts.kontur);
        rows.push(provider::judge(self, facts.has_control, &facts.provider));
        rows.extend(facts.workonflow.iter().map(|answer| destination::workonflow(self, answer)));
        rows.extend(facts.metabot.iter().map(|answer| destination::metabot(self, answer)));
        rows
    }

    /// Settings that pass the checks of single keys and cannot be worked with all the same.
    fn unusable(&self, wrong: &str) -> Check {
        let key = wrong.split(':').next().unwrap_or_default();
        self.subject("integration").red(wrong, format!("correct {}", self.key(key)))
    }

    fn subject(&self, name: &'static str) -> Subject {
        Subject::new(name, self.settings.workspace.as_str())
    }

    /// A key of this integration and where it is changed.
    fn key(&self, key: &str) -> String {
        let workspace = &self.settings.workspace;
        match &self.origin {
            Origin::File(file) => format!("integration.{key} of workspace {workspace} in {file}"),
            Origin::AdminApi => format!("{key} (PUT /admin/v1/integrations/{workspace})"),
        }
    }

    fn keys(&self, url: &str, credentials: &str) -> Keys {
        Keys { url: self.key(url), credentials: self.key(credentials) }
    }
}
