//! Something was created, and its answer was lost with the server: the next one looks before it sends again.

use std::time::Duration;

use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use crate::harness::{CLIENT, Company, DEADLINE, VATS, eventually};

/// The server is killed while `operation` is being processed.
async fn killed_during(system: System, operation: &str) -> Company {
    let mut company = Company::start().await;
    // Realtime that was under way when the server was killed may be told twice; what creates something may not.
    company.sandbox.kontur.allow_repeats(true);
    let faults = match system {
        System::Workonflow => company.sandbox.workonflow.faults(),
        _ => company.sandbox.kontur.faults(),
    };
    faults.set(Fault::times(FaultKind::delay(Duration::from_millis(300)), 1).on(operation));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    eventually("the request has arrived", async || faults.active().is_empty().then_some(())).await;
    company.server.kill();
    let processed = company.journal().wait_for_count(DEADLINE, system, operation, 1).await;
    processed.expect("it is processed all the same");
    company.server.start().await;
    company.settle().await;
    company
}

#[tokio::test]
async fn a_call_started_that_arrived_is_not_sent_again() {
    let company = killed_during(System::Kontur, "call-started").await;
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 1);
    assert_eq!(company.journal().count(System::Kontur, "call-started"), 1);
    assert_eq!(company.kontur().story("trace-1").last().map(String::as_str), Some("register-call"));
}

#[tokio::test]
async fn a_register_call_that_arrived_is_not_sent_again() {
    let company = killed_during(System::Kontur, "register-call").await;
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 1);
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 1);
}

#[tokio::test]
async fn a_comment_that_arrived_is_not_written_again() {
    let company = killed_during(System::Workonflow, "comment/create").await;
    assert_eq!(company.sandbox.workonflow.all_comments().len(), 1);
    assert_eq!(company.journal().count(System::Workonflow, "comment/create"), 1);
}

#[tokio::test]
async fn a_contact_and_a_thread_that_were_made_are_found_again() {
    for operation in ["contact/create", "thread/create"] {
        let company = killed_during(System::Workonflow, operation).await;
        assert_eq!(company.sandbox.workonflow.threads().len(), 1, "{operation}");
        assert_eq!(company.journal().count(System::Workonflow, operation), 1, "{operation}");
        assert_eq!(company.sandbox.workonflow.all_comments().len(), 1, "{operation}");
    }
}

/// The feed in which it could be looked up is down for a moment: nothing is sent blindly.
#[tokio::test]
async fn while_the_look_up_fails_nothing_is_sent() {
    let company = Company::start().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::CutAfter, 1).on("register-call"));
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 2).on("events"));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    company.settle().await;
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 1);
    assert!(company.journal().count(System::Kontur, "events") >= 3);
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 1);
}

/// The same client on the same line twice at once, and the answers about one of the calls get lost: the other call is
/// not taken for it.
#[tokio::test]
async fn a_call_in_doubt_is_not_taken_for_another_with_equal_numbers() {
    let company = Company::start().await;
    for (faults, operation) in [
        (company.sandbox.kontur.faults(), "call-started"),
        (company.sandbox.kontur.faults(), "register-call"),
        (company.sandbox.workonflow.faults(), "comment/create"),
    ] {
        faults.set(Fault::times(FaultKind::CutBefore, 1).on(operation));
        faults.set(Fault::times(FaultKind::CutAfter, 1).on(operation));
    }
    let pbx = &company.sandbox.pbx;
    let calls = ["101", "102"].map(|extension| pbx.ring_in(CLIENT, VATS, &[extension]));
    for (call, extension) in calls.iter().zip(["101", "102"]) {
        pbx.answer(call, extension).expect("rings");
    }
    for call in &calls {
        pbx.hang_up(call).expect("talks");
    }
    company.settle().await;
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 2);
    for call in &calls {
        let story = company.kontur().story(call);
        assert_eq!(story.last().map(String::as_str), Some("register-call"), "{story:?}");
    }
    let written: Vec<_> =
        company.sandbox.workonflow.all_comments().iter().map(|comment| format!("{comment:?}")).collect();
    assert_eq!(written.len(), 2, "{written:?}");
    for call in &calls {
        let reference = company.admin().call(call).await["reference"].as_str().expect("text").to_owned();
        assert_eq!(written.iter().filter(|text| text.contains(&reference)).count(), 1, "{written:?}");
    }
}
