//! Who is let in as Kontur: access keys are checked there, and remembered.

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::kontur::{Key, WorkspaceSetup};
use simulators::sandbox::WORKSPACE;
use uuid::Uuid;

use super::count;
use crate::harness::{Company, Reply, integration};

/// A key that opens the workspace: one that was given out to the server.
fn good_key(company: &Company) -> String {
    let authorised = company.journal().of(System::Kontur, "authorize-private-integration");
    let reply = &authorised.last().expect("the server has signed in").reply;
    reply["accessKey"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn one_question_to_kontur_lets_a_key_in_for_many_calls() {
    let company = Company::start().await;
    let crm = company.crm().with_key(Key::Own(good_key(&company)));
    let anna = company.employee("101").kontur_user_id;
    let before = count(&company, "instances/get");
    for _ in 0..5 {
        assert!(crm.press_hangup("no-such-leg", anna, Uuid::new_v4()).await.status < 500);
    }
    assert_eq!(count(&company, "instances/get"), before + 1);
}

#[tokio::test]
async fn a_key_that_is_missing_or_wrong_lets_nobody_in() {
    let company = Company::start().await;
    for key in [Key::Missing, Key::Own(String::new()), Key::Own("made-up-access-key".to_owned())] {
        let crm = company.crm().with_key(key.clone());
        let reply = crm.setup(json!({})).await;
        assert_eq!(reply.status, 401, "{key:?}: {reply:?}");
        assert!(reply.body["message"].as_str().is_some_and(|text| !text.is_empty()), "{reply:?}");
        assert_eq!(crm.upgrade().await.status, 401);
        assert_eq!(crm.sync().await.status, 401);
    }
}

#[tokio::test]
async fn a_refused_key_is_not_remembered_as_good_or_bad() {
    let company = Company::start().await;
    let crm = company.crm().with_key(Key::Own("made-up-access-key".to_owned()));
    let before = count(&company, "instances/get");
    assert_eq!(crm.upgrade().await.status, 401);
    assert_eq!(crm.upgrade().await.status, 401);
    assert_eq!(count(&company, "instances/get"), before + 2);
}

#[tokio::test]
async fn while_kontur_is_down_an_unknown_key_is_told_to_come_again() {
    let company = Company::start().await;
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::status(503)).on("instances/get"));
    let url = format!("{}/kontur/{WORKSPACE}/setup/upgrade", company.server.url());
    let request = company
        .http
        .post(url)
        .header("X-XCOM-AccessKey", "not-seen-before")
        .header("X-XCOM-Integration-Echo", "e1");
    let reply = Reply::to(request).await;
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert_eq!(reply.header("x-xcom-integration-echo"), Some("e1"));
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn an_unknown_workspace_is_not_found() {
    let company = Company::start().await;
    let url = format!("{}/kontur/nobody/setup", company.server.url());
    let reply =
        Reply::to(company.http.post(url).header("X-XCOM-AccessKey", good_key(&company)).json(&json!({})))
            .await;
    assert_eq!((reply.status, &reply.body["status"]), (404, &json!("notFound")), "{}", reply.body);
}

#[tokio::test]
async fn a_key_of_another_workspace_does_not_open_this_one() {
    let company = two_workspaces().await;
    assert!(company.sandbox.kontur.crm("other").setup(json!({})).await.is_ok());
    let key = good_key(&company);
    let reply = company.crm().with_key(Key::Own(key)).upgrade().await;
    assert_eq!(reply.status, 401, "{reply:?}");
}

/// A `baseUrl` without a workspace serves all of them: whose it is follows from the key.
#[tokio::test]
async fn without_a_workspace_in_the_path_the_key_says_whose_call_it_is() {
    let company = two_workspaces().await;
    let base_url = format!("{}/kontur", company.server.url());
    for workspace in [WORKSPACE, "other"] {
        company.sandbox.kontur.set_instance(workspace, "baseUrl", base_url.clone().into());
    }
    assert!(company.sandbox.kontur.crm("other").setup(json!({"autoAnswer": true})).await.is_ok());
    let status = async |workspace: &str| {
        company.admin().get(&format!("/integrations/{workspace}/status")).await.ok()["status"].clone()
    };
    assert_eq!(status("other").await, "active");
    assert_eq!(status(WORKSPACE).await, "notConfigured");
    assert!(company.crm().setup(json!({})).await.is_ok());
    assert_eq!(status(WORKSPACE).await, "active");
    let stranger = company.crm().with_key(Key::Own("made-up-access-key".to_owned()));
    assert_eq!(stranger.upgrade().await.status, 401);
}

/// The company, not set up, and a second workspace called `other` on the same server.
async fn two_workspaces() -> Company {
    let id = Uuid::from_u128(0x7777_aaaa_0000_4000_8000_0000_0000_0001);
    let company = Company::plan()
        .edit(move |configuration, _| {
            let mut other = integration(configuration).clone();
            for (key, value) in
                [("workspace", "other"), ("integration_id", &id.to_string()), ("api_key", "other-api-key")]
            {
                other.insert(key.to_owned(), value.into());
            }
            let all = configuration.get_mut("integration").and_then(toml::Value::as_array_mut);
            all.expect("integrations").push(other.into());
        })
        .not_set_up()
        .start()
        .await;
    let base_url = format!("{}/kontur/other", company.server.url());
    company.sandbox.kontur.add_workspace(WorkspaceSetup::private("other", id, "other-api-key", &base_url));
    company
}
