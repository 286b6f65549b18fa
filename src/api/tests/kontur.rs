//! Kontur's calls: every spelling, every refusal, and the echo on all of them.

use domain::port::RemoteErrorKind;
use serde_json::json;

use super::*;

const COMMUNICATION: &str = "0d1f3a6e-5e8a-4f0e-9a52-5d2c0c6f7b11";
const USER: &str = "44d0c1f2-7d54-4c2f-8f0e-3f7a0b8d9e21";

#[track_caller]
fn check_refused(reply: &Reply, status: u16, word: &str, named: &str) {
    assert_eq!((reply.status, reply.body["status"].as_str()), (status, Some(word)), "{reply:?}");
    assert!(reply.body["message"].as_str().unwrap().contains(named), "{reply:?}");
    assert_eq!(reply.echo.as_deref(), Some("echo"));
}

#[track_caller]
fn check_ok(reply: &Reply) {
    assert_eq!(
        (reply.status, &reply.body, reply.echo.as_deref()),
        (200, &json!("OK"), Some("echo")),
        "{reply:?}"
    );
}

fn call() -> String {
    json!({"communicationId": COMMUNICATION, "fromUserId": USER, "clientPhone": "79997775533"}).to_string()
}

fn hang_up() -> String {
    json!({"realtimeCallItemId": "l1", "userId": USER}).to_string()
}

#[tokio::test]
async fn every_spelling_is_answered() {
    let server = Server::set_up().await;
    server.webhook("0 e1 c1 call.started\n1 e2 c1 leg.ringing l1").await.ok();
    for root in ["/kontur/acme", "/kontur"] {
        for (path, body) in
            [("/setup", ""), ("/setup", "{}"), ("/setup/upgrade", "what?"), ("/communications/sync", "")]
        {
            check_ok(&server.kontur(&format!("{root}{path}"), body).await);
        }
        for path in ["/call", "/communications/call"] {
            check_ok(&server.kontur(&format!("{root}{path}"), call()).await);
        }
        for path in ["/hangup", "/communications/hangup", &format!("/communications/{COMMUNICATION}/hangup")]
        {
            let reply = server.kontur(&format!("{root}{path}"), hang_up()).await;
            assert!(reply.status == 200 || reply.body["status"] == "notFound", "{path} {reply:?}");
            assert_eq!(reply.echo.as_deref(), Some("echo"));
        }
    }
    check_ok(&server.kontur("/api/v1/acme/communications/call", call()).await);
    check_ok(&server.kontur("/api/v1/acme/communications/hangup", hang_up()).await);
    assert_eq!(server.rig.remote.provider.dials().len(), 1, "repeats place no second call");
}

#[tokio::test]
async fn strangers_are_not_let_in() {
    let server = Server::set_up().await;
    let asked = async |path: &str, key: Option<&str>| {
        let request = server.client.post(path).header(ECHO, "echo");
        let request = if let Some(key) = key { request.header("X-XCOM-AccessKey", key) } else { request };
        Reply::to(request).await
    };
    check_refused(&asked("/kontur/acme/setup", None).await, 401, "unauthorized", "X-XCOM-AccessKey");
    check_refused(&asked("/kontur/acme/setup", Some("")).await, 401, "unauthorized", "X-XCOM-AccessKey");
    check_refused(
        &asked("/kontur/acme/call", Some("bad key")).await,
        401,
        "unauthorized",
        "X-XCOM-AccessKey",
    );
    check_refused(&asked("/kontur/setup", Some("bad key")).await, 401, "unauthorized", "no workspace");
    check_refused(&asked("/kontur/nobody/setup", Some(ACCESS_KEY)).await, 404, "notFound", "workspace");
    check_refused(&asked("/api/v1/nobody/communications/call", None).await, 404, "notFound", "workspace");
}

#[tokio::test]
async fn the_echo_comes_back_on_what_is_no_call_at_all() {
    let server = Server::set_up().await;
    for path in [
        "/kontur/acme/nothing",
        "/kontur/acme",
        "/kontur",
        "/api/v1/acme/setup",
        "/api/v1/a/b/c/d/e",
        "/kontur/%ff/setup",
    ] {
        check_refused(&server.kontur(path, "").await, 404, "notFound", "baseUrl");
    }
    for path in ["/kontur/acme/setup", "/api/v1/acme/communications/call"] {
        let reply = Reply::to(server.client.get(path).header(ECHO, "echo")).await;
        check_refused(&reply, 405, "methodNotAllowed", "POST");
    }
    for path in ["/kontur/acme/setup", "/kontur/acme/call", "/kontur/acme/hangup"] {
        let reply = server.kontur(path, "x".repeat(body::LIMIT + 1)).await;
        check_refused(&reply, 413, "tooLarge", "1048576");
    }
}

#[tokio::test]
async fn the_echo_is_kept_within_bounds() {
    let server = Server::set_up().await;
    let echoed = async |value: &str| {
        Reply::to(server.client.post("/kontur/acme/nothing").header(ECHO, value)).await.echo
    };
    assert_eq!(echoed(&"x".repeat(1024)).await.unwrap().len(), 1024);
    assert_eq!(echoed(&"x".repeat(1025)).await, None);
    assert_eq!(Reply::to(server.client.post("/kontur/acme/nothing")).await.echo, None);
}

#[tokio::test]
async fn wrong_bodies_are_refused_with_the_field() {
    let server = Server::set_up().await;
    let wrong = [
        ("/setup", "[1", "not JSON"),
        ("/setup", "[]", "JSON object"),
        ("/setup", r#"{"colour":1}"#, "colour"),
        ("/call", "", "not JSON"),
        ("/call", r#"{"communicationId":"7","fromUserId":"u"}"#, "communicationId"),
        ("/call", r#"{"communicationId":"0d1f3a6e-5e8a-4f0e-9a52-5d2c0c6f7b11"}"#, "fromUserId"),
        ("/hangup", "{}", "realtimeCallItemId"),
        ("/communications/7/hangup", r#"{"realtimeCallItemId":"l1"}"#, "GUID"),
    ];
    for (path, body, named) in wrong {
        check_refused(&server.kontur(&format!("/kontur/acme{path}"), body).await, 409, "invalidArgs", named);
    }
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let server = Server::start().await;
    check_refused(&server.kontur("/kontur/acme/call", call()).await, 409, "notConfigured", "setup");
    check_refused(
        &server.kontur("/kontur/acme/communications/sync", "").await,
        409,
        "notConfigured",
        "setup",
    );
    server.kontur("/kontur/acme/setup", "").await;
    check_refused(&server.kontur("/kontur/acme/hangup", hang_up()).await, 409, "notFound", "l1");
    let stranger = call().replace(USER, "somebody");
    check_refused(&server.kontur("/kontur/acme/call", stranger).await, 409, "notConfigured", "extension");
    server.rig.remote.provider.set_capabilities(domain::port::provider::Capabilities::default());
    check_refused(&server.kontur("/kontur/acme/call", call()).await, 409, "notSupported", "control_url");
}

#[tokio::test]
async fn trouble_that_may_pass_is_503() {
    let server = Server::set_up().await;
    server.rig.remote.provider.fail(Some(RemoteErrorKind::Unreachable));
    let reply = server.kontur("/kontur/acme/setup", "").await;
    check_refused(&reply, 503, "unavailable", "generic");
    assert_eq!(reply.retry_after.as_deref(), Some("5"));
    server.rig.remote.provider.fail(Some(RemoteErrorKind::Unauthorized));
    check_refused(&server.kontur("/kontur/acme/setup", "").await, 409, "notConfigured", "generic");
}
