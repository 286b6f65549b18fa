//! Retention: what is done with goes, what anybody still needs stays, and nobody is told anything twice for it.

mod model;

use domain::instance::status::Status;
use domain::outbox::{Cause, Outcome};
use storage::calls::CallFilter;

use crate::company::{Company, eventually};

/// A company that had a missed call and, longer ago than calls are kept, has another now.
async fn with_an_old_call() -> (Company, String) {
    let company = Company::start().await;
    let old = company.missed_call("old");
    company.send(&old).await;
    company.settle().await;
    company.days_pass(401);
    company.send(&company.missed_call("new")).await;
    company.settle().await;
    (company, old)
}

async fn calls(company: &Company) -> Vec<String> {
    let all = company.rig.engine.list_calls(CallFilter { limit: 10, ..CallFilter::default() }).await.unwrap();
    all.iter().map(|call| call.external_id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_call_goes_and_a_new_one_stays() {
    let (company, _) = with_an_old_call().await;
    assert_eq!(calls(&company).await, ["new", "old"]);
    assert!(company.rig.engine.prune().await.unwrap() > 0);
    assert_eq!(calls(&company).await, ["new"]);
    assert_eq!(company.rig.engine.prune().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_a_call_that_is_gone_is_told_to_nobody() {
    let (company, old) = with_an_old_call().await;
    company.rig.engine.prune().await.unwrap();
    let told = company.told();
    let accepted = company.send(&old).await;
    assert_eq!((accepted.accepted, accepted.duplicates, accepted.forgotten), (0, 3, 3));
    assert_eq!(company.sync(&[old]).await, 0, "the history tells of it as well");
    company.settle().await;
    assert_eq!(company.told(), told);
    assert_eq!(calls(&company).await, ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_never_known_is_taken_however_late() {
    let (company, _) = with_an_old_call().await;
    let unknown = company.missed_call("unknown");
    company.days_pass(200);
    company.rig.engine.prune().await.unwrap();
    assert_eq!(company.send(&unknown).await.accepted, 3);
    let unknown = company.missed_call("of-history");
    company.days_pass(200);
    assert_eq!(company.sync(&[unknown]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_back_is_told_however_late() {
    let company = Company::start().await;
    company.rig.engine.pause(&company.acme()).await.unwrap();
    company.send(&company.missed_call("held")).await;
    company.settle().await;
    company.days_pass(500);
    company.send(&company.missed_call("new")).await;
    company.settle().await;
    company.rig.engine.prune().await.unwrap();
    company.rig.engine.resume(&company.acme()).await.unwrap();
    company.settle().await;
    let registered = |call: &str| company.told().contains(&(call.to_owned(), "register-call"));
    assert!(registered("held") && registered("new"), "{:?}", company.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_goes_with_the_last_of_its_dead_letters() {
    let company = Company::start().await;
    let dead = Outcome::Dead { cause: Cause::Validation, reason: "no good".to_owned() };
    company.rig.remote.kontur.answer_next([dead]);
    company.send(&company.missed_call("old")).await;
    company.settle().await;
    eventually(async || (company.acme().status() == Status::HasErrors).then_some(())).await;
    company.days_pass(91);
    company.send(&company.missed_call("new")).await;
    company.settle().await;
    assert_eq!(company.acme().status(), Status::HasErrors, "the dead letter is there");
    company.rig.engine.prune().await.unwrap();
    assert_eq!(company.acme().status(), Status::Active);
    assert_eq!(calls(&company).await, ["new", "old"], "calls are kept for longer than deliveries");
}
