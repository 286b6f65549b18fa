//! Paused: events are taken in, deliveries wait.

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use super::{check, syncs};
use crate::harness::Company;

async fn admin(company: &Company, verb: &str) {
    company.admin().post(&format!("/integrations/{WORKSPACE}/{verb}")).await.ok();
}

/// Kontur shows the instance as this, and the scheduled upgrade comes.
async fn kontur_says(company: &Company, status: &str) {
    company.sandbox.kontur.set_instance(WORKSPACE, "status", status.into());
    assert!(company.crm().upgrade().await.is_ok());
}

#[tokio::test]
async fn a_pause_holds_deliveries_back_and_takes_events_in() {
    let company = Company::start().await;
    admin(&company, "pause").await;
    check(&company, "active", "paused", "administrator").await;
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    crate::harness::eventually("the call is handed on", async || {
        (company.admin().settling_calls().await == 0).then_some(())
    })
    .await;
    for system in [System::Kontur, System::Workonflow, System::Metabot] {
        for operation in ["call-started", "register-call", "contact/read", "comment/create", "jobs/schedule"]
        {
            assert_eq!(company.journal().count(system, operation), 0, "{operation}");
        }
    }
    admin(&company, "resume").await;
    check(&company, "paused", "active", "resumed").await;
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1").len(), 5);
    assert_eq!(company.sandbox.workonflow.all_comments().len(), 1);
    assert_eq!(company.sandbox.metabot.jobs().len(), 1);
}

#[tokio::test]
async fn a_pause_ends_in_what_was_before() {
    let company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(500)).on("calls/list"));
    syncs(&company, 1).await;
    company.admin().becomes("hasErrors").await;
    admin(&company, "pause").await;
    check(&company, "hasErrors", "paused", "administrator").await;
    admin(&company, "resume").await;
    check(&company, "paused", "hasErrors", "resumed").await;
}

#[tokio::test]
async fn pausing_twice_is_pausing_once() {
    let company = Company::start().await;
    admin(&company, "pause").await;
    admin(&company, "pause").await;
    admin(&company, "resume").await;
    let history = company.admin().status().await["history"].clone();
    let words: Vec<_> =
        history.as_array().expect("history").iter().map(|change| change["to"].clone()).collect();
    assert_eq!(words, [json!("active"), json!("paused"), json!("active")]);
}

#[tokio::test]
async fn a_pause_in_kontur_is_a_pause_here_until_it_ends_there() {
    let company = Company::start().await;
    kontur_says(&company, "paused").await;
    check(&company, "active", "paused", "in Kontur").await;
    admin(&company, "resume").await;
    assert_eq!(company.admin().status_word().await, "paused", "it ends where it began");
    kontur_says(&company, "active").await;
    check(&company, "paused", "active", "in Kontur").await;
}

#[tokio::test]
async fn a_pause_that_was_set_here_stays_whatever_kontur_says() {
    let company = Company::start().await;
    admin(&company, "pause").await;
    kontur_says(&company, "paused").await;
    kontur_says(&company, "active").await;
    assert_eq!(company.admin().status_word().await, "paused");
    admin(&company, "resume").await;
    company.admin().becomes("active").await;
}
