//! Calls that Kontur asked for and the telephony accepted, of which nothing is heard.

use std::time::Duration;

use domain::call::event::Direction;
use domain::id::{InstanceId, KonturUserId};
use domain::port::RemoteErrorKind;
use domain::port::provider::Capabilities;
use engine::dial::CallCommand;

use crate::company::{Company, eventually};

const USER: &str = "44d0c1f2-7d54-4c2f-8f0e-3f7a0b8d9e21";

/// What the telephony calls it.
const CALL: &str = "call-of-k1";

/// A company whose telephony has accepted a call, and has said no more.
async fn placed() -> Company {
    let company = Company::start().await;
    let command = CallCommand {
        communication: "k1".into(),
        from: KonturUserId::new(USER),
        to: None,
        client_phone: Some("+79997775533".to_owned()),
    };
    company.rig.engine.call(&company.acme(), command).await.unwrap();
    // The reply does not wait until it is noted.
    eventually(async || {
        let noted = company.store.read(|tx| tx.dial(InstanceId(1), &"k1".into())).await.unwrap();
        noted?.call.map(drop)
    })
    .await;
    company
}

/// So many minutes later somebody looks. Says how often the telephony was asked so far.
async fn look_for(company: &Company, minutes: u64) -> usize {
    company.rig.clock.advance(Duration::from_mins(minutes));
    while company.rig.engine.look_for_placed_calls().await.unwrap() {}
    company.rig.remote.provider.look_ups().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_comes_about_is_told_to_have_failed_once() {
    let company = placed().await;
    assert_eq!(look_for(&company, 9).await, 0, "its events may still come");
    assert_eq!(look_for(&company, 1).await, 1);
    assert_eq!(look_for(&company, 0).await, 1, "not again at once");
    assert!(company.told_at_last().await.is_empty());
    company.rig.remote.provider.fail(Some(RemoteErrorKind::Unreachable));
    look_for(&company, 60).await;
    look_for(&company, 60).await;
    assert!(company.told_at_last().await.is_empty());
    look_for(&company, 110).await;
    assert_eq!(company.told_at_last().await, ["call-failed"]);
    let asked = look_for(&company, 600).await;
    assert_eq!(look_for(&company, 600).await, asked, "it is done with");
    assert_eq!(company.told_at_last().await, ["call-failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_telephony_knows_of_is_taken_in() {
    let company = placed().await;
    // Not even the telephony says who asked for it.
    let ended = format!(
        "0 h1 {CALL} call.started direction=outbound\n1 h2 {CALL} leg.ringing l1\n2 h3 {CALL} leg.answered l1\n\
         70 h4 {CALL} leg.ended l1\n70 h5 {CALL} call.finished"
    );
    company.rig.remote.provider.know(CALL, &ended);
    assert_eq!(look_for(&company, 10).await, 1);
    let expected =
        ["call-started", "call-event", "call-event", "call-event", "call-finished", "register-call"];
    assert_eq!(company.told_at_last().await, expected);
    assert_eq!(company.only_call().await.request(), Some(&"k1".into()));
    assert_eq!(look_for(&company, 600).await, 1, "it has shown up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_shows_up_by_its_events_is_not_looked_for() {
    for request in ["", " request=k1"] {
        let company = placed().await;
        let id = if request.is_empty() { CALL } else { "other-id" };
        company.send(&format!("0 e1 {id} call.started direction=outbound{request}")).await;
        assert_eq!(look_for(&company, 10).await, 0);
        assert_eq!(look_for(&company, 600).await, 0);
        assert!(!company.told_at_last().await.contains(&"call-failed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephony_that_cannot_be_asked_is_waited_for() {
    let company = placed().await;
    company.rig.remote.provider.set_capabilities(Capabilities { dial: true, ..Capabilities::default() });
    look_for(&company, 10).await;
    look_for(&company, 229).await;
    assert!(company.told_at_last().await.is_empty());
    assert_eq!(look_for(&company, 1).await, 0);
    assert_eq!(company.told_at_last().await, ["call-failed"]);
    assert_eq!(company.only_call().await.direction(), Direction::Outbound);
}
