//! What all sides have of a span is compared; what differs has its cause, and a repair makes it whole.

use std::collections::BTreeSet;

use rand::seq::IteratorRandom;
use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;

use crate::harness::{CLIENT, Company, VATS, chance, eventually};
use crate::sync::import::kontur_alone;
use crate::sync::{ago, past_call};

const PATH: &str = "/integrations/sandbox/reconciliations";

/// Compares the last two days.
async fn compared(company: &Company) -> Value {
    assert!(PATH.contains(WORKSPACE));
    let span = json!({"from": ago(48 * 60).to_rfc3339()});
    let begun = company.admin().post_json(PATH, &span).await;
    assert_eq!(begun.status, 202);
    let path = format!("{PATH}/{}", begun.ok()["id"]);
    let found = eventually("the comparison ends", async || {
        let found = company.admin().get(&path).await.ok();
        (found["state"] != "running").then_some(found)
    });
    let found = found.await;
    assert_eq!(found["state"], "done", "{found}");
    found
}

/// Repairs what was found, and waits until all is told.
async fn repaired(company: &Company, found: &Value) -> Value {
    let repair = company.admin().post(&format!("{PATH}/{}/repair", found["id"])).await.ok();
    if !repair["sync"].is_null() {
        assert_eq!(company.admin().sync_run(&repair["sync"]).await["state"], "done");
    }
    company.settle().await;
    repair
}

/// The calls that differ because of `cause`.
fn because_of(found: &Value, cause: &str) -> BTreeSet<String> {
    let differences = found["differences"].as_array().expect("a list").iter();
    let named = differences.filter(|difference| difference["cause"] == cause);
    named.map(|difference| difference["external_id"].as_str().expect("an id").to_owned()).collect()
}

fn sum(found: &Value, counted: &str) -> u64 {
    let days = found["days"].as_array().expect("days").iter();
    days.map(|day| day[counted].as_u64().expect("a count")).sum()
}

fn held_in_kontur(company: &Company) -> BTreeSet<String> {
    let all = company.sandbox.kontur.communications(WORKSPACE);
    all.iter().filter_map(|one| one.external_id.clone()).collect()
}

#[tokio::test]
async fn fifty_calls_deleted_in_kontur_are_found_and_restored_and_no_other() {
    let company = kontur_alone().start().await;
    (1..=200).for_each(|n| company.sandbox.pbx.import(past_call(&format!("past-{n}"), n)));
    company.admin().sync(&json!({})).await;
    company.settle().await;
    let before = held_in_kontur(&company);
    assert_eq!(before.len(), 200);
    assert_eq!(compared(&company).await["differences"], json!([]));

    let mut chance = chance();
    let deleted: BTreeSet<String> =
        (1..=200).sample(&mut chance, 50).into_iter().map(|n| format!("past-{n}")).collect();
    for call in &deleted {
        company.sandbox.kontur.delete_communication_of(WORKSPACE, call).expect("it is there");
    }
    let found = compared(&company).await;
    assert_eq!(because_of(&found, "deleted_in_kontur"), deleted);
    assert_eq!(found["differences"].as_array().map(Vec::len), Some(50), "and no other");
    assert_eq!((sum(&found, "journal_calls"), sum(&found, "kontur_calls")), (200, 150));

    let sent = company.journal().count(System::Kontur, "register-call");
    let repair = repaired(&company, &found).await;
    assert_eq!(
        (&repair["restored"], &repair["retried"], &repair["sync"]),
        (&json!(50), &json!(0), &Value::Null)
    );
    assert_eq!(held_in_kontur(&company), before);
    assert_eq!(company.journal().count(System::Kontur, "register-call"), sent + 50, "exactly these");

    let whole = compared(&company).await;
    assert_eq!((&whole["differences"], sum(&whole, "kontur_calls")), (&json!([]), 200));
    let second = repaired(&company, &whole).await;
    assert_eq!(
        (&second["restored"], &second["retried"], &second["sync"]),
        (&json!(0), &json!(0), &Value::Null)
    );
    assert_eq!(company.journal().count(System::Kontur, "register-call"), sent + 50, "nothing is changed");
}

/// A repaired call may be deleted again: that is another difference.
#[tokio::test]
async fn a_call_may_be_deleted_twice() {
    let company = kontur_alone().start().await;
    company.sandbox.pbx.import(past_call("past-1", 60));
    company.admin().sync(&json!({})).await;
    company.settle().await;
    for _ in 0..2 {
        company.sandbox.kontur.delete_communication_of(WORKSPACE, "past-1").expect("it is there");
        let found = compared(&company).await;
        assert_eq!(because_of(&found, "deleted_in_kontur").len(), 1);
        assert_eq!(repaired(&company, &found).await["restored"], 1);
    }
    assert_eq!(held_in_kontur(&company).len(), 1);
}

