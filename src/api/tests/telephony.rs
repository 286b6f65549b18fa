//! Webhooks of the providers.

use serde_json::json;

use super::*;

const RING: &str = "0 e1 c1 call.started\n1 e2 c1 leg.ringing l1";

#[tokio::test]
async fn events_are_counted_once() {
    let server = Server::set_up().await;
    assert_eq!(server.webhook(RING).await.ok(), json!({"accepted": 2, "duplicates": 0}));
    assert_eq!(server.webhook(RING).await.ok(), json!({"accepted": 0, "duplicates": 2}));
    let more =
        server.client.post("/telephony/acme/generic/and/more").header(testkit::SIGNATURE, testkit::SIGNED);
    assert_eq!(Reply::to(more.body(RING)).await.ok(), json!({"accepted": 0, "duplicates": 2}));
}

#[tokio::test]
async fn each_fault_is_named_and_nothing_counts() {
    let server = Server::set_up().await;
    let reply = server.webhook("0 e1 c1 call.started\nnonsense").await;
    assert_eq!(reply.problem(), (400, "invalid"));
    assert_eq!(reply.body["errors"], json!([{"index": 1, "field": "line", "message": "is no event"}]));
    assert_eq!(server.get("/admin/v1/calls").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn strangers_and_strange_addresses_are_refused() {
    let server = Server::set_up().await;
    let sent = async |path: &str, signature: &str, body: String| {
        Reply::to(server.client.post(path).header(testkit::SIGNATURE, signature).body(body)).await
    };
    let ring = || RING.to_owned();
    assert_eq!(sent("/telephony/acme/generic", "wrong", ring()).await.problem(), (401, "unauthorized"));
    assert_eq!(
        sent("/telephony/nobody/generic", testkit::SIGNED, ring()).await.problem(),
        (404, "not-found")
    );
    assert_eq!(sent("/telephony/acme/mango", testkit::SIGNED, ring()).await.problem(), (404, "not-found"));
    assert_eq!(sent("/telephony/acme", testkit::SIGNED, ring()).await.problem(), (404, "not-found"));
    let long = "x".repeat(body::LIMIT + 1);
    assert_eq!(sent("/telephony/acme/generic", testkit::SIGNED, long).await.problem(), (413, "too-large"));
    let got = Reply::to(server.client.get("/telephony/acme/generic")).await;
    assert_eq!(got.problem(), (405, "method-not-allowed"));
}

#[tokio::test]
async fn before_setup_events_are_refused() {
    let server = Server::start().await;
    assert_eq!(server.webhook(RING).await.problem(), (409, "not-configured"));
}
