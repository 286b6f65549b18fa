//! "Call" with a telephony that refuses, is slow, or is away.

use std::time::{Duration, Instant};

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;

use crate::harness::{CLIENT_DIGITS, Company};

/// Kontur wants its answer by then (contract Kontur §1).
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_refusal_of_the_telephony_is_answered_at_once_and_not_reported_again() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(404)).on("calls/create"));
    let pressed = company.crm().press_call(anna, CLIENT_DIGITS).await;
    assert_eq!(pressed.reply.status, 409, "{pressed:?}");
    company.sandbox.pbx.faults().clear();
    let again = company.crm().repeat_call(pressed.communication_id, anna, CLIENT_DIGITS).await;
    assert_eq!(again.status, 409, "the same request stays refused: {again:?}");
    company.settle().await;
    assert_eq!(company.journal().count(System::Kontur, "call-failed"), 0);
    assert!(company.sandbox.pbx.history().is_empty());
}

#[tokio::test]
async fn a_slow_telephony_is_answered_for_in_time_and_a_late_success_is_no_failure() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let slow = Fault::times(FaultKind::delay(Duration::from_millis(2_800)), 1).on("calls/create");
    company.sandbox.pbx.faults().set(slow);
    let began = Instant::now();
    let pressed = company.crm().press_call(anna, CLIENT_DIGITS).await;
    assert!(pressed.reply.is_ok(), "{pressed:?}");
    assert!(began.elapsed() < ANSWER_WITHIN, "{:?}", began.elapsed());
    company.seen(System::Kontur, "call-started", 1).await;
    assert_eq!(company.journal().count(System::Kontur, "call-failed"), 0);
}

#[tokio::test]
async fn a_slow_refusal_is_answered_for_in_time_and_reported_later() {
    let company = Company::plan()
        .edit(|_, sandbox| {
            // Boris has lost his telephone: the PBX does not know his extension.
            let slow = FaultKind::delay(Duration::from_millis(2_800));
            sandbox.pbx.faults().set(Fault::times(slow, 1).on("calls/create"));
        })
        .integration(|integration| {
            let users = integration.get_mut("user").and_then(toml::Value::as_array_mut).expect("users");
            users[1].as_table_mut().expect("a user").insert("extension".into(), "199".into());
        })
        .start()
        .await;
    let boris = company.employee("102").kontur_user_id;
    let began = Instant::now();
    let pressed = company.crm().press_call(boris, CLIENT_DIGITS).await;
    assert!(pressed.reply.is_ok(), "{pressed:?}");
    assert!(began.elapsed() < ANSWER_WITHIN, "{:?}", began.elapsed());
    let failed = company.seen(System::Kontur, "call-failed", 1).await;
    assert_eq!(failed, [json!({"communicationId": pressed.communication_id})]);
    company.settle().await;
    let known = company.sandbox.kontur.communication("sandbox", pressed.communication_id).expect("known");
    assert!(known.failed && !known.started && known.registered == 0, "{known:?}");
}

#[tokio::test]
async fn a_telephony_that_stumbles_is_asked_again() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    company.sandbox.pbx.faults().set(Fault::times(FaultKind::status(503), 1).on("calls/create"));
    let pressed = company.crm().press_call(anna, CLIENT_DIGITS).await;
    assert!(pressed.reply.is_ok(), "{pressed:?}");
    company.seen(System::Kontur, "call-started", 1).await;
    assert_eq!(company.sandbox.pbx.history().len(), 1);
}

/// The request arrived, its answer did not: the telephony knows the request, and rings once.
#[tokio::test]
async fn a_lost_answer_of_the_telephony_rings_once() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    company.sandbox.pbx.faults().set(Fault::times(FaultKind::CutAfter, 1).on("calls/create"));
    let pressed = company.crm().press_call(anna, CLIENT_DIGITS).await;
    assert!(pressed.reply.is_ok(), "{pressed:?}");
    company
        .journal()
        .wait_for_count(Duration::from_secs(10), System::Pbx, "calls/create", 2)
        .await
        .expect("asked again");
    assert_eq!(company.sandbox.pbx.history().len(), 1);
}

#[tokio::test]
async fn wrong_bodies_are_refused_by_the_name_of_the_field() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let reply = company.crm().press_call(anna, "").await.reply;
    assert_eq!((reply.status, &reply.body["status"]), (409, &json!("invalidArgs")), "{reply:?}");
    assert!(reply.body["message"].as_str().expect("a message").contains("clientPhone"), "{reply:?}");
}
