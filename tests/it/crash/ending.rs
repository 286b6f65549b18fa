//! The server is asked to end: it drains, but not for ever, and loses nothing either way.

use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use super::traffic::Traffic;
use super::trail::Trail;
use super::{plan, some_moment};
use crate::harness::{Company, DEADLINE, chance, eventually};

/// Kontur has registered a call and does not say so.
async fn hanging(company: &Company) {
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::HangAfter, 1).on("register-call"));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    let registered = company.journal().wait_for_count(DEADLINE, System::Kontur, "register-call", 1).await;
    registered.expect("the call is registered");
}

async fn nothing_is_doubled(company: &Company) {
    company.settle().await;
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 1);
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 1);
    assert_eq!(company.sandbox.workonflow.all_comments().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_under_load_it_drains_and_loses_nothing() {
    let mut company = plan().start().await;
    let mut chance = chance();
    let traffic = Traffic::start(&company.telephony(), 0, &mut chance);
    some_moment(&company, &traffic, &mut chance).await;
    assert_eq!(company.server.terminate().await.code(), Some(0));
    company.server.start().await;
    Trail::of(&company, &traffic.end().await).await.assert_clean();
}

#[tokio::test]
async fn a_remote_system_that_hangs_does_not_hold_the_end_up() {
    let mut company = plan().set("shut_down_within_sec", 1).start().await;
    hanging(&company).await;
    assert_eq!(company.server.terminate().await.code(), Some(0));
    assert!(company.server.log().contains("something was still under way"), "the limit ended it");
    company.server.start().await;
    nothing_is_doubled(&company).await;
}

#[tokio::test]
async fn asked_again_it_ends_at_once() {
    for again in ["TERM", "INT"] {
        let mut company = plan().start().await;
        hanging(&company).await;
        company.server.signal("TERM");
        eventually("it drains", async || company.server.log().contains("draining").then_some(())).await;
        company.server.signal(again);
        assert_eq!(company.server.ended().await.code(), Some(0));
        assert!(company.server.log().contains("asked again"), "the second signal ended it");
        company.server.start().await;
        nothing_is_doubled(&company).await;
    }
}

/// A delivery that hangs keeps the drain going while events keep coming: they are taken or refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_it_drains_is_kept_or_refused() {
    let mut company = plan().set("shut_down_within_sec", 1).start().await;
    // What hung is told again: nobody knows whether it arrived.
    company.sandbox.kontur.allow_repeats(true);
    let mut chance = chance();
    let traffic = Traffic::start(&company.telephony(), 0, &mut chance);
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::HangAfter, 1).on("call-event"));
    company.seen(System::Kontur, "call-event", 1).await;
    assert_eq!(company.server.terminate().await.code(), Some(0));
    company.server.start().await;
    Trail::of(&company, &traffic.end().await).await.assert_clean();
}
