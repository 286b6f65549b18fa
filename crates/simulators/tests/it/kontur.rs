//! Kontur: what it accepts, what it refuses, what it notes as a breach of the contract.

mod callbacks;
mod crm;
mod deletions;
mod files;
mod instances;
mod order;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use simulators::journal::Journal;
use simulators::kontur::{Kontur, WorkspaceSetup};
use uuid::Uuid;

const INTEGRATION: Uuid = Uuid::from_u128(0x6838_aaaa_0000_4000_8000_0000_0000_ed82);
const USER: Uuid = Uuid::from_u128(0x44d0_0000_0000_4000_8000_0000_0000_0101);

/// A Kontur with one workspace, and an integration that holds an access key.
pub(crate) struct World {
    pub(crate) kontur: Kontur,
    pub(crate) journal: Journal,
    pub(crate) http: Client,
    key: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_for("http://127.0.0.1:9/kontur/acme").await
    }

    async fn start_for(base_url: &str) -> Self {
        let journal = Journal::new();
        let kontur = Kontur::start(&journal).await.expect("starts");
        let mut setup = WorkspaceSetup::private("acme", INTEGRATION, "api-key", base_url);
        setup.users = vec![USER];
        kontur.add_workspace(setup);
        let http = simulators::http::client().expect("client");
        let mut world = Self { kontur, journal, http, key: String::new() };
        world.authorize().await;
        world
    }

    async fn authorize(&mut self) {
        let path = "authorization/authorize-private-integration";
        let url = format!("{}/api/v1/{path}", self.kontur.url());
        let request = self.http.post(url).header("X-XCOM-Integration-ApiKey", "api-key");
        let (status, body) = read(request.send().await.expect("answer")).await;
        assert_eq!(status, 200, "{body}");
        body["accessKey"].as_str().expect("a key").clone_into(&mut self.key);
    }

    /// A request inside the workspace, with the access key.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/acme/{path}", self.kontur.url());
        self.http.request(method, url).header("X-XCOM-AccessKey", &self.key)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path).send().await.expect("answer")).await
    }

    pub(crate) async fn try_callback(&self, name: &str, body: &Value) -> reqwest::Result<Response> {
        let path = format!("communications/callbacks/telephony/{name}");
        self.request(Method::POST, &path).json(body).send().await
    }

    pub(crate) async fn callback(&self, name: &str, body: &Value) -> (u16, Value) {
        read(self.try_callback(name, body).await.expect("answer")).await
    }

    /// A callback that has to be accepted.
    async fn accepted(&self, name: &str, body: &Value) -> Value {
        let (status, reply) = self.callback(name, body).await;
        assert_eq!(status, 200, "{name}: {reply}");
        reply
    }

    /// Starts a call and returns its communication.
    async fn start_call(&self, external_id: &str) -> Uuid {
        let communication = self.accepted("call-started", &started(external_id)).await;
        communication["id"].as_str().and_then(|id| id.parse().ok()).expect("a GUID")
    }
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("text");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn started(external_id: &str) -> Value {
    json!({
        "timestamp": "2026-11-22T10:00:00.120+03:00", "externalId": external_id,
        "externalVatsPhone": "79229929292", "clientPhone": "79997775533", "direction": "inbound"
    })
}

fn event(communication: Uuid, kind: &str) -> Value {
    json!({
        "communicationId": communication, "externalId": "ext-1", "externalCallItemId": "ext-1-1",
        "realtimeCallItemId": "ext-1-1", "timestamp": "2026-11-22T10:00:03.120+03:00", "type": kind,
        "from": {"type": "client"}, "to": {"type": "user", "userId": USER}
    })
}

fn finished(communication: Uuid) -> Value {
    let mut body = started("ext-1");
    body["communicationId"] = json!(communication);
    body
}

