//! "Hang up" ends the right leg, and only that.

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use uuid::Uuid;

use super::SPELLINGS;
use crate::harness::{CLIENT, Company, VATS};

/// A conversation with 101; gives the call and its leg.
async fn conversation(company: &Company) -> (String, String) {
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101"]);
    company.sandbox.pbx.answer(&call, "101").expect("rings");
    company.settle().await;
    let leg = format!("{call}-1");
    (call, leg)
}

fn communication(company: &Company, call: &str) -> Uuid {
    company.kontur().communication(call).id
}

#[tokio::test]
async fn every_spelling_of_hangup_ends_the_leg() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    for spelling in SPELLINGS {
        let (call, leg) = conversation(&company).await;
        let id = communication(&company, &call);
        let reply = company.crm().spelled(spelling).press_hangup(&leg, anna, id).await;
        assert!(reply.is_ok(), "{spelling:?}: {reply:?}");
        company.settle().await;
        let story = company.kontur().story(&call);
        assert_eq!(
            story[2..],
            ["connected 1", "disconnected 1", "call-finished", "register-call"],
            "{spelling:?}"
        );
    }
}

#[tokio::test]
async fn the_leg_that_was_named_ends_and_no_other() {
    let company = Company::start().await;
    let boris = company.employee("102").kontur_user_id;
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101", "102"]);
    company.settle().await;
    let reply = company.crm().press_hangup(&format!("{call}-2"), boris, communication(&company, &call)).await;
    assert!(reply.is_ok(), "{reply:?}");
    let deleted = company.journal().of(System::Pbx, "legs/delete");
    assert_eq!(deleted.len(), 1);
    assert!(deleted[0].path.ends_with(&format!("/calls/{call}/legs/{call}-2")), "{}", deleted[0].path);
    let legs = company.sandbox.pbx.call(&call).expect("the call").legs;
    assert_eq!(legs.iter().map(|leg| leg.is_open()).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn a_leg_that_has_ended_is_fine_and_bothers_nobody() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let (call, leg) = conversation(&company).await;
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let reply = company.crm().press_hangup(&leg, anna, communication(&company, &call)).await;
    assert!(reply.is_ok(), "{reply:?}");
    assert_eq!(company.journal().count(System::Pbx, "legs/delete"), 0);
}

/// The PBX knows that the leg has ended before we do.
#[tokio::test]
async fn a_leg_that_the_telephony_does_not_know_any_more_is_fine() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let (call, leg) = conversation(&company).await;
    company.sandbox.pbx.set_silent(true);
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.sandbox.pbx.set_silent(false);
    assert!(company.crm().press_hangup(&leg, anna, communication(&company, &call)).await.is_ok());
}

#[tokio::test]
async fn an_unknown_leg_is_not_found() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let reply = company.crm().press_hangup("no-such-leg", anna, Uuid::new_v4()).await;
    assert_eq!((reply.status, &reply.body["status"]), (409, &json!("notFound")), "{reply:?}");
}

#[tokio::test]
async fn a_leg_of_another_communication_is_not_found() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let (call, leg) = conversation(&company).await;
    let crm = company.crm().spelled(simulators::kontur::Spelling::CommunicationsById);
    let reply = crm.press_hangup(&leg, anna, Uuid::new_v4()).await;
    assert_eq!((reply.status, &reply.body["status"]), (409, &json!("notFound")), "{reply:?}");
    assert!(company.sandbox.pbx.call(&call).expect("the call").finished_at.is_none());
}

#[tokio::test]
async fn a_telephony_that_is_down_is_said_to_be_so() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let (call, leg) = conversation(&company).await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(503)).on("legs/delete"));
    let reply = company.crm().press_hangup(&leg, anna, communication(&company, &call)).await;
    assert_eq!((reply.status, &reply.body["status"]), (503, &json!("unavailable")), "{reply:?}");
    company.sandbox.pbx.faults().clear();
    assert!(company.crm().press_hangup(&leg, anna, communication(&company, &call)).await.is_ok());
}
