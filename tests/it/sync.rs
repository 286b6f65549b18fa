//! The history of the telephony is read, and what is missing is registered: once.

mod completed;
pub(crate) mod import;
mod orders;
pub(crate) mod overlap;

use chrono::{DateTime, Duration, FixedOffset};
use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::pbx::{Call, Direction, Leg, LegState, Party, Recording};
use simulators::sandbox::WORKSPACE;

use self::import::kontur_alone;
use crate::harness::{CLIENT, Company, VATS, eventually};

/// A call of half a minute that Anna answered, begun this many minutes ago, of which nobody was told.
pub(crate) fn past_call(id: &str, minutes_ago: i64) -> Call {
    let started_at = ago(minutes_ago);
    let mut leg = Leg::ringing(format!("{id}-1"), Party::Client, Party::user("101"), started_at);
    leg.answered_at = Some(started_at + Duration::seconds(5));
    leg.finished_at = Some(started_at + Duration::seconds(30));
    leg.state = LegState::Ended;
    Call {
        call_id: id.to_owned(),
        direction: Direction::Inbound,
        client_phone: CLIENT.to_owned(),
        vats_phone: VATS.to_owned(),
        request_id: None,
        started_at,
        finished_at: leg.finished_at,
        legs: vec![leg],
    }
}

pub(crate) fn ago(minutes: i64) -> DateTime<FixedOffset> {
    let now = simulators::clock::now().fixed_offset();
    // Cut to milliseconds, as the PBX writes times.
    now - Duration::minutes(minutes)
        - Duration::nanoseconds(i64::from(now.timestamp_subsec_nanos() % 1_000_000))
}

async fn synced(company: &Company) -> Value {
    let run = company.admin().sync(&json!({})).await;
    assert_eq!(run["state"], "done", "{run}");
    company.settle().await;
    run
}

#[tokio::test]
async fn a_call_that_nobody_told_of_is_registered_and_written_down() {
    let company = Company::start().await;
    let call = past_call("past-1", 60);
    company.sandbox.pbx.import(call.clone());
    let run = synced(&company).await;
    assert_eq!((&run["seen"], &run["added"]), (&json!(1), &json!(1)), "{run}");
    assert_eq!(company.kontur().story("past-1"), ["register-call"], "late realtime is worthless");
    let registered = company.kontur().only("past-1", "register-call");
    let time =
        |value: &Value| DateTime::parse_from_rfc3339(value.as_str().expect("a time")).expect("RFC 3339");
    assert_eq!(time(&registered["externalCreatedAt"]), call.started_at);
    let item = &registered["items"][0];
    assert_eq!(Some(time(&item["startedAt"])), call.legs[0].answered_at);
    assert_eq!(Some(time(&item["finishedAt"])), call.legs[0].finished_at);
    assert_eq!(item["to"]["userId"], json!(company.employee("101").kontur_user_id));
    assert_eq!(company.sandbox.workonflow.all_comments().len(), 1);
    let timeline = company.admin().call("past-1").await;
    assert!(timeline["events"].as_array().expect("events").iter().all(|event| event["source"] == "history"));
}

#[tokio::test]
async fn the_scheduled_webhook_of_kontur_reads_the_history() {
    let company = Company::start().await;
    company.sandbox.pbx.import(past_call("past-1", 60));
    assert!(company.crm().sync().await.is_ok());
    company.seen(System::Kontur, "register-call", 1).await;
    company.settle().await;
}

#[tokio::test]
async fn a_second_sync_finds_nothing_new() {
    let company = Company::start().await;
    (1..=3).for_each(|n| company.sandbox.pbx.import(past_call(&format!("past-{n}"), n)));
    assert_eq!(synced(&company).await["added"], 3);
    let run = synced(&company).await;
    assert_eq!(
        (&run["seen"], &run["added"]),
        (&json!(3), &json!(0)),
        "the last minutes are read again: {run}"
    );
    let day = json!({"from": ago(24 * 60).to_rfc3339(), "to": ago(0).to_rfc3339()});
    assert_eq!(company.admin().sync(&day).await["added"], 0);
    company.settle().await;
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 3);
    assert_eq!(company.sandbox.workonflow.all_comments().len(), 3);
}

#[tokio::test]
async fn a_long_history_is_read_page_after_page() {
    let company = kontur_alone().start().await;
    (1..=250).for_each(|n| company.sandbox.pbx.import(past_call(&format!("past-{n}"), n)));
    let run = company.admin().sync(&json!({})).await;
    assert_eq!((&run["seen"], &run["added"]), (&json!(250), &json!(250)), "{run}");
    company.seen(System::Kontur, "register-call", 250).await;
    company.settle().await;
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 250);
    assert!(company.journal().count(System::Pbx, "calls/list") >= 3);
}

