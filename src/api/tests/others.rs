//! Workonflow's events, health, metrics, and what is nowhere.

use serde_json::json;

use super::*;

fn with_workonflow() -> InstanceSettings {
    let workonflow = json!({
        "api_url": "https://workonflow.test", "team_id": "t", "api_key": "k", "secret_key": "s", "stream_id": "s",
        "status_id": "s", "events_token": "unguessable",
    });
    InstanceSettings { workonflow: Some(serde_json::from_value(workonflow).unwrap()), ..settings("acme") }
}

#[tokio::test]
async fn workonflow_has_to_know_the_token() {
    let server = Server::with(vec![with_workonflow(), settings("other")]).await;
    let told = async |path: &str, body: &'static str| Reply::to(server.client.post(path).body(body)).await;
    let event = r#"{"eventType":"Сomment.created","teamId":"t"}"#;
    assert_eq!(told("/workonflow/acme/unguessable", event).await.status, 200);
    assert_eq!(told("/workonflow/acme/unguessable", r#"{"eventType":"Never.heard"}"#).await.status, 200);
    assert_eq!(told("/workonflow/acme/unguessable", "not JSON").await.problem(), (400, "invalid"));
    for path in ["/workonflow/acme/guess", "/workonflow/other/unguessable", "/workonflow/nobody/unguessable"]
    {
        assert_eq!(told(path, event).await.problem(), (404, "not-found"), "{path}");
    }
}

#[tokio::test]
async fn orchestrators_are_answered_without_a_token() {
    let server = Server::start().await;
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n"), ("/metrics", "metrics\n")] {
        let reply = Reply::to(server.client.get(path)).await;
        assert_eq!((reply.status, reply.body), (200, json!(text)), "{path}");
    }
    assert_eq!(Reply::to(server.client.get("/nowhere")).await.problem(), (404, "not-found"));
}

#[tokio::test]
async fn who_is_answered_last_is_asked_to_come_back_on_another_connection() {
    let stop = CancellationToken::new();
    let answering = poem::endpoint::make_sync(|_| Response::default());
    let client = TestClient::new(answering.with(Farewell(stop.clone())));
    client.get("/").send().await.assert_header_is_not_exist("connection");
    stop.cancel();
    client.get("/").send().await.assert_header("connection", "close");
}

#[tokio::test]
async fn a_panic_is_a_problem_and_keeps_the_echo() {
    let panicking = || poem::endpoint::make_sync(|_| -> Response { panic!("made to panic") });
    let others = TestClient::new(panicking().with(problem::Problems));
    assert_eq!(Reply::to(others.get("/")).await.problem(), (500, "internal"));
    let kontur = TestClient::new(panicking().with(crate::api::kontur::Echo));
    let reply = Reply::to(kontur.post("/").header(ECHO, "echo")).await;
    assert_eq!((reply.status, reply.echo.as_deref()), (500, Some("echo")));
    assert_eq!(reply.body["status"], "internalError");
}