fn registered(communication: Option<Uuid>, external_id: &str) -> Value {
    let mut body = json!({
        "externalVatsPhone": "79229929292", "clientPhone": "79997775533",
        "items": [{
            "id": format!("{external_id}-1"), "from": {"type": "client"}, "to": {"type": "user", "userId": USER},
            "recordings": [], "startedAt": "2026-11-22T10:00:03+03:00", "finishedAt": "2026-11-22T10:01:03+03:00"
        }],
        "externalCreatedAt": "2026-11-22T10:00:00+03:00", "externalId": external_id, "direction": "inbound"
    });
    if let Some(id) = communication {
        body["communicationId"] = json!(id);
    }
    body
}

#[tokio::test]
async fn only_good_credentials_get_a_key_and_only_a_good_key_opens_the_workspace() {
    let world = World::start().await;
    let authorize = |path: &str, key: &str, secret: &str| {
        let url = format!("{}/api/v1/authorization/{path}", world.kontur.url());
        let request = world.http.post(url).header("X-XCOM-Integration-ApiKey", key);
        request.header("X-XCOM-Integration-Secret", secret).send()
    };
    let answer = read(authorize("authorize-private-integration", "wrong", "").await.expect("answer")).await;
    assert_eq!(answer, (401, json!("Unauthorized")));
    let answer =
        read(authorize("authorize-integration", "api-key", "secretKey=s").await.expect("answer")).await;
    assert_eq!(answer.0, 401, "private credentials are no public ones");
    assert_eq!(world.get(&format!("integrations/instances/{INTEGRATION}")).await.0, 200);
    world.kontur.expire_keys("acme");
    let answer = world.get(&format!("integrations/instances/{INTEGRATION}")).await;
    assert_eq!(answer, (401, json!("Unauthorized")));
    world.kontur.set_installed("acme", false);
    let answer = read(authorize("authorize-private-integration", "api-key", "").await.expect("answer")).await;
    assert_eq!(answer, (409, json!({"status": "notInstalled", "message": "Integration not installed"})));
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_public_integration_is_authorised_by_key_and_secret() {
    let world = World::start().await;
    let credentials = simulators::kontur::Credentials::Public { api_key: "k".into(), secret_key: "s".into() };
    world.kontur.set_credentials("acme", credentials);
    let url = format!("{}/api/v1/authorization/authorize-integration", world.kontur.url());
    let with = |secret: &str| {
        world
            .http
            .post(&url)
            .header("X-XCOM-Integration-ApiKey", "k")
            .header("X-XCOM-Integration-Secret", secret)
    };
    assert_eq!(read(with("secretKey=s").send().await.expect("answer")).await.0, 200);
    assert_eq!(
        read(with("s").send().await.expect("answer")).await.0,
        401,
        "the value alone is not the header"
    );
}

#[tokio::test]
async fn a_key_of_one_workspace_does_not_open_another() {
    let world = World::start().await;
    let setup = WorkspaceSetup::private("other", INTEGRATION, "other-key", "http://127.0.0.1:9");
    world.kontur.add_workspace(setup);
    let url = format!("{}/api/v1/other/integrations/instances/{INTEGRATION}", world.kontur.url());
    let answer =
        read(world.http.get(url).header("X-XCOM-AccessKey", &world.key).send().await.expect("answer")).await;
    assert_eq!(answer.0, 401);
}

#[tokio::test]
async fn a_path_that_does_not_exist_is_a_violation() {
    let world = World::start().await;
    let (status, _) = world.get("communications/nonsense").await;
    assert_eq!(status, 404);
    assert_eq!(world.journal.violations().len(), 1, "{:?}", world.journal.violations());
}

#[test]
fn the_document_shows_every_operation() {
    let document = simulators::kontur::openapi();
    for path in [
        "call-started",
        "register-call",
        "/{ws}/files",
        "authorize-integration",
        "instances/{id}",
        "/{ws}/events",
    ] {
        assert!(document.contains(path), "{path} is missing in\n{document}");
    }
    assert!(document.contains("format: phone"), "formats are part of the document");
}
