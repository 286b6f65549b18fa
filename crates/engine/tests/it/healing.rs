//! Calls whose end never comes, minute by minute.

use std::sync::Arc;
use std::time::Duration;

use domain::port::RemoteErrorKind;
use domain::port::provider::Capabilities;
use testkit::START;

use crate::company::{Company, eventually};

const TALKING: &str = "0 e1 c1 call.started\n1 e2 c1 leg.ringing l1\n2 e3 c1 leg.answered l1";
const ENDED: &str = "0 h1 c1 call.started\n1 h2 c1 leg.ringing l1\n2 h3 c1 leg.answered l1\n\
                     70 h4 c1 leg.ended l1\n70 h5 c1 call.finished";

/// A company with a call that goes on, which Kontur knows of.
async fn talking() -> Company {
    let company = Company::start().await;
    company.send(TALKING).await;
    company.settle().await;
    company
}

/// So many minutes later somebody looks. Says how often the telephony was asked so far.
async fn look_after(company: &Company, minutes: u64) -> usize {
    company.rig.clock.advance(Duration::from_mins(minutes));
    while company.rig.engine.look_after_open_calls().await.unwrap() {}
    company.rig.remote.provider.look_ups().len()
}

const TOLD: [&str; 6] =
    ["call-started", "call-event", "call-event", "call-event", "call-finished", "register-call"];

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_the_telephony_knows_is_taken_in_and_told() {
    let company = talking().await;
    company.rig.remote.provider.know("c1", ENDED);
    assert_eq!(look_after(&company, 9).await, 0, "it is not quiet for long enough");
    assert_eq!(look_after(&company, 1).await, 1);
    let call = company.only_call().await;
    assert!(call.is_closed() && !call.end_is_inferred());
    assert_eq!(company.told_at_last().await, TOLD);
    assert_eq!(look_after(&company, 600).await, 1, "what is over is not looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_goes_on_is_asked_for_more_and_more_rarely() {
    let company = talking().await;
    company.rig.remote.provider.know("c1", TALKING);
    let mut asked = Vec::new();
    for _ in 0..30 {
        asked.push(look_after(&company, 10).await);
    }
    // At minutes 10, 20, 40, 80, 140, 200, 260.
    let expected = [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7];
    assert_eq!(asked, expected);
    assert!(!company.only_call().await.is_closed());
    company.rig.remote.provider.fail(Some(RemoteErrorKind::Unreachable));
    look_after(&company, 60).await;
    look_after(&company, 60).await;
    assert!(!company.only_call().await.is_closed(), "it was going on less than four hours ago");
    look_after(&company, 180).await;
    let call = company.only_call().await;
    assert!(call.end_is_inferred());
    let last_sign = START.plus(Duration::from_mins(260));
    assert_eq!(call.ended_at(), Some(last_sign), "the telephony last said so then");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_nobody_can_tell_of_is_inferred_and_corrected_by_the_real_one() {
    let company = talking().await;
    company.rig.remote.provider.set_capabilities(Capabilities::default());
    assert_eq!(look_after(&company, 239).await, 0);
    assert!(!company.only_call().await.is_closed());
    assert_eq!(look_after(&company, 1).await, 0, "it cannot be asked");
    let inferred = company.only_call().await;
    assert!(inferred.end_is_inferred());
    assert_eq!(inferred.ended_at(), inferred.answered_at());
    assert_eq!(company.told_at_last().await, TOLD);
    company.send("8000 e4 c1 leg.answered l2\n9000 e5 c1 leg.ended l1\n9001 e6 c1 call.finished").await;
    let corrected = company.only_call().await;
    assert!(corrected.end_was_corrected() && !corrected.end_is_inferred());
    assert_eq!(corrected.ended_at(), Some(START.plus(Duration::from_secs(9_001))));
    assert_eq!(company.told_at_last().await, TOLD, "nothing is told twice, nothing is opened again");
}

/// An event that comes between the question and its answer means that the call is not quiet any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_speaks_up_at_the_last_moment_is_not_ended() {
    let company = talking().await;
    company.rig.remote.provider.fail(Some(RemoteErrorKind::Unreachable));
    company.rig.clock.advance(Duration::from_hours(4));
    company.rig.remote.provider.hold_look_ups();
    let engine = Arc::clone(&company.rig.engine);
    let looking = tokio::spawn(async move { engine.look_after_open_calls().await });
    eventually(async || company.rig.remote.provider.look_ups().first().cloned()).await;
    company.send("14400 e4 c1 leg.held l1").await;
    company.rig.remote.provider.release_look_ups();
    looking.await.unwrap().unwrap();
    assert!(!company.only_call().await.is_closed());
}

/// A telephony that is down is not made to say so for every call.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_asked_little_and_every_call_ends_all_the_same() {
    let company = talking().await;
    let lines: Vec<String> = (2..=300).map(|n| format!("0 e1 c{n} call.started")).collect();
    company.send(&lines.join("\n")).await;
    company.rig.remote.provider.fail(Some(RemoteErrorKind::Unreachable));
    let asked = look_after(&company, 10).await;
    assert!((1..=5 * 4).contains(&asked), "5 batches, 4 at a time: {asked}");
    look_after(&company, 230).await;
    let calls = company.calls().await;
    assert_eq!(calls.iter().filter(|call| call.end_is_inferred()).count(), 300);
}

/// Held back like everything else, and sent when it is resumed.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_integration_is_looked_after_as_well() {
    let company = talking().await;
    company.rig.engine.pause(&company.acme()).await.unwrap();
    company.rig.remote.provider.know("c1", ENDED);
    assert_eq!(look_after(&company, 10).await, 1);
    assert!(company.only_call().await.is_closed());
    company.rig.clock.advance(Duration::from_hours(1));
    company.rig.engine.resume(&company.acme()).await.unwrap();
    let told = company.told_at_last().await;
    assert_eq!(told, ["call-started", "call-event", "call-event", "call-finished", "register-call"]);
}
