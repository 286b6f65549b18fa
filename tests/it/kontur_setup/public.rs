//! A public integration: its secret comes with setup or stands in the file.

use serde_json::json;
use simulators::journal::System;
use simulators::kontur::Credentials;
use simulators::sandbox::WORKSPACE;

use crate::harness::{Company, Plan};

const SECRET: &str = "the-secret-of-a-public-integration";

fn public(secret_in_file: Option<&'static str>) -> Plan {
    Company::plan().not_set_up().integration(move |integration| {
        integration.insert("kind".into(), "public".into());
        integration.insert("api_key".into(), "public-api-key".into());
        if let Some(secret) = secret_in_file {
            integration.insert("secret_key".into(), secret.into());
        }
    })
}

async fn start(plan: Plan) -> Company {
    let mut company = plan.start().await;
    let credentials =
        Credentials::Public { api_key: "public-api-key".to_owned(), secret_key: SECRET.to_owned() };
    company.sandbox.kontur.set_credentials(WORKSPACE, credentials);
    company.keep_out_of_the_log(SECRET);
    company
}

#[tokio::test]
async fn the_secret_of_the_setup_wins_over_that_of_the_file() {
    let company = start(public(Some("an-old-secret"))).await;
    let reply =
        company.crm().setup(json!({"SecretKey": SECRET, "autoRedirect": false, "autoAnswer": false})).await;
    assert!(reply.is_ok(), "{reply:?}");
    assert_eq!(company.journal().count(System::Kontur, "authorize-integration"), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let company = start(public(Some(SECRET))).await;
    let reply = company.crm().setup(json!({"SecretKey": "wrong-secret"})).await;
    assert_eq!(reply.status, 409, "{reply:?}");
    assert_eq!(company.admin().status_word().await, "notConfigured");
}

#[tokio::test]
async fn the_secret_of_the_file_does_when_setup_brings_none() {
    let company = start(public(Some(SECRET))).await;
    assert!(company.crm().setup(json!({"SecretKey": null})).await.is_ok());
}

#[tokio::test]
async fn a_secret_that_setup_brought_survives_a_restart() {
    let mut company = start(public(Some("an-old-secret"))).await;
    assert!(company.crm().setup(json!({"SecretKey": SECRET})).await.is_ok());
    company.server.restart().await;
    company.sandbox.kontur.expire_keys(WORKSPACE);
    assert!(company.crm().upgrade().await.is_ok());
    assert!(!company.server.database().holds(SECRET), "the secret stands in the database as it is");
}

#[tokio::test]
async fn without_an_encryption_key_a_secret_cannot_be_stored() {
    let plan = public(Some(SECRET)).edit(|configuration, _| drop(configuration.remove("encryption_key")));
    let company = start(plan).await;
    let reply = company.crm().setup(json!({"SecretKey": SECRET})).await;
    assert_eq!(reply.status, 409, "{reply:?}");
    assert!(reply.body["message"].as_str().expect("a message").contains("encryption_key"), "{reply:?}");
    assert!(company.crm().setup(json!({"SecretKey": null})).await.is_ok());
}

/// An administrator of the server activates what nobody has set up in Kontur.
#[tokio::test]
async fn activate_sets_a_public_integration_up_at_kontur() {
    let company = start(public(Some(SECRET))).await;
    company.admin().post(&format!("/integrations/{WORKSPACE}/activate")).await.ok();
    assert_eq!(company.journal().count(System::Kontur, "integrations/setup"), 1);
    assert_eq!(company.admin().status_word().await, "active");
}
