//! What Kontur is told of each kind of call: the exact callbacks, in order, and what is in them.

mod bodies;
mod recordings;
mod trouble;

use simulators::scenario::{Kind, Trace};

use crate::harness::{CLIENT, Company, VATS};

/// Sends the events of one kind of call and compares what Kontur was told.
async fn check(kind: Kind, expected: &[&str]) {
    let company = Company::start().await;
    let trace = Trace::new(kind, 1);
    company.telephony().tell(&trace.events()).await;
    company.settle().await;
    assert_eq!(company.kontur().story(&trace.call_id()), expected, "{kind:?}");
}

#[tokio::test]
async fn an_answered_call() {
    let expected =
        ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"];
    check(Kind::Answered, &expected).await;
}

#[tokio::test]
async fn a_missed_call() {
    check(Kind::Missed, &["call-started", "appeared 1", "disconnected 1", "call-finished", "register-call"])
        .await;
}

#[tokio::test]
async fn a_ring_group_that_one_answers() {
    let expected = [
        "call-started",
        "appeared 1",
        "appeared 2",
        "appeared 3",
        "connected 2",
        "disconnected 1",
        "disconnected 3",
        "disconnected 2",
        "call-finished",
        "register-call",
    ];
    check(Kind::RingGroup, &expected).await;
}

#[tokio::test]
async fn a_ring_group_that_nobody_answers_is_one_missed_call() {
    let expected = [
        "call-started",
        "appeared 1",
        "appeared 2",
        "appeared 3",
        "disconnected 1",
        "disconnected 2",
        "disconnected 3",
        "call-finished",
        "register-call",
    ];
    check(Kind::RingGroupMissed, &expected).await;
}

#[tokio::test]
async fn a_transferred_call() {
    let expected = [
        "call-started",
        "appeared 1",
        "connected 1",
        "disconnected 1",
        "appeared 2",
        "connected 2",
        "disconnected 2",
        "call-finished",
        "register-call",
    ];
    check(Kind::Transferred, &expected).await;
}

#[tokio::test]
async fn a_call_on_hold() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&call, "101").expect("rings");
    pbx.hold(&call, "101").expect("talks");
    pbx.resume(&call, "101").expect("is held");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let expected = [
        "call-started",
        "appeared 1",
        "connected 1",
        "paused 1",
        "connected 1",
        "disconnected 1",
        "call-finished",
        "register-call",
    ];
    assert_eq!(company.kontur().story(&call), expected);
}

#[tokio::test]
async fn an_outbound_call() {
    let expected =
        ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"];
    check(Kind::Outbound, &expected).await;
}

#[tokio::test]
async fn a_caller_who_is_busy() {
    let company = Company::start().await;
    let call = company.sandbox.pbx.dial_out("101", CLIENT);
    company.sandbox.pbx.busy(&call).expect("rings");
    company.settle().await;
    let expected = ["call-started", "appeared 1", "disconnected 1", "call-finished", "register-call"];
    assert_eq!(company.kontur().story(&call), expected);
    assert_eq!(company.admin().call(&call).await["reason"], "busy");
}

/// Events that come with their call's later events are told one by one all the same, each in its place.
#[tokio::test]
async fn a_call_is_told_while_it_goes_on() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    company.settle().await;
    assert_eq!(company.kontur().story(&call), ["call-started", "appeared 1"]);
    pbx.answer(&call, "101").expect("rings");
    company.settle().await;
    assert_eq!(company.kontur().story(&call).last().map(String::as_str), Some("connected 1"));
    assert_eq!(company.admin().call(&call).await["state"], "active");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_eq!(company.kontur().story(&call).last().map(String::as_str), Some("register-call"));
}
