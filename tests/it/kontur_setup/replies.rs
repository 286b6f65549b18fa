//! Every spelling of every call is answered, and every reply carries the echo.

use serde_json::{Value, json};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use uuid::Uuid;

use crate::harness::{Company, Reply};

const ECHO: &str = "X-XCOM-Integration-Echo";

/// Every documented path that is answered, both roots, with and without the workspace.
fn paths() -> Vec<String> {
    let id = Uuid::from_u128(0x0d1f_3a6e_5e8a_4f0e_9a52_5d2c_0c6f_7b11);
    let reference = [
        "communications/call".to_owned(),
        "communications/hangup".to_owned(),
        format!("communications/{id}/hangup"),
    ];
    let base = ["setup", "setup/upgrade", "communications/sync", "call", "hangup"].map(str::to_owned);
    let under_base = || base.iter().chain(&reference);
    let mut paths: Vec<String> = under_base().map(|path| format!("/kontur/{WORKSPACE}/{path}")).collect();
    paths.extend(under_base().map(|path| format!("/kontur/{path}")));
    paths.extend(reference.iter().map(|path| format!("/api/v1/{WORKSPACE}/{path}")));
    paths
}

async fn post(company: &Company, path: &str, key: Option<&str>, body: &Value) -> Reply {
    let url = format!("{}{path}", company.server.url());
    let mut request = company.http.post(url).header(ECHO, "echo-4711").json(body);
    if let Some(key) = key {
        request = request.header("X-XCOM-AccessKey", key);
    }
    Reply::to(request).await
}

#[tokio::test]
async fn every_spelling_is_answered_by_its_command() {
    let company = Company::start().await;
    let authorised = company.journal().of(System::Kontur, "authorize-private-integration");
    let key = authorised[0].reply["accessKey"].as_str().expect("a key").to_owned();
    for path in paths() {
        let reply = post(&company, &path, Some(&key), &json!({})).await;
        assert_eq!(reply.header(ECHO), Some("echo-4711"), "{path}");
        let wants_body = path.ends_with("call") || path.ends_with("hangup");
        if wants_body {
            let missing = if path.ends_with("call") { "communicationId" } else { "realtimeCallItemId" };
            assert_eq!(
                (reply.status, &reply.body["status"]),
                (409, &json!("invalidArgs")),
                "{path}: {}",
                reply.body
            );
            assert!(
                reply.body["message"].as_str().expect("a message").contains(missing),
                "{path}: {}",
                reply.body
            );
        } else {
            assert_eq!((reply.status, &reply.body), (200, &json!("OK")), "{path}");
        }
    }
}

#[tokio::test]
async fn strangers_get_the_echo_too_and_nothing_else() {
    let company = Company::plan().not_set_up().start().await;
    for path in paths() {
        let reply = post(&company, &path, None, &json!({})).await;
        assert_eq!(reply.status, 401, "{path}: {}", reply.body);
        assert_eq!(reply.header(ECHO), Some("echo-4711"), "{path}");
    }
    assert_eq!(company.admin().status_word().await, "notConfigured");
}

#[tokio::test]
async fn a_path_or_method_that_is_none_carries_the_echo() {
    let company = Company::plan().not_set_up().start().await;
    let reply = post(&company, &format!("/kontur/{WORKSPACE}/teleport"), None, &json!({})).await;
    assert_eq!((reply.status, reply.header(ECHO)), (404, Some("echo-4711")));
    let url = format!("{}/kontur/{WORKSPACE}/setup", company.server.url());
    let reply = Reply::to(company.http.get(url).header(ECHO, "echo-4711")).await;
    assert_eq!((reply.status, reply.header(ECHO)), (405, Some("echo-4711")));
}

#[tokio::test]
async fn before_setup_every_call_says_that_it_is_not_configured() {
    let company = Company::plan().not_set_up().start().await;
    let anna = company.employee("101").kontur_user_id;
    for reply in [
        company.crm().upgrade().await,
        company.crm().sync().await,
        company.crm().press_call(anna, "79997775533").await.reply,
    ] {
        assert_eq!((reply.status, &reply.body["status"]), (409, &json!("notConfigured")), "{reply:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let company = Company::start().await;
    let authorised = company.journal().of(System::Kontur, "authorize-private-integration");
    let key = authorised[0].reply["accessKey"].as_str().expect("a key").to_owned();
    for path in ["setup", "call", "hangup"] {
        let url = format!("{}/kontur/{WORKSPACE}/{path}", company.server.url());
        let request = company.http.post(url).header(ECHO, "e").header("X-XCOM-AccessKey", &key).body("{");
        let reply = Reply::to(request).await;
        assert_eq!(
            (reply.status, &reply.body["status"]),
            (409, &json!("invalidArgs")),
            "{path}: {}",
            reply.body
        );
        assert_eq!(reply.header(ECHO), Some("e"));
    }
}
