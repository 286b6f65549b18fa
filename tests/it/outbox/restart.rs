//! A server that starts again goes on where the one before it stopped.

use serde_json::Value;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use crate::harness::{Company, eventually};

const ANSWERED: [&str; 6] =
    ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"];

/// Kontur is away; ten calls come in and wait.
async fn waiting(company: &Company) {
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::CutBefore));
    let events: Vec<Value> = (1..=10).flat_map(|n| trace(Kind::Answered, n)).collect();
    company.telephony().tell(&events).await;
    eventually("the calls are handed on", async || {
        (company.admin().settling_calls().await == 0).then_some(())
    })
    .await;
}

async fn all_are_told(company: &Company) {
    company.settle().await;
    for n in 1..=10 {
        assert_eq!(company.kontur().story(&format!("trace-{n}")), ANSWERED);
    }
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 10);
    assert_eq!(company.sandbox.workonflow.all_comments().len(), 10);
}

#[tokio::test]
async fn after_a_kill() {
    let mut company = Company::start().await;
    waiting(&company).await;
    company.server.kill();
    company.sandbox.kontur.faults().clear();
    company.server.start().await;
    all_are_told(&company).await;
}

#[tokio::test]
async fn after_a_polite_end() {
    let mut company = Company::start().await;
    waiting(&company).await;
    let status = company.server.terminate().await;
    assert!(status.success(), "{status}");
    company.sandbox.kontur.faults().clear();
    company.server.start().await;
    all_are_told(&company).await;
}

/// What was told to a call that goes on is not told again, and what comes next is told under the same communication.
#[tokio::test]
async fn in_the_middle_of_a_call() {
    let mut company = Company::start().await;
    let events = trace(Kind::Answered, 1);
    company.telephony().tell(&events[..3]).await;
    company.settle().await;
    company.server.restart().await;
    company.telephony().tell(&events).await;
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1"), ANSWERED);
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 1);
}

/// The calls of a paused integration wait over a restart, too.
#[tokio::test]
async fn paused_stays_paused() {
    let mut company = Company::start().await;
    company.admin().post(&format!("/integrations/{WORKSPACE}/pause")).await.ok();
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    company.server.restart().await;
    assert_eq!(company.admin().status_word().await, "paused");
    assert_eq!(company.journal().count(System::Kontur, "call-started"), 0);
    company.admin().post(&format!("/integrations/{WORKSPACE}/resume")).await.ok();
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1"), ANSWERED);
}