/// What came by webhook is in the history as well, recording and all.
#[tokio::test]
async fn a_call_that_was_told_live_is_not_registered_again() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101", "102"]);
    pbx.answer(&call, "101").expect("rings");
    pbx.record(&call, "101", &b"sound"[..]).expect("talks");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let before = company.journal().entries().len();
    let run = synced(&company).await;
    assert_eq!((&run["seen"], &run["added"]), (&json!(1), &json!(0)));
    let told: Vec<String> =
        company.journal().entries().split_off(before).iter().map(|entry| entry.operation.clone()).collect();
    assert_eq!(told, ["calls/list"]);
    assert_eq!(company.kontur().communication(&call).recordings.len(), 1);
}

/// The PBX was cut off in the middle of a call: its end is found in the history.
#[tokio::test]
async fn a_call_whose_end_was_missed_is_finished_by_the_history() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&call, "101").expect("rings");
    company.settle().await;
    pbx.set_silent(true);
    pbx.hang_up(&call).expect("talks");
    pbx.set_silent(false);
    synced(&company).await;
    let story = company.kontur().story(&call);
    assert_eq!(story[2..], ["connected 1", "disconnected 1", "call-finished", "register-call"]);
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 1);
}

#[tokio::test]
async fn a_call_that_goes_on_is_left_alone() {
    let company = Company::start().await;
    let mut call = past_call("past-1", 2);
    (call.finished_at, call.legs[0].finished_at, call.legs[0].state) = (None, None, LegState::Talking);
    company.sandbox.pbx.import(call);
    let run = synced(&company).await;
    assert_eq!((&run["seen"], &run["added"]), (&json!(1), &json!(0)));
    assert!(company.admin().all("/calls").await.is_empty());
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 0);
}

#[tokio::test]
async fn recordings_of_the_history_are_brought_along() {
    let company = Company::start().await;
    let mut call = past_call("past-1", 60);
    call.legs[0].recording = Some(Recording::mp3("sound"));
    company.sandbox.pbx.import(call);
    synced(&company).await;
    assert_eq!(company.kontur().communication("past-1").recordings.len(), 1);
}

#[tokio::test]
async fn a_window_is_a_window() {
    let company = Company::start().await;
    for (id, minutes) in [("early", 180), ("wanted", 120), ("late", 60)] {
        company.sandbox.pbx.import(past_call(id, minutes));
    }
    let window = json!({"from": ago(150).to_rfc3339(), "to": ago(90).to_rfc3339()});
    let run = company.admin().sync(&window).await;
    assert_eq!((&run["state"], &run["seen"], &run["added"]), (&json!("done"), &json!(1), &json!(1)), "{run}");
    company.settle().await;
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 1);
    assert_eq!(company.kontur().story("wanted"), ["register-call"]);
}

#[tokio::test]
async fn a_window_that_is_none_is_refused() {
    let company = Company::start().await;
    let path = format!("/integrations/{WORKSPACE}/sync");
    for window in [
        json!({"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T09:00:00Z"}),
        json!({"from": "yesterday"}),
        json!({"to": "2026-11-22T09:00:00Z"}),
        json!({"since": "2026-11-22T09:00:00Z"}),
    ] {
        company.admin().post_json(&path, &window).await.problem(400, "invalid");
    }
}

/// A sync that fails half-way has registered what it read, and the next one reads on from where the last good one ended.
#[tokio::test]
async fn a_sync_that_fails_loses_nothing() {
    let company = kontur_alone().start().await;
    (1..=250).for_each(|n| company.sandbox.pbx.import(past_call(&format!("past-{n}"), n)));
    let faults = company.sandbox.pbx.faults();
    faults.set(Fault::times(FaultKind::delay(std::time::Duration::ZERO), 1).on("calls/list"));
    faults.set(Fault::times(FaultKind::status(500), 1).on("calls/list"));
    let run = company.admin().sync(&json!({})).await;
    assert_eq!((&run["state"], &run["seen"]), (&json!("failed"), &json!(200)), "{run}");
    assert!(run["reason"].as_str().is_some_and(|reason| reason.contains("500")), "{run}");
    let run = synced(&company).await;
    assert_eq!((&run["seen"], &run["added"]), (&json!(250), &json!(50)), "{run}");
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 250);
}

#[tokio::test]
async fn while_one_sync_runs_another_is_the_same() {
    let company = Company::start().await;
    let slow = FaultKind::delay(std::time::Duration::from_millis(400));
    company.sandbox.pbx.faults().set(Fault::times(slow, 1).on("calls/list"));
    let path = format!("/integrations/{WORKSPACE}/sync");
    let first = company.admin().post_json(&path, &json!({})).await;
    assert_eq!(first.status, 202);
    let second = company.admin().post_json(&path, &json!({})).await.ok();
    assert_eq!(first.ok()["id"], second["id"]);
    assert!(company.crm().sync().await.is_ok());
    eventually("the sync ends", async || {
        let run = company.admin().get(&format!("{path}/{}", second["id"])).await.ok();
        (run["state"] == "done").then_some(())
    })
    .await;
    let lists = company.journal().of(System::Pbx, "calls/list");
    assert_eq!(lists.len(), 2, "one for setup, one for the sync");
}
