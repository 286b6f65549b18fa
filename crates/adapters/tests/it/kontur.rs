//! Kontur: what is asked of it, and what is made of each answer.

mod access;
mod api;
mod deliveries;
mod doubts;
mod instance;
mod recordings;
mod story;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use adapters::destination::kontur::KonturInstance;
use adapters::destination::kontur::client::Client;
use domain::clock::{Clock, Timestamp};
use domain::instance::settings::InstanceSettings;
use domain::port::recordings::Recordings;
use mockito::{Mock, Server, ServerGuard};
use serde_json::{Value, json};
use simulators::journal::Journal;
use simulators::kontur::{Kontur, WorkspaceSetup};
use uuid::Uuid;

use crate::shelf::Shelf;

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

fn instance_at(url: &str, recordings: Option<Arc<dyn Recordings>>) -> KonturInstance {
    let url = url.parse().expect("a URL");
    KonturInstance::new(http(), url, &settings("private"), ManualClock::new(), recordings)
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
    shelf: Arc<Shelf>,
}

impl Simulated {
    async fn start() -> Self {
        let journal = Journal::new();
        let kontur = Kontur::start(&journal).await.expect("starts");
        install(&kontur);
        let shelf = Shelf::new();
        let adapter = instance_at(kontur.url(), Some(Arc::clone(&shelf) as Arc<dyn Recordings>));
        Self { kontur, journal, adapter, shelf }
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
