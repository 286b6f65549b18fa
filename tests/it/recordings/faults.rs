//! What can go wrong between the telephony and here, and how each ends.

use serde_json::Value;
use simulators::pbx::{Trouble, TroubleKind};

use super::{SIZE, assert_attached, delivery, impatient, record, registered, tracked};
use crate::harness::Company;

/// A trouble that passes.
async fn passes(kind: TroubleKind, times: u32) -> Company {
    let company = Company::start().await;
    let (call, leg) = registered(&company).await;
    company.sandbox.pbx.trouble(&leg, Trouble::times(kind, times));
    record(&company, &call, SIZE).await;
    assert_attached(&company, &call, SIZE).await;
    company
}

#[tokio::test]
async fn a_recording_that_is_not_there_three_times_is_attached_when_it_is() {
    passes(TroubleKind::Status(404), 3).await;
}

#[tokio::test]
async fn a_transfer_that_breaks_off_goes_on_where_it_did() {
    let company = passes(TroubleKind::Cut { percent: 90 }, 1).await;
    let entries = company.journal().entries();
    let ranges: Vec<_> = entries.iter().filter_map(|entry| entry.record.headers.get("range")).collect();
    assert_eq!(ranges.len(), 1, "{ranges:?}");
    let from: u64 = ranges[0].trim_start_matches("bytes=").trim_end_matches('-').parse().expect("a number");
    assert!(from > SIZE / 2 && from < SIZE, "{from}");
}

#[tokio::test]
async fn pages_and_nothing_instead_of_audio_are_not_attached() {
    passes(TroubleKind::Html { content_type: "audio/mpeg".to_owned() }, 2).await;
    passes(TroubleKind::Empty, 2).await;
}

#[tokio::test]
async fn an_expired_url_is_renewed() {
    let company = Company::start().await;
    let (call, leg) = registered(&company).await;
    company.sandbox.pbx.withhold();
    let sound = simulators::pbx::Sound::Generated { key: "old".into(), size: SIZE };
    company.sandbox.pbx.record(&call, "101", sound).expect("talked");
    company.sandbox.pbx.expire_recording_url(&leg);
    company.sandbox.pbx.release();
    company.settle().await;
    assert_attached(&company, &call, SIZE).await;
}

/// A trouble that stays: how the recording ends, and how the delivery that would have told Kontur of it.
async fn stays(kind: TroubleKind, fault: &'static str, cause: &'static str) {
    let company = impatient().start().await;
    let (call, leg) = registered(&company).await;
    company.sandbox.pbx.trouble(&leg, Trouble::always(kind));
    record(&company, &call, SIZE).await;
    let shown = tracked(&company, &call).await;
    assert_eq!((&shown["state"], &shown["fault"]), (&"failed".into(), &fault.into()), "{shown}");
    assert!(shown["reason"].is_string() && shown["url"].is_string(), "{shown}");
    for kind in ["call-recording", "file"] {
        let told = delivery(&company, &call, kind).await;
        assert_eq!((&told["state"], &told["cause"]), (&"dead".into(), &cause.into()), "{told}");
    }
    assert_eq!(company.kontur().communication(&call).recordings.len(), 0);
    company.admin().becomes("hasErrors").await;
    mended(&company, &call, &leg).await;
}

/// The trouble is gone, and an administrator sends the dead letters again.
async fn mended(company: &Company, call: &str, leg: &str) {
    company.sandbox.pbx.heal(leg);
    for kind in ["call-recording", "file"] {
        let dead = delivery(company, call, kind).await;
        company.admin().post(&format!("/deliveries/{}/retry", dead["id"])).await.ok();
    }
    company.settle().await;
    assert_attached(company, call, SIZE).await;
    company.admin().becomes("active").await;
}

#[tokio::test]
async fn a_recording_that_never_comes_has_failed() {
    stays(TroubleKind::Status(404), "not_there", "gave_up").await;
}

#[tokio::test]
async fn a_page_instead_of_a_recording_has_failed() {
    stays(TroubleKind::Html { content_type: "text/html".to_owned() }, "not_audio", "gave_up").await;
}

#[tokio::test]
async fn a_recording_without_a_byte_has_failed() {
    stays(TroubleKind::Empty, "empty", "gave_up").await;
}

#[tokio::test]
async fn a_recording_that_we_may_not_have_has_failed() {
    stays(TroubleKind::Status(403), "refused", "gave_up").await;
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_not_followed() {
    let to = "http://10.0.0.1/secret.mp3".to_owned();
    stays(TroubleKind::Redirect { status: 302, to }, "forbidden", "configuration").await;
}

#[tokio::test]
async fn a_recording_that_kontur_does_not_take_has_failed() {
    let company = impatient().start().await;
    let (call, _) = registered(&company).await;
    let refusal = simulators::faults::FaultKind::status(409);
    company.sandbox.kontur.faults().set(simulators::faults::Fault::always(refusal).on("call-recording"));
    record(&company, &call, SIZE).await;
    let shown = tracked(&company, &call).await;
    assert_eq!((&shown["state"], &shown["fault"]), (&"failed".into(), &"not_taken".into()), "{shown}");
    assert_ne!(shown["reason"], Value::Null);
}
