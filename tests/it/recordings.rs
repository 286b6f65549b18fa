//! Recordings on their way from the telephony to Kontur and Workonflow: each fault ends in the documented state
//! (docs/recordings.md), and the call is registered whatever comes of its recording.

mod faults;
mod large;

use bytes::Bytes;
use serde_json::Value;
use simulators::journal::System;
use simulators::pbx::Sound;

use crate::harness::{CLIENT, Company, Plan, VATS, eventually};

/// Small enough to be quick, and large enough to come in many pieces.
const SIZE: u64 = 2_000_000;

/// Retries end soon.
fn impatient() -> Plan {
    Company::plan().set("retry.give_up_after_sec", 1)
}

/// A finished call of 101 that was registered. Gives its id and its leg's.
async fn registered(company: &Company) -> (String, String) {
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&call, "101").expect("rings");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let leg = format!("{call}-1");
    (call, leg)
}

/// The telephony tells of the call's recording, and all that follows comes about.
async fn record(company: &Company, call: &str, size: u64) {
    let sound = Sound::Generated { key: call.into(), size };
    company.sandbox.pbx.record(call, "101", sound).expect("talked");
    company.settle().await;
}

/// How far the call's only recording is.
async fn tracked(company: &Company, call: &str) -> Value {
    let shown = company.admin().call(call).await;
    let recordings = shown["recordings"].as_array().expect("a list").clone();
    assert_eq!(recordings.len(), 1, "{recordings:?}");
    recordings[0].clone()
}

/// The call's delivery of that kind.
async fn delivery(company: &Company, call: &str, kind: &str) -> Value {
    let shown = company.admin().call(call).await;
    let deliveries = shown["deliveries"].as_array().expect("a list");
    let mut of_kind = deliveries.iter().filter(|delivery| delivery["kind"] == kind);
    let found = of_kind.next().expect("planned").clone();
    assert!(of_kind.next().is_none(), "planned once");
    found
}

/// The recording is in Kontur and in Workonflow, once each.
async fn assert_attached(company: &Company, call: &str, size: u64) {
    let shown = tracked(company, call).await;
    assert_eq!((&shown["state"], &shown["size"]), (&"attached".into(), &size.into()), "{shown}");
    assert_eq!((&shown["fault"], &shown["content_type"]), (&Value::Null, &"audio/mpeg".into()), "{shown}");
    assert_eq!(company.kontur().communication(call).recordings.len(), 1);
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 1);
    let threads = company.sandbox.workonflow.threads();
    let files = company.sandbox.workonflow.thread_files(&threads[0].id);
    assert_eq!(files.len(), 1, "{files:?}");
    // A moment after the last delivery is settled.
    let gone = async || (left_in_the_spool(company) == 0).then_some(());
    eventually("the file goes that nobody needs any more", gone).await;
}

fn left_in_the_spool(company: &Company) -> usize {
    let folders = std::fs::read_dir(company.server.directory()).expect("the server's folder");
    let folders = folders.map(|entry| entry.expect("an entry").path());
    let spools = folders.filter(|path| path.extension().is_some_and(|extension| extension == "recordings"));
    spools.map(|path| std::fs::read_dir(path).expect("a folder").count()).sum()
}

#[tokio::test]
async fn a_recording_is_attached_in_kontur_and_in_workonflow() {
    for dialect in ["query", "body"] {
        let plan = Company::plan().integration(move |integration| {
            crate::harness::table(integration, "workonflow").insert("dialect".into(), dialect.into());
        });
        let company = plan.start().await;
        let (call, leg) = registered(&company).await;
        let shown = tracked(&company, &call).await;
        assert_eq!((&shown["leg_id"], &shown["state"]), (&leg.into(), &"expected".into()), "{shown}");
        record(&company, &call, SIZE).await;
        assert_attached(&company, &call, SIZE).await;
        let asked = company.journal().count(System::Pbx, "recordings/get");
        assert!(asked <= 2, "fetched for both at once, or found again: {asked} requests");
    }
}

#[tokio::test]
async fn one_that_is_ready_in_time_goes_with_the_registration_and_with_the_comment() {
    let company = Company::start().await;
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&call, "101").expect("rings");
    pbx.record(&call, "101", Bytes::from_static(b"ID3 a sound")).expect("talks");
    pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_attached(&company, &call, 11).await;
    assert_eq!(company.journal().count(System::Kontur, "call-recording"), 0);
}
