//! The status of the integration: each arrow of the status machine, with its reason and its place in the history.

mod pause;

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::kontur::{Credentials, Key};
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use crate::harness::{Company, eventually};

/// Compares the status and the last change of the history.
async fn check(company: &Company, from: &str, to: &str, reason: &str) {
    let status = company.admin().becomes(to).await;
    let code =
        ["notConfigured", "active", "paused", "hasErrors", "failed"].iter().position(|word| *word == to);
    assert_eq!(status["code"], json!(code), "{status}");
    let last = &status["history"][0];
    assert_eq!(
        (&last["from"], &last["to"], &last["at"]),
        (&json!(from), &json!(to), &status["since"]),
        "{status}"
    );
    let text = last["reason"].as_str().expect("a reason");
    assert!(text.contains(reason), "{reason:?} is not in {text:?}");
    let is_well = to == "active";
    assert_eq!(status["reasons"].as_array().map(Vec::is_empty), Some(is_well), "{status}");
    assert_metric(company, code.expect("a word")).await;
}

/// The metric says it a moment after the report does.
async fn assert_metric(company: &Company, code: usize) {
    let line = format!("kontur_telephony_instance_status{{workspace=\"{WORKSPACE}\"}} {code}");
    let url = format!("{}/metrics", company.server.url());
    eventually(&line, async || {
        let text = company.http.get(&url).send().await.expect("metrics").text().await.expect("text");
        text.lines().any(|found| found == line).then_some(())
    })
    .await;
}

async fn syncs(company: &Company, times: usize) -> Value {
    let mut run = Value::Null;
    for _ in 0..times {
        run = company.admin().sync(&json!({})).await;
    }
    run
}

#[tokio::test]
async fn setup_makes_it_active() {
    let company = Company::plan().not_set_up().start().await;
    let before = company.admin().status().await;
    assert_eq!((&before["status"], &before["code"]), (&json!("notConfigured"), &json!(0)));
    assert!(company.sandbox.setup().await.is_ok());
    check(&company, "notConfigured", "active", "setup").await;
}

#[tokio::test]
async fn dead_deliveries_are_errors_until_they_are_sent() {
    let company = Company::plan().set("retry.give_up_after_sec", 0).start().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 1).on("register-call"));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    check(&company, "active", "hasErrors", "given up").await;
    let replayed = company.admin().post_json("/deliveries/replay", &json!({})).await.ok();
    assert_eq!(replayed["replayed"], 1);
    check(&company, "hasErrors", "active", "gone").await;
}

#[tokio::test]
async fn a_failed_sync_is_an_error_until_one_goes_through() {
    let company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(500)).on("calls/list"));
    let run = syncs(&company, 1).await;
    assert_eq!(run["state"], "failed");
    check(&company, "active", "hasErrors", "sync failed").await;
    company.sandbox.pbx.faults().clear();
    syncs(&company, 1).await;
    check(&company, "hasErrors", "active", "sync went through").await;
}

#[tokio::test]
async fn three_failed_syncs_in_a_row_are_a_failure_until_one_goes_through() {
    let company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(500)).on("calls/list"));
    syncs(&company, 2).await;
    company.admin().becomes("hasErrors").await;
    syncs(&company, 1).await;
    check(&company, "hasErrors", "failed", "sync failed").await;
    assert!(company.admin().status().await["reasons"][0].as_str().expect("a reason").contains("3 syncs"));
    company.sandbox.pbx.faults().clear();
    syncs(&company, 1).await;
    check(&company, "failed", "active", "sync went through").await;
}

#[tokio::test]
async fn two_failed_syncs_with_a_good_one_between_are_no_failure() {
    let company = Company::start().await;
    for _ in 0..2 {
        company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(500)).on("calls/list"));
        syncs(&company, 2).await;
        company.admin().becomes("hasErrors").await;
        company.sandbox.pbx.faults().clear();
        syncs(&company, 1).await;
        company.admin().becomes("active").await;
    }
}

