//! The composition root: configuration → clients → engine → routes. The only place that names concrete adapters.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adapters::destination::kontur::KonturInstance;
use adapters::destination::kontur::client::Client as KonturClient;
use adapters::destination::metabot::Metabot;
use adapters::destination::workonflow::Workonflow;
use adapters::provider::asterisk::Asterisk;
use adapters::provider::generic::Generic;
use adapters::spool::{Spool, SpoolOptions};
use anyhow::Context;
use domain::clock::{Clock, SystemClock};
use domain::instance::settings::{InstanceSettings, ProviderSettings};
use domain::outbox::DestinationKind;
use domain::port::crash::CrashPoints;
use domain::port::destination::Destination;
use domain::port::provider::SharedProvider;
use domain::port::recordings::Recordings;
use domain::secret::Secret;
use engine::instance::{Connect, Connections};
use engine::vault::Vault;
use engine::{Engine, EngineOptions, SystemChance};
use metrics_exporter_prometheus::PrometheusHandle;
use storage::{Address, Place, Store, StoreOptions};
use url::Url;

use crate::api::ApiState;
use crate::config::{self, Config, DeclaredIntegration};

/// Remote systems that take longer than this are given up for this attempt.
const REMOTE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes connections with the adapters of this build.
pub(crate) struct Adapters {
    http: reqwest::Client,
    /// For recordings at other hosts than the telephony's; made when an integration names one.
    public: OnceLock<reqwest::Client>,
    spool: Arc<Spool>,
    kontur_url: Url,
    clock: Arc<dyn Clock>,
}

impl Adapters {
    /// Adapters that share one HTTP client.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let http = adapters::http::client(REMOTE_TIMEOUT).context("the HTTP client cannot be made")?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let spool = Spool::new(spool_options(config)?, Arc::clone(&clock));
        let kontur_url = config.kontur.api_url.clone();
        Ok(Self { http, public: OnceLock::new(), spool, kontur_url, clock })
    }

    /// The client that all adapters share.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The base URL of Kontur.
    pub(crate) fn kontur_url(&self) -> &Url {
        &self.kontur_url
    }

    /// Kontur's API as an instance calls it, for questions that the engine never asks.
    pub(crate) fn kontur(&self, settings: &InstanceSettings) -> KonturClient {
        KonturClient::new(self.http.clone(), self.kontur_url.clone(), settings, Arc::clone(&self.clock))
    }

    fn provider(&self, settings: &InstanceSettings) -> Result<SharedProvider, String> {
        match &settings.provider {
            ProviderSettings::Generic(generic) => {
                let public = (!generic.recording_hosts.is_empty()).then(|| self.public()).transpose()?;
                let provider = Generic::new(generic, settings.country, self.http.clone(), public);
                Ok(Arc::new(provider.map_err(|error| format!("provider.webhook_secret: {error}"))?))
            }
            ProviderSettings::Asterisk(asterisk) => {
                let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
                let provider = Asterisk::new(asterisk, settings.country, settings.time_zone, http, clock);
                Ok(Arc::new(provider.map_err(|error| format!("provider.{error}"))?))
            }
        }
    }

    fn public(&self) -> Result<reqwest::Client, String> {
        if let Some(made) = self.public.get() {
            return Ok(made.clone());
        }
        let made = adapters::http::public_client(REMOTE_TIMEOUT).map_err(|error| error.to_string())?;
        Ok(self.public.get_or_init(|| made).clone())
    }
}

impl Connect for Adapters {
    fn connect(&self, settings: &InstanceSettings) -> Result<Connections, String> {
        let provider = self.provider(settings)?;
        let recordings = self.spool.of(settings.workspace.clone(), Arc::clone(&provider));
        let recordings: Arc<dyn Recordings> = Arc::new(recordings);
        let kontur = Arc::new(KonturInstance::new(
            self.http.clone(),
            self.kontur_url.clone(),
            settings,
            Arc::clone(&self.clock),
            Some(Arc::clone(&recordings)),
        ));
        let to_kontur: Arc<dyn Destination> = kontur.clone();
        let mut destinations = BTreeMap::from([(DestinationKind::Kontur, to_kontur)]);
        if let Some(workonflow) = &settings.workonflow {
            let clock = Arc::clone(&self.clock);
            let recordings = Some(Arc::clone(&recordings));
            let made = Workonflow::new(self.http.clone(), workonflow, settings.time_zone, clock, recordings);
            let made = made.map_err(|error| format!("workonflow.{error}"))?;
            destinations.insert(DestinationKind::Workonflow, Arc::new(made));
        }
        if let Some(metabot) = &settings.metabot {
            destinations.insert(DestinationKind::Metabot, Arc::new(Metabot::new(self.http.clone(), metabot)));
        }
        Ok(Connections { provider, crm: kontur, recordings, destinations })
    }

