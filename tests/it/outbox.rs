//! Deliveries: in order within a call, independent of each other, again when it helps, given up when it does not.

mod closing;
mod dead;
mod doubt;
mod neighbours;
mod restart;

use serde_json::Value;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, Trace, trace};

use crate::harness::{Company, eventually};

#[tokio::test]
async fn each_call_is_told_in_order_whatever_fails() {
    let company = Company::start().await;
    let faults = company.sandbox.kontur.faults();
    for operation in ["call-started", "call-event", "call-finished", "register-call"] {
        faults.set(Fault::times(FaultKind::status(503), 5).on(operation));
        faults.set(Fault::times(FaultKind::CutBefore, 5).on(operation));
    }
    let kinds = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::ClickToCall | Kind::Failed));
    let traces: Vec<Trace> = kinds.zip(1..).map(|(kind, n)| Trace::new(kind, n)).collect();
    let events: Vec<Value> = traces.iter().flat_map(Trace::events).collect();
    company.telephony().tell(&events).await;
    company.settle().await;
    // The simulated Kontur notes every illegal order; here is only that nothing is missing.
    for trace in &traces {
        let story = company.kontur().story(&trace.call_id());
        assert_eq!(story.first().map(String::as_str), Some("call-started"));
        assert_eq!(story.last().map(String::as_str), Some("register-call"));
    }
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), traces.len());
}

/// One call's comment hangs; another client's does not wait for it, and Kontur not at all.
#[tokio::test]
async fn a_delivery_that_hangs_holds_up_its_own_lane_only() {
    let company = Company::start().await;
    company.sandbox.workonflow.faults().set(Fault::times(FaultKind::Hang, 1).on("comment/create"));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    eventually("the first comment hangs", async || {
        company.sandbox.workonflow.faults().active().is_empty().then_some(())
    })
    .await;
    company.telephony().tell(&trace(Kind::Answered, 2)).await;
    company.seen(System::Workonflow, "comment/create", 1).await;
    company.seen(System::Kontur, "register-call", 2).await;
    eventually("only the first comment is pending", async || {
        let pending = company.admin().deliveries("state=pending&destination=workonflow").await;
        (pending.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn realtime_that_is_late_is_skipped_and_the_call_is_registered_all_the_same() {
    let company = Company::plan().set("retry.realtime_expires_after_sec", 1).start().await;
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::CutBefore));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    let expired = eventually("realtime expires", async || {
        let expired = company.admin().deliveries("state=expired").await;
        (expired.len() == 5).then_some(expired)
    })
    .await;
    assert!(expired.iter().all(|delivery| delivery["expires_at"].is_string()));
    company.sandbox.kontur.faults().clear();
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1"), ["register-call"]);
    assert_eq!(company.admin().status_word().await, "active", "being late is no fault");
}

/// call-started was too late; what belongs to it is too late as well, even if it is not yet old enough.
#[tokio::test]
async fn what_belongs_to_an_expired_call_started_expires_with_it() {
    let company = Company::plan().set("retry.realtime_expires_after_sec", 1).start().await;
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::CutBefore));
    let events = trace(Kind::Answered, 1);
    company.telephony().tell(&events[..1]).await;
    eventually("call-started expires", async || {
        (company.admin().deliveries("state=expired").await.len() == 1).then_some(())
    })
    .await;
    company.sandbox.kontur.faults().clear();
    company.telephony().tell(&events[1..]).await;
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1"), ["register-call"]);
    assert_eq!(company.admin().deliveries("state=expired").await.len(), 5);
}

#[tokio::test]
async fn kontur_says_when_to_come_again_and_is_obeyed() {
    let company = Company::start().await;
    for status in [429, 503] {
        let before = company.journal().count(System::Kontur, "call-started");
        let busy = FaultKind::Status { status, body: Value::Null, retry_after: Some(1) };
        company.sandbox.kontur.faults().set(Fault::times(busy, 1).on("call-started"));
        company.telephony().tell(&trace(Kind::Missed, u64::from(status))).await;
        company.settle().await;
        let attempts = company.journal().of(System::Kontur, "call-started").split_off(before);
        assert_eq!(attempts.len(), 2);
        assert!(attempts[1].at - attempts[0].at >= 1_000, "{} ms", attempts[1].at - attempts[0].at);
    }
}

/// The configured delays, each with its jitter.
#[tokio::test]
async fn retries_keep_to_their_schedule() {
    let company = Company::start().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 4).on("call-started"));
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    company.settle().await;
    let at: Vec<i64> =
        company.journal().of(System::Kontur, "call-started").iter().map(|entry| entry.at).collect();
    assert_eq!(at.len(), 5);
    for (pair, delay) in at.windows(2).zip([20, 40, 80, 160]) {
        let waited = pair[1] - pair[0];
        assert!(waited >= delay * 8 / 10, "waited {waited} ms where {delay} ms were due");
    }
    let call = company.admin().call("trace-1").await;
    let started = &call["deliveries"][0];
    assert_eq!((&started["kind"], &started["attempts"]), (&"call-started".into(), &5.into()));
    let log = started["attempt_log"].as_array().expect("attempts");
    assert_eq!(
        log.iter().map(|attempt| attempt["http_status"].clone()).collect::<Vec<_>>(),
        [503, 503, 503, 503, 200]
    );
}
