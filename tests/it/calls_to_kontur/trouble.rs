//! The same stories with a Kontur that is down, slow, odd, or that has forgotten.

use std::time::Duration;

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, Trace};

use crate::harness::{CLIENT, Company, VATS};

const ANSWERED: [&str; 6] =
    ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"];

/// Plays faults while a call comes in; the story is the same in the end.
async fn check(faults: &[Fault]) {
    let company = Company::start().await;
    for fault in faults {
        company.sandbox.kontur.faults().set(fault.clone());
    }
    let trace = Trace::new(Kind::Answered, 1);
    company.telephony().tell(&trace.events()).await;
    company.settle().await;
    assert_eq!(company.kontur().story(&trace.call_id()), ANSWERED, "{faults:?}");
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 1, "{faults:?}");
    assert!(company.sandbox.kontur.faults().active().is_empty(), "a fault was not played: {faults:?}");
}

#[tokio::test]
async fn a_kontur_that_is_down_for_a_while() {
    check(&[Fault::times(FaultKind::status(503), 3)]).await;
}

#[tokio::test]
async fn connections_that_are_cut_before_anything_happened() {
    check(&[
        Fault::times(FaultKind::CutBefore, 2).on("call-started"),
        Fault::times(FaultKind::CutBefore, 1).on("register-call"),
    ])
    .await;
}

#[tokio::test]
async fn a_slow_kontur() {
    check(&[Fault::times(FaultKind::delay(Duration::from_millis(150)), 4)]).await;
}

#[tokio::test]
async fn a_proxy_in_maintenance() {
    check(&[
        Fault::times(FaultKind::Garbage, 1).on("call-started"),
        Fault::times(FaultKind::Garbage, 1).on("register-call"),
    ])
    .await;
}

#[tokio::test]
async fn a_success_that_is_none() {
    check(&[
        Fault::times(FaultKind::ErrorInside, 1).on("call-started"),
        Fault::times(FaultKind::ErrorInside, 1).on("call-event"),
        Fault::times(FaultKind::ErrorInside, 1).on("register-call"),
    ])
    .await;
}

/// It did happen, and nobody said so: it is looked up before it is sent again.
#[tokio::test]
async fn answers_that_are_lost_after_the_work_was_done() {
    for operation in ["call-started", "call-event", "call-finished", "register-call"] {
        let company = Company::start().await;
        company.sandbox.kontur.faults().set(Fault::times(FaultKind::CutAfter, 1).on(operation));
        company.telephony().tell(&Trace::new(Kind::Answered, 1).events()).await;
        company.settle().await;
        let known = company.sandbox.kontur.communications(WORKSPACE);
        assert_eq!(known.len(), 1, "{operation}: {known:?}");
        assert_eq!((known[0].registered, known[0].finished), (1, true), "{operation}");
        assert_eq!(known[0].event_types(), ["appeared", "connected", "disconnected"], "{operation}");
        let times = company.journal().count(System::Kontur, operation);
        let creates = matches!(operation, "call-started" | "register-call");
        assert!(!creates || times == 1, "{operation} was sent {times} times");
    }
}

#[tokio::test]
async fn an_access_key_that_expired_is_renewed_on_the_way() {
    let company = Company::start().await;
    company.sandbox.kontur.expire_keys(WORKSPACE);
    company.telephony().tell(&Trace::new(Kind::Answered, 1).events()).await;
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1"), ANSWERED);
    assert!(company.admin().deliveries("state=dead").await.is_empty());
}

/// A user has deleted the communication while the call went on.
#[tokio::test]
async fn what_kontur_does_not_know_any_more_is_a_dead_letter() {
    let company = Company::start().await;
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101"]);
    company.settle().await;
    let id = company.kontur().communication(&call).id;
    assert!(company.sandbox.kontur.delete_communication(WORKSPACE, id));
    company.sandbox.pbx.answer(&call, "101").expect("rings");
    company.settle().await;
    let dead = company.admin().deliveries("state=dead").await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((&dead[0]["kind"], &dead[0]["cause"]), (&json!("call-event"), &json!("not_found")));
    assert_eq!(dead[0]["attempts"], 1, "a refusal for good is not tried again");
}

#[tokio::test]
async fn a_refused_call_started_does_not_keep_the_call_from_being_registered() {
    let company = Company::start().await;
    let refusal = FaultKind::Status {
        status: 400,
        body: json!({"errors": {"clientPhone": ["wrong"]}, "title": "Validation", "status": 400}),
        retry_after: None,
    };
    company.sandbox.kontur.faults().set(Fault::times(refusal, 1).on("call-started"));
    company.telephony().tell(&Trace::new(Kind::Answered, 1).events()).await;
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1"), ["register-call"]);
    let causes: Vec<String> =
        company.admin().deliveries("state=dead").await.iter().map(|dead| dead["cause"].to_string()).collect();
    assert_eq!(causes.len(), 5, "{causes:?}");
    assert_eq!(causes.iter().filter(|cause| *cause == "\"validation\"").count(), 1, "{causes:?}");
    assert_eq!(causes.iter().filter(|cause| *cause == "\"prerequisite\"").count(), 4, "{causes:?}");
}
