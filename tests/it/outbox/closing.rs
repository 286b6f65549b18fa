//! Every call that was opened in Kontur is closed there, however late; what was never opened is not.

use simulators::faults::{Fault, FaultKind};
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use crate::harness::{Company, eventually};

async fn expired(company: &Company, count: usize) {
    eventually(&format!("{count} deliveries expire"), async || {
        (company.admin().deliveries("state=expired").await.len() == count).then_some(())
    })
    .await;
}

/// Kontur goes away in the middle of a call, and for longer than realtime is worth anything.
#[tokio::test]
async fn a_call_that_kontur_heard_the_beginning_of_is_closed_after_a_long_outage() {
    let company = Company::plan().set("retry.realtime_expires_after_sec", 1).start().await;
    let events = trace(Kind::Answered, 1);
    company.telephony().tell(&events[..3]).await;
    company.settle().await;
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::CutBefore));
    company.telephony().tell(&events[3..]).await;
    expired(&company, 1).await;
    company.sandbox.kontur.faults().clear();
    company.settle().await;
    assert_eq!(
        company.kontur().story("trace-1"),
        ["call-started", "appeared 1", "connected 1", "call-finished", "register-call"]
    );
}

/// The same for a pause: what was due meanwhile is late when it is resumed.
#[tokio::test]
async fn a_call_that_ended_during_a_pause_is_closed_after_it() {
    let company = Company::plan().set("retry.realtime_expires_after_sec", 1).start().await;
    let events = trace(Kind::Answered, 1);
    company.telephony().tell(&events[..3]).await;
    company.settle().await;
    company.admin().post(&format!("/integrations/{WORKSPACE}/pause")).await.ok();
    company.telephony().tell(&events[3..]).await;
    let late = company.admin().call("trace-1").await["deliveries"][4]["expires_at"].clone();
    let late = late.as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok()).expect("a time");
    eventually("the end is late", async || (simulators::clock::now() > late).then_some(())).await;
    company.admin().post(&format!("/integrations/{WORKSPACE}/resume")).await.ok();
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1")[3..], ["call-finished", "register-call"]);
}

/// Kontur asked for the call, so that its communication is known; but it never heard that the call began.
#[tokio::test]
async fn a_requested_call_whose_beginning_was_too_late_is_registered_and_not_finished() {
    let company = Company::plan().set("retry.realtime_expires_after_sec", 1).start().await;
    let faults = company.sandbox.kontur.faults();
    for operation in ["call-started", "call-event"] {
        faults.set(Fault::always(FaultKind::status(503)).on(operation));
    }
    let user = company.employee("101").kontur_user_id;
    let pressed = company.crm().press_call(user, "79997775533").await;
    assert!(pressed.reply.is_ok(), "{pressed:?}");
    expired(&company, 2).await;
    faults.clear();
    let call = company.sandbox.pbx.history()[0].call_id.clone();
    company.sandbox.pbx.answer(&call, "101").expect("rings");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_eq!(company.kontur().story(&call), ["register-call"]);
}
