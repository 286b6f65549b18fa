//! Kontur: what is asked of it, and what is made of each answer.

mod access;
mod api;
mod deliveries;
mod doubts;
mod instance;
mod recordings;
mod story;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::destination::kontur::KonturInstance;
use adapters::destination::kontur::client::Client;
use async_trait::async_trait;
use bytes::Bytes;
use domain::call::event::{CallEvent, Recording};
use domain::call::past::PastCall;
use domain::clock::{Clock, Timestamp};
use domain::id::{ExternalId, LegId};
use domain::instance::settings::InstanceSettings;
use domain::port::provider::{
    Audio, Capabilities, DialRequest, HistoryPage, Provider, SharedProvider, WebhookError, WebhookRequest,
    Window,
};
use domain::port::{RemoteError, RemoteErrorKind};
use mockito::{Mock, Server, ServerGuard};
use serde_json::{Value, json};
use simulators::journal::Journal;
use simulators::kontur::{Kontur, WorkspaceSetup};
use uuid::Uuid;

const INTEGRATION: Uuid = Uuid::from_u128(0x6838_aaaa_0000_4000_8000_0000_0000_ed82);
const USER: &str = "44d00000-0000-4000-8000-000000000101";
const PRIVATE: &str = "/api/v1/authorization/authorize-private-integration";
const CALLBACKS: &str = "/api/v1/acme/communications/callbacks/telephony";

/// The first moment of all tests here.
const START: Timestamp = Timestamp::from_micros(1_795_330_800_000_000);

/// A clock moved by hand.
struct ManualClock(AtomicI64);

impl ManualClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(START.micros())))
    }

    fn advance(&self, by: Duration) {
        self.0.store(self.now().plus(by).micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

fn settings(kind: &str) -> InstanceSettings {
    let declared = json!({
        "workspace": "acme", "integration_id": INTEGRATION, "kind": kind, "api_key": "api-key",
        "secret_key": "s3cret", "provider": {"kind": "generic", "webhook_secret": "whsec_AAECAw=="}
    });
    serde_json::from_value(declared).expect("valid settings")
}

fn http() -> reqwest::Client {
    adapters::http::client(Duration::from_secs(5)).expect("a client")
}

fn instance_at(url: &str, audio: Option<SharedProvider>) -> KonturInstance {
    let url = url.parse().expect("a URL");
    KonturInstance::new(http(), url, &settings("private"), ManualClock::new(), audio)
}

/// A Kontur whose every answer the test writes.
struct Scripted {
    server: ServerGuard,
    clock: Arc<ManualClock>,
}

impl Scripted {
    async fn start() -> Self {
        Self { server: Server::new_async().await, clock: ManualClock::new() }
    }

    fn client(&self, kind: &str) -> Client {
        let url = self.server.url().parse().expect("a URL");
        Client::new(http(), url, &settings(kind), Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    fn instance(&self) -> KonturInstance {
        instance_at(&self.server.url(), None)
    }

    /// Authorises `times` times, with the keys `key-1`, `key-2`, ….
    fn authorises(&mut self, times: usize) -> Mock {
        let given = AtomicUsize::new(0);
        let body = move |_: &mockito::Request| {
            let key = format!("key-{}", given.fetch_add(1, Ordering::SeqCst) + 1);
            json!({"workspace": {"name": "acme"}, "integrationInstance": {}, "accessKey": key})
                .to_string()
                .into()
        };
        self.server
            .mock("POST", PRIVATE)
            .match_header("x-xcom-integration-apikey", "api-key")
            .with_body_from_request(body)
            .expect(times)
            .create()
    }

    /// Answers a request that carries `key`.
    fn answers(&mut self, method: &str, path: &str, key: &str, status: usize, body: &Value) -> Mock {
        let mock = self.server.mock(method, path).match_header("x-xcom-accesskey", key);
        mock.with_status(status).with_body(body.to_string())
    }
}

/// The workspace `acme`, with nothing in it yet.
fn install(kontur: &Kontur) {
    let mut setup = WorkspaceSetup::private("acme", INTEGRATION, "api-key", "http://127.0.0.1:9/kontur/acme");
    setup.users = vec![USER.parse().expect("a GUID")];
    kontur.add_workspace(setup);
}

/// A simulated Kontur with the workspace `acme`, and the adapter under test.
struct Simulated {
    kontur: Kontur,
    journal: Journal,
    adapter: KonturInstance,
    audio: Arc<Tape>,
}

impl Simulated {
    async fn start() -> Self {
        let journal = Journal::new();
        let kontur = Kontur::start(&journal).await.expect("starts");
        install(&kontur);
        let audio = Arc::new(Tape::default());
        let adapter = instance_at(kontur.url(), Some(Arc::clone(&audio) as SharedProvider));
        Self { kontur, journal, adapter, audio }
    }

    /// The only communication there is.
    fn communication(&self) -> simulators::kontur::Communication {
        let mut all = self.kontur.communications("acme");
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[track_caller]
    fn assert_legal(&self) {
        assert_eq!(self.journal.violations(), Vec::<String>::new());
    }
}

/// A provider that is only asked for recordings.
#[derive(Default)]
struct Tape {
    /// Fetching fails while set.
    torn: Mutex<bool>,
}

impl Tape {
    fn tear(&self, torn: bool) {
        *self.torn.lock().expect("no panic") = torn;
    }
}

fn not_asked<T>() -> Result<T, RemoteError> {
    Err(RemoteError::new("tape", "anything", RemoteErrorKind::Rejected, "only has recordings"))
}

#[async_trait]
impl Provider for Tape {
    fn kind(&self) -> &'static str {
        "tape"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn verify(&self, _request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        Ok(())
    }

    fn parse(&self, _body: &[u8]) -> Result<Vec<CallEvent>, WebhookError> {
        Ok(Vec::new())
    }

    async fn dial(&self, _request: &DialRequest) -> Result<ExternalId, RemoteError> {
        not_asked()
    }

    async fn hang_up(&self, _call: &ExternalId, _leg: &LegId) -> Result<(), RemoteError> {
        not_asked()
    }

    async fn history(&self, _window: Window, _cursor: Option<&str>) -> Result<HistoryPage, RemoteError> {
        not_asked()
    }

    async fn call(&self, _call: &ExternalId) -> Result<PastCall, RemoteError> {
        not_asked()
    }

    async fn recording(
        &self,
        _call: &ExternalId,
        recording: &Recording,
        _limit: u64,
    ) -> Result<Audio, RemoteError> {
        if *self.torn.lock().expect("no panic") {
            let kind = RemoteErrorKind::Unauthorized;
            return Err(RemoteError::new("tape", "recording", kind, "answered 401"));
        }
        let file_name = format!("{}.mp3", recording.leg);
        Ok(Audio { bytes: Bytes::from_static(b"hello"), content_type: "audio/mpeg".to_owned(), file_name })
    }

    async fn check(&self) -> Result<(), RemoteError> {
        Ok(())
    }
}
