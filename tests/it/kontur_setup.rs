//! Kontur sets the integration up and keeps it up to date: who is let in, what is checked, what is changed in Kontur.

mod callers;
mod public;
mod replies;
mod upgrade;

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;

use crate::harness::{Company, integration};

fn instance(company: &Company) -> Value {
    company.sandbox.kontur.instance(WORKSPACE).expect("an instance")
}

fn count(company: &Company, operation: &str) -> usize {
    company.journal().count(System::Kontur, operation)
}

#[tokio::test]
async fn setup_brings_the_instance_in_kontur_to_what_it_should_be() {
    let company = Company::plan().not_set_up().start().await;
    assert_eq!(company.admin().status_word().await, "notConfigured");
    let reply =
        company.crm().setup(json!({"SecretKey": null, "autoRedirect": true, "autoAnswer": false})).await;
    assert!(reply.is_ok(), "{reply:?}");
    let instance = instance(&company);
    assert_eq!(instance["features"], json!({"call": true, "hangup": true, "sendSms": false}));
    let settings = instance["settings"].as_array().expect("settings");
    let version = settings.iter().find(|setting| setting["id"] == "version").expect("the setting `version`");
    assert_eq!(version["value"], env!("CARGO_PKG_VERSION"));
    let hooks = instance["webHooks"].as_array().expect("webhooks");
    let hook = |url: &str| hooks.iter().find(|hook| hook["relativeUrl"] == url).expect("a webhook");
    for url in ["setup/upgrade", "communications/sync"] {
        assert_eq!(hook(url)["triggerType"], "schedule");
        assert_eq!(hook(url)["schedule"]["period"], "00:05:00");
        assert_eq!(hook(url)["disabled"], false);
    }
    assert_eq!(company.admin().status_word().await, "active");
    assert_eq!(count(&company, "authorize-private-integration"), 1);
    assert!(company.journal().count(System::Pbx, "calls/list") > 0, "setup tries the PBX's credentials");
}

#[tokio::test]
async fn a_second_setup_changes_nothing_and_patches_nothing() {
    let company = Company::start().await;
    let (before, patches) = (instance(&company), count(&company, "instances/patch"));
    assert!(patches > 0);
    assert!(company.sandbox.setup().await.is_ok());
    assert_eq!(count(&company, "instances/patch"), patches);
    assert_eq!(instance(&company), before);
}

#[tokio::test]
async fn only_the_difference_is_sent_and_what_others_added_stays() {
    let company = Company::start().await;
    let mut hooks = instance(&company)["webHooks"].clone();
    let foreign = json!({"id": "11111111-0000-4000-8000-000000000001", "relativeUrl": "theirs", "triggerType": "schedule",
                         "filter": {"items": []}, "schedule": {"period": "01:00:00"}, "disabled": false});
    hooks[0]["disabled"] = true.into();
    hooks.as_array_mut().expect("a list").push(foreign.clone());
    company.sandbox.kontur.set_instance(WORKSPACE, "webHooks", hooks.clone());
    assert!(company.crm().upgrade().await.is_ok());
    let after = instance(&company)["webHooks"].clone();
    assert_eq!(after[0]["disabled"], false);
    assert_eq!(after[1], hooks[1]);
    assert_eq!(after[2], foreign);
    let patch = company.journal().of(System::Kontur, "instances/patch").pop().expect("a patch");
    let operations = patch.body["operations"].as_array().expect("operations");
    assert_eq!(operations.len(), 1, "{operations:?}");
    let id = hooks[0]["id"].as_str().expect("an id");
    assert!(operations[0]["path"].as_str().expect("a path").starts_with(&format!("/webHooks/{id}")));
}

#[tokio::test]
async fn an_unknown_argument_is_refused_by_name() {
    let company = Company::plan().not_set_up().start().await;
    let reply = company.crm().setup(json!({"autoRedirect": false, "autoHangup": true})).await;
    assert_eq!((reply.status, &reply.body["status"]), (409, &json!("invalidArgs")));
    assert!(reply.body["message"].as_str().expect("a message").contains("autoHangup"), "{reply:?}");
    assert_eq!(company.admin().status_word().await, "notConfigured");
}

#[tokio::test]
async fn an_argument_of_the_wrong_type_is_refused_by_name() {
    let company = Company::plan().not_set_up().start().await;
    let reply = company.crm().setup(json!({"autoAnswer": "perhaps"})).await;
    assert_eq!((reply.status, &reply.body["status"]), (409, &json!("invalidArgs")));
    assert!(reply.body["message"].as_str().expect("a message").contains("autoAnswer"), "{reply:?}");
}

#[tokio::test]
async fn credentials_that_kontur_refuses_stop_the_setup() {
    let company = Company::plan()
        .integration(|integration| drop(integration.insert("api_key".into(), "not-the-key".into())))
        .not_set_up()
        .start()
        .await;
    let reply = company.sandbox.setup().await;
    assert_eq!(reply.status, 409, "{reply:?}");
    assert_eq!(company.admin().status_word().await, "notConfigured");
    assert_eq!(count(&company, "instances/patch"), 0);
}

#[tokio::test]
async fn credentials_that_the_pbx_refuses_stop_the_setup() {
    let company = Company::plan()
        .edit(|configuration, _| {
            let provider = integration(configuration).get_mut("provider").and_then(toml::Value::as_table_mut);
            provider.expect("a provider").insert("control_token".into(), "not-the-token".into());
        })
        .not_set_up()
        .start()
        .await;
    let reply = company.sandbox.setup().await;
    assert_eq!(reply.status, 409, "{reply:?}");
    assert_eq!(company.admin().status_word().await, "notConfigured");
}

#[tokio::test]
async fn a_pbx_that_is_down_delays_the_setup() {
    let company = Company::plan().not_set_up().start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(503)));
    let reply = company.sandbox.setup().await;
    assert_eq!(reply.status, 503, "{reply:?}");
    company.sandbox.pbx.faults().clear();
    assert!(company.sandbox.setup().await.is_ok());
}

#[tokio::test]
async fn a_kontur_that_is_down_delays_the_setup() {
    let company = Company::plan().not_set_up().start().await;
    let fault = Fault::times(FaultKind::status(502), 1).on("authorize-private-integration");
    company.sandbox.kontur.faults().set(fault);
    let reply = company.sandbox.setup().await;
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(company.sandbox.setup().await.is_ok());
}
