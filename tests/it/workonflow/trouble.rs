//! The same with a Workonflow that is down, odd, or that loses its answers.

use std::time::Duration;

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::workonflow::Priority;

use super::{answered, clients, comments, missed, only_thread, speaking};
use crate::harness::Company;

/// Plays faults while the client's first call is missed: there is one of everything in the end.
async fn check(dialect: &'static str, faults: &[Fault]) {
    let company = speaking(dialect).start().await;
    for fault in faults {
        company.sandbox.workonflow.faults().set(fault.clone());
    }
    missed(&company).await;
    assert_eq!(clients(&company).len(), 1, "{dialect} {faults:?}");
    assert_eq!(comments(&company).len(), 1, "{dialect} {faults:?}");
    assert_eq!(only_thread(&company).priority, Priority::High, "{dialect} {faults:?}");
    assert!(company.sandbox.workonflow.faults().active().is_empty(), "a fault was not played: {faults:?}");
}

#[tokio::test]
async fn a_workonflow_that_is_down_for_a_while() {
    for dialect in ["query", "body"] {
        check(dialect, &[Fault::times(FaultKind::status(503), 3)]).await;
    }
}

/// HTTP says 200 and the body says 500.
#[tokio::test]
async fn a_success_that_says_500_inside() {
    for dialect in ["query", "body"] {
        for operation in ["contact/create", "thread/create", "comment/create", "thread.fields.priority"] {
            check(dialect, &[Fault::times(FaultKind::ErrorInside, 1).on(operation)]).await;
        }
    }
}

/// It did happen, and nobody said so: it is looked for before it is sent again.
#[tokio::test]
async fn answers_that_are_lost_after_the_work_was_done() {
    for operation in ["contact/create", "thread/create", "comment/create"] {
        let company = Company::start().await;
        company.sandbox.workonflow.faults().set(Fault::times(FaultKind::CutAfter, 1).on(operation));
        missed(&company).await;
        assert_eq!(clients(&company).len(), 1, "{operation}");
        assert_eq!(comments(&company).len(), 1, "{operation}");
        assert_eq!(company.journal().count(System::Workonflow, operation), 1, "{operation}");
    }
}

#[tokio::test]
async fn connections_that_are_cut_before_anything_happened() {
    check("query", &[Fault::times(FaultKind::CutBefore, 2).on("comment/create")]).await;
}

#[tokio::test]
async fn a_slow_workonflow_and_a_proxy_in_maintenance() {
    let slow = Fault::times(FaultKind::delay(Duration::from_millis(100)), 2);
    check("query", &[slow, Fault::times(FaultKind::Garbage, 1).on("thread/create")]).await;
}

/// Workonflow's trouble is its own: Kontur is told all the same.
#[tokio::test]
async fn kontur_does_not_wait_for_workonflow() {
    let company = Company::start().await;
    company.sandbox.workonflow.faults().set(Fault::always(FaultKind::status(500)));
    let call = company.sandbox.pbx.ring_in("+7 999 777-55-33", "79229929292", &["101"]);
    company.sandbox.pbx.miss(&call).expect("rings");
    company.seen(System::Kontur, "register-call", 1).await;
    assert!(company.sandbox.workonflow.threads().is_empty());
    company.sandbox.workonflow.faults().clear();
    company.settle().await;
    assert_eq!(comments(&company).len(), 1);
}

/// The signature holds the second: a clock that is off shows as a refusal, and the comment comes when it is right.
#[tokio::test]
async fn a_clock_that_is_off_delays_and_loses_nothing() {
    let company = Company::start().await;
    company.sandbox.workonflow.set_clock_offset(600_000);
    let call = company.sandbox.pbx.ring_in("+7 999 777-55-33", "79229929292", &["101"]);
    company.sandbox.pbx.miss(&call).expect("rings");
    company.seen(System::Workonflow, "contact/read", 2).await;
    company.sandbox.workonflow.set_clock_offset(0);
    company.settle().await;
    assert_eq!(comments(&company).len(), 1);
}

#[tokio::test]
async fn what_workonflow_refuses_for_good_is_a_dead_letter() {
    let mut company = Company::plan()
        .integration(|integration| {
            let workonflow = crate::harness::table(integration, "workonflow");
            workonflow.insert("status_id".into(), "5b00000000000000000000ff".into());
        })
        .start()
        .await;
    company.forgive_violations();
    answered(&company).await;
    let dead = company.admin().deliveries("state=dead&destination=workonflow").await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((&dead[0]["kind"], &dead[0]["cause"]), (&json!("comment"), &json!("validation")));
    company.admin().becomes("hasErrors").await;
}
