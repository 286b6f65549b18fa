//! What webhooks left open the history completes: who talked, for how long, and what was recorded. The times stay those
//! of the webhooks, which are exact.

use chrono::{DateTime, Duration, FixedOffset};
use serde_json::{Value, json};
use simulators::pbx::{Call, Recording};

use super::overlap::told_live;
use super::{past_call, synced};
use crate::harness::Company;

fn time(value: &Value) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(value.as_str().expect("a time")).expect("RFC 3339")
}

/// The call as the history has it: 25 seconds long and recorded, in whole seconds.
fn written(minutes_ago: i64) -> Call {
    let mut call = past_call("half-told", minutes_ago);
    let part = Duration::milliseconds(i64::from(call.started_at.timestamp_subsec_millis()));
    call.started_at -= part;
    call.finished_at = call.finished_at.map(|at| at - part);
    let leg = &mut call.legs[0];
    leg.started_at -= part;
    leg.answered_at = leg.answered_at.map(|at| at - part);
    leg.finished_at = leg.finished_at.map(|at| at - part);
    leg.recording = Some(Recording::mp3("sound"));
    call
}

#[tokio::test]
async fn a_call_whose_end_no_webhook_told_ends_as_the_history_says() {
    let company = Company::start().await;
    let written = written(5);
    let exact = Duration::milliseconds(417);
    let mut live = written.clone();
    live.started_at += exact;
    live.legs[0].started_at += exact;
    live.legs[0].answered_at = live.legs[0].answered_at.map(|at| at + exact);
    (live.finished_at, live.legs[0].finished_at) = (None, None);
    company.telephony().tell(&told_live(&live)).await;
    company.settle().await;
    company.sandbox.pbx.import(written.clone());

    let run = synced(&company).await;
    assert_eq!((&run["seen"], &run["added"]), (&json!(1), &json!(0)), "it was known: {run}");
    let story = company.kontur().story("half-told");
    assert_eq!(story[2..], ["connected 1", "disconnected 1", "call-finished", "register-call"]);
    let registered = company.kontur().only("half-told", "register-call");
    assert_eq!(time(&registered["externalCreatedAt"]), live.started_at);
    let item = &registered["items"][0];
    let answered_at = live.legs[0].answered_at.expect("answered");
    assert_eq!(time(&item["startedAt"]), answered_at, "as the webhook had it");
    assert_eq!(
        time(&item["finishedAt"]),
        answered_at + Duration::seconds(25),
        "for as long as the history says"
    );
    assert_eq!(company.kontur().communication("half-told").recordings.len(), 1);
    let call = company.admin().call("half-told").await;
    assert_eq!(call["state"], "answered", "{call}");
}

/// All is told but the recording, which comes with the history.
#[tokio::test]
async fn a_recording_that_no_webhook_told_of_is_brought_along() {
    let company = Company::start().await;
    let written = written(5);
    company.telephony().tell(&told_live(&written)).await;
    company.settle().await;
    assert_eq!(company.kontur().communication("half-told").recordings.len(), 0);
    company.sandbox.pbx.import(written);
    synced(&company).await;
    let known = company.kontur().communication("half-told");
    assert_eq!((known.registered, known.recordings.len()), (1, 1), "{known:?}");
}
