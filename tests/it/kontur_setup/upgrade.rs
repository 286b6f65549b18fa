//! setup/upgrade: cheap when nothing changed, and the moment to see what became of the instance in Kontur.

use serde_json::json;
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;

use super::{count, instance};
use crate::harness::Company;

#[tokio::test]
async fn an_upgrade_without_changes_looks_once_and_changes_nothing() {
    let company = Company::start().await;
    assert!(company.crm().upgrade().await.is_ok());
    let before = company.journal().entries().len();
    assert!(company.crm().upgrade().await.is_ok());
    let operations: Vec<String> = company
        .journal()
        .entries()
        .split_off(before)
        .into_iter()
        .map(|entry| entry.operation.clone())
        .collect();
    // The first look checks the caller's key.
    assert_eq!(operations, ["instances/get", "instances/get", "→ upgrade"]);
}

/// What an older version of this server left behind is brought up to date.
#[tokio::test]
async fn an_instance_of_another_version_is_brought_up_to_date() {
    let company = Company::start().await;
    company.sandbox.kontur.set_instance(
        WORKSPACE,
        "settings",
        json!([{"id": "version", "value": "0.0.1-alpha2"}]),
    );
    company.sandbox.kontur.set_instance(
        WORKSPACE,
        "features",
        json!({"call": false, "hangup": true, "sendSms": false}),
    );
    assert!(company.crm().upgrade().await.is_ok());
    assert_eq!(
        instance(&company)["settings"],
        json!([{"id": "version", "value": env!("CARGO_PKG_VERSION")}])
    );
    assert_eq!(instance(&company)["features"]["call"], true);
}

#[tokio::test]
async fn every_scheduled_webhook_finds_the_server() {
    let company = Company::start().await;
    let replies = company.crm().run_schedule().await;
    assert_eq!(replies.len(), 2);
    for (url, reply) in replies {
        assert!(reply.is_ok(), "{url}: {reply:?}");
    }
}

#[tokio::test]
async fn an_expired_access_key_is_renewed_once() {
    let company = Company::start().await;
    let before = count(&company, "authorize-private-integration");
    company.sandbox.kontur.expire_keys(WORKSPACE);
    assert!(company.crm().upgrade().await.is_ok());
    assert_eq!(count(&company, "authorize-private-integration"), before + 1);
    let refused = company
        .journal()
        .of(System::Kontur, "instances/get")
        .iter()
        .filter(|entry| entry.status == 401)
        .count();
    assert_eq!(refused, 1);
}
