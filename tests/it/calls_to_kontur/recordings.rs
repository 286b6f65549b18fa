//! Recordings: in register-call if they are there in time, by call-recording if not.

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;

use crate::harness::{CLIENT, Company, VATS};

const AUDIO: &[u8] = b"ID3 not quite an mp3, but bytes";

/// A conversation with 101, still going on.
fn talk(company: &Company) -> String {
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&call, "101").expect("rings");
    call
}

#[tokio::test]
async fn a_recording_that_is_ready_before_the_call_is_registered_goes_with_it() {
    let company = Company::start().await;
    let call = talk(&company);
    company.sandbox.pbx.record(&call, "101", AUDIO).expect("talks");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_eq!(company.kontur().story(&call).last().map(String::as_str), Some("register-call"));
    let item = company.kontur().only(&call, "register-call")["items"][0].clone();
    let recording = &item["recordings"][0];
    assert_eq!(recording["contentType"], "audio/mpeg");
    assert_eq!(recording["contentLength"], json!(AUDIO.len().to_string()));
    assert_eq!(company.kontur().communication(&call).recordings.len(), 1);
}

#[tokio::test]
async fn a_recording_that_is_ready_later_is_told_by_itself() {
    let company = Company::start().await;
    let call = talk(&company);
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    company.sandbox.pbx.record(&call, "101", AUDIO).expect("talked");
    company.settle().await;
    assert_eq!(company.kontur().story(&call).last().map(String::as_str), Some("call-recording"));
    let told = company.kontur().only(&call, "call-recording");
    assert_eq!(told["externalCallItemId"], format!("{call}-1"));
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 1);
    assert_eq!(company.kontur().communication(&call).recordings.len(), 1);
}

/// The call is registered without it, and the recording follows when the telephony gives it.
#[tokio::test]
async fn a_recording_that_cannot_be_fetched_does_not_hold_the_call_back() {
    let company = Company::start().await;
    let call = talk(&company);
    company.sandbox.pbx.faults().set(Fault::times(FaultKind::status(503), 2).on("recordings/get"));
    company.sandbox.pbx.record(&call, "101", AUDIO).expect("talks");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let story = company.kontur().story(&call);
    assert_eq!(story[story.len() - 2..], ["register-call", "call-recording"]);
    assert_eq!(company.kontur().communication(&call).recordings.len(), 1);
}

#[tokio::test]
async fn an_upload_that_fails_is_made_again() {
    let company = Company::start().await;
    let call = talk(&company);
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(500), 2).on("files/upload"));
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    company.sandbox.pbx.record(&call, "101", AUDIO).expect("talked");
    company.settle().await;
    assert_eq!(company.kontur().communication(&call).recordings.len(), 1);
}

/// The url that came with the event is gone; the telephony is asked for a fresh one.
#[tokio::test]
async fn an_expired_url_is_renewed() {
    let company = Company::start().await;
    let call = talk(&company);
    company.sandbox.pbx.record(&call, "101", AUDIO).expect("talks");
    company.sandbox.pbx.delivered(crate::harness::DEADLINE).await.expect("accepted");
    company.sandbox.pbx.expire_recording_urls();
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_eq!(company.kontur().communication(&call).recordings.len(), 1);
}

#[tokio::test]
async fn both_conversations_of_a_transferred_call_have_their_recordings() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let call = talk(&company);
    pbx.transfer(&call, "102").expect("talks");
    pbx.answer(&call, "102").expect("rings");
    pbx.record(&call, "101", AUDIO).expect("talked");
    pbx.record(&call, "102", &b"the second part"[..]).expect("talks");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let items = company.kontur().only(&call, "register-call")["items"].clone();
    let lengths: Vec<&str> = items
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["recordings"][0]["contentLength"].as_str().expect("a length"))
        .collect();
    assert_eq!(lengths, [AUDIO.len().to_string(), b"the second part".len().to_string()]);
}
