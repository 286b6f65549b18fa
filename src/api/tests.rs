//! The routes with an engine among fakes behind them.

mod admin;
mod document;
mod kontur;
mod others;
mod telephony;

use domain::instance::settings::InstanceSettings;
use poem::http::StatusCode;
use poem::test::{TestClient, TestRequestBuilder, TestResponse};
use serde_json::Value;
use testkit::{ACCESS_KEY, Rig, settings};

use super::*;

const TOKEN: &str = "the administrators' token";
const ECHO: &str = "X-XCOM-Integration-Echo";

/// A server in the test's own process.
struct Server {
    rig: Rig,
    client: TestClient<poem::endpoint::BoxEndpoint<'static, Response>>,
}

/// A reply, read whole.
#[derive(Debug)]
struct Reply {
    status: u16,
    retry_after: Option<String>,
    echo: Option<String>,
    body: Value,
}

impl Server {
    async fn start() -> Self {
        Self::with(vec![settings("acme")]).await
    }

    async fn with(declared: Vec<InstanceSettings>) -> Self {
        let shown =
            declared.iter().map(|one| (one.workspace.to_string(), serde_json::json!({"api_key": "***"})));
        let shown = shown.collect();
        let rig = Rig::start(declared).await;
        let state = ApiState {
            engine: Arc::clone(&rig.engine),
            admin_token: Secret::new(TOKEN),
            declared: shown,
            metrics: Arc::new(|| "metrics\n".to_owned()),
            public_url: "https://telephony.test".to_owned(),
        };
        let client = TestClient::new(routes(state, CancellationToken::new()).boxed());
        Self { rig, client }
    }

    /// One that is set up.
    async fn set_up() -> Self {
        let server = Self::start().await;
        assert_eq!(server.kontur("/kontur/acme/setup", "").await.status, 200);
        server
    }

    /// A call of Kontur with a good key and an echo.
    async fn kontur(&self, path: &str, body: impl Into<String>) -> Reply {
        let request = self.client.post(path).header(ECHO, "echo").header("X-XCOM-AccessKey", ACCESS_KEY);
        Reply::to(request.body(body.into())).await
    }

    /// A signed webhook.
    async fn webhook(&self, body: &'static str) -> Reply {
        let request = self.client.post("/telephony/acme/generic").header(testkit::SIGNATURE, testkit::SIGNED);
        Reply::to(request.body(body)).await
    }

    async fn get(&self, path: &str) -> Reply {
        Reply::to(as_admin(self.client.get(path))).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::to(as_admin(self.client.post(path)).body_json(&body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Reply {
        Reply::to(as_admin(self.client.put(path)).body_json(&body)).await
    }
}

fn as_admin<E: Endpoint>(request: TestRequestBuilder<'_, E>) -> TestRequestBuilder<'_, E> {
    request.header("Authorization", format!("Bearer {TOKEN}"))
}

impl Reply {
    async fn to<E: Endpoint>(request: TestRequestBuilder<'_, E>) -> Self {
        Self::of(request.send().await).await
    }

    async fn of(response: TestResponse) -> Self {
        let header = |name: &str| response.0.header(name).map(str::to_owned);
        let (status, retry_after, echo) = (response.0.status(), header("retry-after"), header(ECHO));
        let body = response.0.into_body().into_bytes().await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
        Self { status: status.as_u16(), retry_after, echo, body }
    }

    /// The body of a reply that is no error.
    #[track_caller]
    fn ok(self) -> Value {
        assert!(StatusCode::from_u16(self.status).unwrap().is_success(), "{self:?}");
        self.body
    }

    /// A problem: its status and the last part of its type.
    #[track_caller]
    fn problem(&self) -> (u16, &str) {
        assert_eq!(self.body["status"], self.status, "{self:?}");
        let kind = self.body["type"].as_str().unwrap_or_default();
        (self.status, kind.strip_prefix("urn:kontur-telephony:problem:").unwrap_or(kind))
    }
}
