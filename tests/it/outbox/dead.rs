//! What was given up waits for a human, with its cause; a human may send it again.

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use crate::harness::{Company, eventually};

/// A company whose deliveries are given up at their first failure.
async fn impatient() -> Company {
    Company::plan().set("retry.give_up_after_sec", 0).start().await
}

/// Ids of the dead letters, oldest first.
async fn dead(company: &Company) -> Vec<Value> {
    let mut dead = company.admin().deliveries("state=dead").await;
    dead.reverse();
    dead
}

#[tokio::test]
async fn a_delivery_is_given_up_when_its_time_is_over() {
    let company = impatient().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 1).on("register-call"));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    company.settle().await;
    let dead = dead(&company).await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((&dead[0]["kind"], &dead[0]["cause"]), (&json!("register-call"), &json!("gave_up")));
    assert_eq!(dead[0]["http_status"], 503);
    assert!(dead[0]["reason"].as_str().expect("a reason").contains("gave up after 1"), "{dead:?}");
}

#[tokio::test]
async fn a_dead_letter_that_is_sent_again_arrives() {
    let company = impatient().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 1).on("register-call"));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    company.settle().await;
    let id = dead(&company).await[0]["id"].clone();
    let retried = company.admin().post(&format!("/deliveries/{id}/retry")).await.ok();
    assert_eq!(retried["id"], id);
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1").last().map(String::as_str), Some("register-call"));
    company.admin().post(&format!("/deliveries/{id}/retry")).await.problem(409, "conflict");
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 2);
}

#[tokio::test]
async fn a_retry_of_nothing_is_not_found() {
    let company = Company::start().await;
    company.admin().post("/deliveries/4711/retry").await.problem(404, "not-found");
}

/// Kontur was down for longer than anybody waited; afterwards everything is sent again, in order.
#[tokio::test]
async fn a_replay_sends_everything_again_in_order() {
    let company = impatient().await;
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::status(503)));
    let events: Vec<Value> = (1..=5).flat_map(|n| trace(Kind::Answered, n)).collect();
    company.telephony().tell(&events).await;
    company.settle().await;
    let buried = dead(&company).await;
    assert_eq!(buried.iter().filter(|delivery| delivery["kind"] == "register-call").count(), 5, "{buried:?}");
    company.sandbox.kontur.faults().clear();
    let which = json!({"workspace": WORKSPACE, "destination": "kontur", "state": "dead"});
    let replayed = company.admin().post_json("/deliveries/replay", &which).await.ok();
    assert_eq!(replayed["replayed"], buried.len());
    company.settle().await;
    assert!(dead(&company).await.is_empty());
    for n in 1..=5 {
        let story = company.kontur().story(&format!("trace-{n}"));
        let expected =
            ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"];
        assert_eq!(story, expected);
    }
}

#[tokio::test]
async fn a_replay_can_be_narrowed_down() {
    let company = impatient().await;
    company.sandbox.metabot.faults().set(Fault::always(FaultKind::status(503)));
    company.sandbox.workonflow.faults().set(Fault::always(FaultKind::status(503)));
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    company.settle().await;
    assert_eq!(dead(&company).await.len(), 2);
    company.sandbox.metabot.faults().clear();
    company.sandbox.workonflow.faults().clear();
    let replay = async |which: Value| {
        company.admin().post_json("/deliveries/replay", &which).await.ok()["replayed"].clone()
    };
    assert_eq!(replay(json!({"from": "2099-01-01T00:00:00Z"})).await, 0);
    assert_eq!(replay(json!({"to": "2001-01-01T00:00:00Z"})).await, 0);
    assert_eq!(replay(json!({"state": "expired"})).await, 0);
    assert_eq!(replay(json!({"destination": "metabot"})).await, 1);
    company.settle().await;
    assert_eq!(company.sandbox.metabot.jobs().len(), 1);
    assert_eq!(dead(&company).await.len(), 1);
    company
        .admin()
        .post_json("/deliveries/replay", &json!({"workspace": "nobody"}))
        .await
        .problem(400, "invalid");
    let wrong = json!({"state": "lost"});
    company.admin().post_json("/deliveries/replay", &wrong).await.problem(400, "invalid");
}

/// One that waits for its next attempt need not wait.
#[tokio::test]
async fn a_pending_delivery_can_be_hurried() {
    let company = Company::plan().set("retry.delays_ms", vec![600_000_i64]).start().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 1).on("call-started"));
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    let first = eventually("the first attempt has failed", async || {
        let pending = company.admin().deliveries("state=pending&destination=kontur").await;
        pending.into_iter().find(|delivery| delivery["kind"] == "call-started" && delivery["attempts"] == 1)
    })
    .await;
    company.admin().post(&format!("/deliveries/{}/retry", first["id"])).await.ok();
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1").len(), 5);
}