    fn parse(&self, json: &Secret) -> Result<InstanceSettings, String> {
        let tree = serde_json::from_str(json.expose()).map_err(|error| error.to_string())?;
        config::parse_instance(&tree).map_err(|faults| {
            faults
                .iter()
                .map(|fault| format!("{}: {}", fault.path, fault.message))
                .collect::<Vec<_>>()
                .join("; ")
        })
    }
}

/// What a test or a bench changes in a server, and no configuration can.
#[derive(Default)]
pub(crate) struct Probes {
    /// Whoever listens at the points at which a process may die.
    pub(crate) crash_points: CrashPoints,
    /// Changes that one transaction takes at most; the store's own limit if not given.
    pub(crate) largest_batch: Option<usize>,
}

/// The engine on the configured database, with the configured instances.
pub(crate) async fn start_engine(config: &Config, probes: Probes) -> anyhow::Result<Arc<Engine>> {
    let place = database_place(&config.database_url)?;
    let Probes { crash_points, largest_batch } = probes;
    let options = StoreOptions::in_place(place.clone()).alone();
    let mut options = StoreOptions { crash_points: crash_points.clone(), ..options };
    options.largest_batch = largest_batch.unwrap_or(options.largest_batch);
    let store = Store::open(&options).with_context(|| format!("the database {place} cannot be opened"))?;
    let adapters = Adapters::new(config)?;
    adapters.spool.sweep_regularly();
    let options = EngineOptions {
        store,
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        connect: Arc::new(adapters),
        vault: Vault::new(config.encryption_key.as_ref().map(|key| *key.expose())),
        schedule: config.retry.clone(),
        limits: config.outbox,
        settle: config.settle,
        crash_points,
        patience: config.healing,
        unmapped_wait: config.unmapped_wait,
        replica: format!("{} (process {})", config.listen, std::process::id()),
        retention: config.retention,
    };
    let declared = config.integrations.iter().map(|declared| declared.settings.clone()).collect();
    Engine::start(options, declared).await.context("the engine cannot start")
}

/// What the API works with.
pub(crate) fn api_state(
    config: &Config,
    engine: Arc<Engine>,
    metrics: PrometheusHandle,
    bound: SocketAddr,
) -> ApiState {
    let shown = |declared: &DeclaredIntegration| {
        (declared.settings.workspace.as_str().to_owned(), declared.shown.clone())
    };
    ApiState {
        engine,
        admin_token: config.admin_token.clone(),
        declared: config.integrations.iter().map(shown).collect(),
        metrics: Arc::new(move || metrics.render()),
        public_url: config.public_url_at(bound),
    }
}

/// Beside the database, unless the configuration says otherwise.
fn spool_options(config: &Config) -> anyhow::Result<SpoolOptions> {
    let config::Recordings { folder, keep_hours, max_total_mb } = &config.recordings;
    let beside = || -> anyhow::Result<PathBuf> {
        let mut path = match database_place(&config.database_url)? {
            Place::File(path) => path.into_os_string(),
            Place::Postgres(_) => "kontur-telephony".into(),
        };
        path.push(".recordings");
        Ok(path.into())
    };
    Ok(SpoolOptions {
        folder: folder.clone().map_or_else(beside, Ok)?,
        keep: Duration::from_hours(*keep_hours),
        most_bytes: max_total_mb.saturating_mul(1024 * 1024),
    })
}

/// What a `sqlite://` or `postgres://` URL names; `sqlite:///a/b.db` is absolute. What is wrong with it is said without it.
pub(crate) fn database_place(url: &Secret) -> anyhow::Result<Place> {
    let text = url.expose();
    let place = match text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")) {
        Some("") => None,
        Some(file) => Some(Place::File(file.into())),
        None => Address::parse(url).ok().filter(|_| text.starts_with("postgres")).map(Place::Postgres),
    };
    place.context("expected sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME")
}

/// A database as people are told of it, without whoever is let in.
pub(crate) fn shown(place: &Place) -> String {
    match place {
        Place::File(path) => format!("sqlite://{}", path.display()),
        Place::Postgres(address) => format!("postgres://{address}"),
    }
}
