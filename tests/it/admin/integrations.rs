//! Integrations of the configuration file: shown without their secrets, and changed nowhere but there.

use serde_json::{Value, json};
use simulators::sandbox::WORKSPACE;

use crate::harness::Company;

#[tokio::test]
async fn they_are_listed_with_their_addresses() {
    let company = Company::start().await;
    let list = company.admin().get("/integrations").await.ok();
    assert_eq!((list["items"].as_array().map(Vec::len), &list["next_cursor"]), (Some(1), &Value::Null));
    let item = &list["items"][0];
    assert_eq!(
        (&item["workspace"], &item["declared"], &item["status"]),
        (&json!(WORKSPACE), &json!(true), &json!("active"))
    );
    assert_eq!(item["base_url"], format!("{}/kontur/{WORKSPACE}", company.server.url()));
    assert_eq!(item["webhook_url"], format!("{}/telephony/{WORKSPACE}/generic", company.server.url()));
    assert_eq!(item.get("settings"), None);
}

#[tokio::test]
async fn secrets_are_shown_as_stars() {
    let company = Company::start().await;
    let shown = company.admin().get(&format!("/integrations/{WORKSPACE}")).await.ok();
    let settings = &shown["settings"];
    for secret in [
        "/api_key",
        "/provider/webhook_secret",
        "/provider/control_token",
        "/workonflow/secret_key",
        "/metabot/token",
    ] {
        assert_eq!(settings.pointer(secret), Some(&json!("***")), "{secret} in {settings}");
    }
    assert_eq!(settings["provider"]["kind"], "generic");
    assert_eq!(settings["user"].as_array().map(Vec::len), Some(3));
    let secrets = [
        "sandbox-kontur-api-key",
        "pbx-control-token",
        "sandbox-workonflow-secret",
        "sandbox-metabot-token",
        "whsec_",
    ];
    for secret in secrets {
        assert!(!shown.to_string().contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn they_are_read_only() {
    let company = Company::start().await;
    let admin = company.admin();
    let path = format!("/integrations/{WORKSPACE}");
    let settings = json!({
        "integration_id": "6838aaaa-0000-4000-8000-00000000ed82", "kind": "private", "api_key": "k",
        "provider": {"kind": "generic", "webhook_secret": "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3g="}
    });
    for reply in [
        admin.put(&path, &settings).await,
        admin.delete(&path).await,
        admin.put(&format!("{path}/users"), &json!({"items": []})).await,
    ] {
        let problem = reply.problem(409, "conflict");
        assert!(problem["detail"].as_str().expect("a detail").contains("configuration file"), "{problem}");
    }
    assert_eq!(admin.get(&path).await.ok()["settings"]["user"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn their_users_are_listed() {
    let company = Company::start().await;
    let users = company.admin().get(&format!("/integrations/{WORKSPACE}/users")).await.ok();
    let anna = company.employee("101");
    let expected = json!({
        "kontur_user_id": anna.kontur_user_id, "extension": "101", "workonflow_user_id": anna.workonflow_user_id,
        "valid_from": null, "valid_to": null
    });
    assert!(users["items"].as_array().expect("items").contains(&expected), "{users}");
}

#[tokio::test]
async fn activate_does_what_setup_does() {
    let company = Company::plan().not_set_up().start().await;
    let status = company.admin().post(&format!("/integrations/{WORKSPACE}/activate")).await.ok();
    assert_eq!((&status["status"], &status["code"]), (&json!("active"), &json!(1)));
    assert_eq!(company.sandbox.kontur.instance(WORKSPACE).expect("an instance")["features"]["call"], true);
}

#[tokio::test]
async fn activate_says_why_it_did_not_work() {
    let company = Company::plan()
        .integration(|integration| drop(integration.insert("api_key".into(), "not-the-key".into())))
        .not_set_up()
        .start()
        .await;
    let problem =
        company.admin().post(&format!("/integrations/{WORKSPACE}/activate")).await.problem(502, "remote");
    assert!(problem["detail"].as_str().expect("a detail").contains("kontur"), "{problem}");
}