#[tokio::test]
async fn credentials_that_the_pbx_refuses_are_a_failure_until_setup_goes_through() {
    let company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(401)));
    syncs(&company, 1).await;
    check(&company, "active", "failed", "401").await;
    company.sandbox.pbx.faults().clear();
    assert!(company.sandbox.setup().await.is_ok());
    check(&company, "failed", "active", "").await;
}

#[tokio::test]
async fn credentials_that_the_pbx_takes_again_end_the_failure() {
    let company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(401)));
    let anna = company.employee("101").kontur_user_id;
    assert_eq!(company.crm().press_call(anna, "79997775533").await.reply.status, 409);
    check(&company, "active", "failed", "401").await;
    company.sandbox.pbx.faults().clear();
    assert!(company.crm().press_call(anna, "79997775533").await.reply.is_ok());
    check(&company, "failed", "active", "work again").await;
}

/// The scheduled upgrade tries a failed integration again.
#[tokio::test]
async fn an_upgrade_that_goes_through_ends_the_failure() {
    let company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(401)));
    syncs(&company, 1).await;
    company.admin().becomes("failed").await;
    assert_eq!(company.crm().upgrade().await.status, 409, "the PBX still refuses");
    company.admin().becomes("failed").await;
    company.sandbox.pbx.faults().clear();
    assert!(company.crm().upgrade().await.is_ok());
    check(&company, "failed", "active", "").await;
}

#[tokio::test]
async fn credentials_that_kontur_refuses_are_a_failure_and_no_call_is_lost() {
    let company = Company::start().await;
    let good = Credentials::Private { api_key: "sandbox-kontur-api-key".to_owned() };
    company.sandbox.kontur.set_credentials(WORKSPACE, Credentials::Private { api_key: "another".to_owned() });
    company.sandbox.kontur.expire_keys(WORKSPACE);
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    check(&company, "active", "failed", "credentials").await;
    company.sandbox.kontur.set_credentials(WORKSPACE, good);
    company.settle().await;
    check(&company, "failed", "active", "work again").await;
    assert_eq!(company.kontur().story("trace-1").len(), 6);
}

#[tokio::test]
async fn an_uninstalled_integration_is_not_configured_until_it_is_set_up_again() {
    let company = Company::start().await;
    let authorised =
        company.journal().of(simulators::journal::System::Kontur, "authorize-private-integration");
    let key = authorised[0].reply["accessKey"].as_str().expect("a key").to_owned();
    let crm = company.crm().with_key(Key::Own(key));
    assert!(crm.upgrade().await.is_ok(), "the key is known from now on");
    company.sandbox.kontur.set_installed(WORKSPACE, false);
    assert_eq!(crm.upgrade().await.status, 409);
    check(&company, "active", "notConfigured", "removed").await;
    company.telephony().send(&trace(Kind::Answered, 1)).await.problem(409, "not-configured");
    company.sandbox.kontur.set_installed(WORKSPACE, true);
    assert!(company.sandbox.setup().await.is_ok());
    check(&company, "notConfigured", "active", "setup").await;
}

/// Nobody calls an integration that was removed: it finds out when it signs in.
#[tokio::test]
async fn an_uninstalled_integration_finds_out_by_itself() {
    let company = Company::start().await;
    company.sandbox.kontur.set_installed(WORKSPACE, false);
    company.sandbox.kontur.expire_keys(WORKSPACE);
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    check(&company, "active", "notConfigured", "removed").await;
}

#[tokio::test]
async fn the_history_outlives_the_server() {
    let mut company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::times(FaultKind::status(500), 1).on("calls/list"));
    syncs(&company, 2).await;
    company.admin().becomes("active").await;
    let before = company.admin().status().await;
    company.server.restart().await;
    assert_eq!(company.admin().status().await, before);
    let words: Vec<&str> = before["history"]
        .as_array()
        .expect("history")
        .iter()
        .filter_map(|change| change["to"].as_str())
        .collect();
    assert_eq!(words, ["active", "hasErrors", "active"]);
    assert_metric(&company, 1).await;
}