/// The recording went with the communication: it is fetched and bound again.
#[tokio::test]
async fn a_restored_call_has_its_recording_again() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&call, "101").expect("rings");
    pbx.record(&call, "101", &b"sound"[..]).expect("talks");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let whole = compared(&company).await;
    assert_eq!((&whole["differences"], sum(&whole, "kontur_recordings")), (&json!([]), 1), "{whole}");
    company.sandbox.kontur.delete_communication_of(WORKSPACE, &call).expect("it is there");
    let found = compared(&company).await;
    assert_eq!((sum(&found, "kontur_recordings"), sum(&found, "journal_recordings")), (0, 1));
    assert_eq!(repaired(&company, &found).await["restored"], 1);
    assert_eq!(company.kontur().communication(&call).recordings.len(), 1);
    let whole = compared(&company).await;
    assert_eq!((&whole["differences"], sum(&whole, "kontur_recordings")), (&json!([]), 1), "{whole}");
}

/// What people restored in Kontur themselves needs no repair.
#[tokio::test]
async fn what_was_restored_in_kontur_is_there() {
    let company = kontur_alone().start().await;
    company.sandbox.pbx.import(past_call("past-1", 60));
    company.admin().sync(&json!({})).await;
    company.settle().await;
    let id = company.sandbox.kontur.delete_communication_of(WORKSPACE, "past-1").expect("it is there");
    assert_eq!(because_of(&compared(&company).await, "deleted_in_kontur").len(), 1);
    assert!(company.sandbox.kontur.restore_communication(WORKSPACE, id));
    assert_eq!(compared(&company).await["differences"], json!([]));
}

/// A call that Kontur itself asked for carries Kontur's own communication: restored, it gets another.
#[tokio::test]
async fn a_call_asked_for_in_kontur_is_restored_as_a_new_communication() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let pressed = company.crm().press_call(company.employee("101").kontur_user_id, CLIENT).await;
    assert!(pressed.reply.is_ok());
    let call: String = eventually("the call is placed", async || {
        let calls = company.admin().all("/calls").await;
        calls.first().and_then(|call| call["external_id"].as_str().map(str::to_owned))
    })
    .await;
    pbx.answer(&call, "101").expect("rings");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert!(company.sandbox.kontur.delete_communication(WORKSPACE, pressed.communication_id));
    let found = compared(&company).await;
    assert_eq!(because_of(&found, "deleted_in_kontur"), BTreeSet::from([call.clone()]));
    assert_eq!(repaired(&company, &found).await["restored"], 1);
    let restored = company.sandbox.kontur.communication_of(WORKSPACE, &call).expect("it is there again");
    assert_ne!(restored.id, pressed.communication_id);
    assert_eq!(compared(&company).await["repairable"], 0);
}

#[tokio::test]
async fn what_was_never_read_is_read() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let told = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&told, "101").expect("rings");
    pbx.hang_up(&told).expect("talks");
    company.settle().await;
    (1..=3).for_each(|n| pbx.import(past_call(&format!("past-{n}"), 60 * n)));
    let found = compared(&company).await;
    assert_eq!(because_of(&found, "not_read").len(), 3);
    assert_eq!((sum(&found, "telephony_calls"), sum(&found, "journal_calls")), (4, 1));
    assert_eq!(sum(&found, "workonflow_comments"), 1);
    assert!(repaired(&company, &found).await["sync"].is_i64());
    let whole = compared(&company).await;
    assert_eq!((&whole["differences"], sum(&whole, "kontur_calls")), (&json!([]), 4), "{whole}");
    assert_eq!(sum(&whole, "workonflow_comments"), 4);
    assert_eq!(repaired(&company, &whole).await["sync"], Value::Null);
}

#[tokio::test]
async fn what_was_given_up_is_sent_again() {
    let company = Company::start().await;
    let refusal = FaultKind::status(400);
    company.sandbox.kontur.faults().set(Fault::always(refusal).on("register-call"));
    company.sandbox.pbx.import(past_call("past-1", 60));
    company.admin().sync(&json!({})).await;
    company.settle().await;
    let found = compared(&company).await;
    assert_eq!(because_of(&found, "registration_dead").len(), 1, "{found}");
    let difference = &found["differences"][0];
    assert!(difference["reason"].as_str().is_some_and(|reason| reason.contains("400")), "{difference}");
    company.sandbox.kontur.faults().clear();
    assert_eq!(repaired(&company, &found).await["retried"], 1);
    assert_eq!(compared(&company).await["differences"], json!([]));
}

#[tokio::test]
async fn a_span_that_is_none_is_refused() {
    let company = Company::start().await;
    for span in [
        json!({}),
        json!({"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T09:00:00Z"}),
        json!({"from": "2020-11-22T10:00:00Z", "to": "2026-11-22T09:00:00Z"}),
    ] {
        company.admin().post_json(PATH, &span).await.problem(400, "invalid");
    }
    company.admin().get(&format!("{PATH}/9")).await.problem(404, "not-found");
    company.admin().post(&format!("{PATH}/9/repair")).await.problem(404, "not-found");
}
