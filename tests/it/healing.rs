//! Calls whose end never comes: the telephony is asked, and where nobody can say, the end is inferred. A real end that
//! comes later corrects it, and nothing is told twice.

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;

use crate::harness::{CLIENT, Company, VATS, eventually};

const NOTE: &str = "Окончание звонка не получено от телефонии";

const TOLD: [&str; 6] =
    ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"];

/// A company that asks for a call after a second of quiet and takes it to be over after so many.
async fn company(infer_after_sec: i64) -> Company {
    let plan =
        Company::plan().set("healing.ask_after_sec", 1).set("healing.infer_after_sec", infer_after_sec);
    plan.start().await
}

/// A client talks with Anna. What the PBX says from now on gets lost.
async fn talking(company: &Company) -> String {
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["101"]);
    pbx.answer(&call, "101").expect("rings");
    company.settle().await;
    pbx.withhold();
    call
}

/// Waits until the call is over here; gives it with all that happened to it.
async fn ended(company: &Company, call: &str) -> Value {
    eventually("the call ends", async || {
        (company.admin().call(call).await["state"] != "active").then_some(())
    })
    .await;
    company.settle().await;
    company.admin().call(call).await
}

fn events(call: &Value, kind: &str) -> usize {
    call["events"].as_array().expect("events").iter().filter(|event| event["type"] == kind).count()
}

fn comments(company: &Company) -> Vec<String> {
    company.sandbox.workonflow.all_comments().iter().map(|comment| format!("{comment:?}")).collect()
}

async fn metrics(company: &Company) -> String {
    let reply = company.http.get(format!("{}/metrics", company.server.url())).send().await;
    reply.expect("metrics").text().await.expect("text")
}

#[tokio::test]
async fn an_end_that_got_lost_is_asked_for() {
    let company = company(60).await;
    let call = talking(&company).await;
    company.sandbox.pbx.hang_up(&call).expect("talks");
    let timeline = ended(&company, &call).await;
    assert_eq!((&timeline["state"], &timeline["end_inferred"]), (&json!("answered"), &json!(false)));
    assert_eq!(company.kontur().story(&call), TOLD);
    let comments = comments(&company);
    assert!(comments.len() == 1 && !comments[0].contains(NOTE), "{comments:?}");
    let metrics = metrics(&company).await;
    assert!(metrics.contains("kontur_telephony_calls_asked_for_total{answer=\"ended\"} 1"), "{metrics}");
    // The lost webhooks come after all, and tell nothing new.
    company.sandbox.pbx.release();
    company.settle().await;
    assert_eq!(company.kontur().story(&call), TOLD);
    assert_eq!(company.admin().call(&call).await["end_corrected"], false);
}

/// However long it takes: a call that the PBX vouches for stays open.
#[tokio::test]
async fn a_call_that_goes_on_is_not_ended() {
    let company = company(2).await;
    let call = talking(&company).await;
    company.seen(System::Pbx, "calls/get", 3).await;
    let timeline = eventually("the third answer is in", async || {
        let timeline = company.admin().call(&call).await;
        (events(&timeline, "call.goes_on") == 3).then_some(timeline)
    })
    .await;
    assert_eq!((&timeline["state"], &timeline["end_inferred"]), (&json!("active"), &json!(false)));
    let asked: Vec<i64> =
        company.journal().of(System::Pbx, "calls/get").iter().map(|entry| entry.at).collect();
    assert!(asked[2] - asked[1] > asked[1] - asked[0], "the pauses grow: {asked:?}");
    assert_eq!(company.kontur().story(&call), TOLD[..3]);
    company.sandbox.pbx.release();
    company.sandbox.pbx.hang_up(&call).expect("talks");
    ended(&company, &call).await;
    assert_eq!(company.kontur().story(&call), TOLD);
}

#[tokio::test]
async fn where_nobody_can_say_the_end_is_inferred_and_the_real_one_corrects_it() {
    let company = company(2).await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::CutBefore).on("calls/get"));
    let call = talking(&company).await;
    company.sandbox.pbx.hang_up(&call).expect("talks");
    let inferred = ended(&company, &call).await;
    assert_eq!((&inferred["state"], &inferred["end_inferred"]), (&json!("answered"), &json!(true)));
    assert_eq!(inferred["finished_at"], inferred["answered_at"], "nothing was heard of it after that");
    assert_eq!(inferred["legs"][0]["finished_at"], inferred["finished_at"]);
    assert_eq!(company.kontur().story(&call), TOLD);
    let written = comments(&company);
    assert!(written.len() == 1 && written[0].contains(NOTE), "{written:?}");
    let listed = company.admin().all(&format!("/calls?workspace={WORKSPACE}")).await;
    assert_eq!(listed[0]["end_inferred"], true);

    company.sandbox.pbx.release();
    company.settle().await;
    let corrected = company.admin().call(&call).await;
    assert_eq!((&corrected["end_inferred"], &corrected["end_corrected"]), (&json!(false), &json!(true)));
    assert_ne!(corrected["finished_at"], inferred["finished_at"]);
    assert_eq!(events(&corrected, "call.end_inferred"), 1, "the timeline tells how it came about");
    assert_eq!(company.kontur().story(&call), TOLD, "nothing is told twice");
    assert_eq!(comments(&company), written);
    let metrics = metrics(&company).await;
    for line in ["call_ends_inferred_total 1", "call_ends_corrected_total 1"] {
        assert!(metrics.contains(&format!("kontur_telephony_{line}")), "{metrics}");
    }
}

/// Killed in the meantime, asked about a call it has forgotten: the call is over in the end, once.
#[tokio::test]
async fn a_call_that_the_telephony_has_forgotten_ends_even_over_a_restart() {
    let mut company = company(2).await;
    let call = talking(&company).await;
    company.sandbox.pbx.forget(&call);
    company.seen(System::Pbx, "calls/get", 1).await;
    company.server.restart().await;
    let timeline = ended(&company, &call).await;
    assert_eq!(timeline["end_inferred"], true);
    assert_eq!(events(&timeline, "call.end_inferred"), 1);
    assert_eq!(company.kontur().story(&call), TOLD);
}

/// The same client on the same line twice at once: what is known of one says nothing of the other.
#[tokio::test]
async fn two_calls_with_equal_numbers_stay_two() {
    let company = company(60).await;
    let pbx = &company.sandbox.pbx;
    let [lost, kept] = ["101", "102"].map(|extension| {
        let call = pbx.ring_in(CLIENT, VATS, &[extension]);
        pbx.answer(&call, extension).expect("rings");
        call
    });
    company.settle().await;
    pbx.withhold();
    pbx.hang_up(&lost).expect("talks");
    ended(&company, &lost).await;
    assert_eq!(company.admin().call(&kept).await["state"], "active");
    assert_eq!(company.kontur().story(&kept), TOLD[..3]);
    pbx.release();
    pbx.hang_up(&kept).expect("talks");
    ended(&company, &kept).await;
    for call in [&lost, &kept] {
        assert_eq!(&company.kontur().story(call)[..], TOLD);
    }
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 2);
    assert_eq!(comments(&company).len(), 2);
}
