//! The generic PBX sends events: who is believed, what is refused, and what every reply means.

mod refusals;
mod strangers;

use serde_json::{Value, json};
use simulators::scenario::{Kind, Trace, trace};

use crate::harness::{Company, eventually};

fn accepted(accepted: u64, duplicates: u64) -> Value {
    json!({"accepted": accepted, "duplicates": duplicates})
}

#[tokio::test]
async fn one_event_and_a_batch_are_taken_and_repeats_are_counted() {
    let company = Company::start().await;
    let events = trace(Kind::Answered, 1);
    let telephony = company.telephony();
    assert_eq!(telephony.send(&events[..1]).await.ok(), accepted(1, 0));
    assert_eq!(telephony.send(&events[..1]).await.ok(), accepted(0, 1));
    assert_eq!(telephony.send(&events).await.ok(), accepted(4, 1));
    let twice: Vec<Value> = events.iter().chain(&events).cloned().collect();
    assert_eq!(telephony.send(&twice).await.ok(), accepted(0, 10));
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1").len(), 6);
}

#[tokio::test]
async fn a_batch_may_hold_a_thousand_events_of_many_calls() {
    let company = Company::start().await;
    let events: Vec<Value> = (1..=200).flat_map(|n| trace(Kind::Answered, n)).collect();
    assert_eq!(events.len(), 1000);
    assert_eq!(company.telephony().send(&events).await.ok(), accepted(1000, 0));
}

#[tokio::test]
async fn what_was_accepted_survives_the_death_of_the_server() {
    let mut company = Company::plan().set("settle_ms", 2_000).start().await;
    company.sandbox.kontur.allow_repeats(true);
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    company.server.restart().await;
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1").len(), 6);
    assert_eq!(company.telephony().send(&trace(Kind::Answered, 1)).await.ok(), accepted(0, 5));
}

#[tokio::test]
async fn events_in_any_order_tell_the_same_story() {
    let company = Company::start().await;
    let mut events = Trace::new(Kind::Transferred, 1).events();
    events.reverse();
    company.telephony().tell(&events).await;
    company.settle().await;
    let registered = company.kontur().only("trace-1", "register-call");
    let items: Vec<&str> = registered["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["id"].as_str())
        .collect();
    assert_eq!(items, ["trace-1-1", "trace-1-2"]);
}

/// The timeline shows each event with the request it came in.
#[tokio::test]
async fn the_timeline_shows_every_event() {
    let company = Company::start().await;
    company.telephony().tell(&trace(Kind::Held, 1)).await;
    company.settle().await;
    let call = company.admin().call("trace-1").await;
    let kinds: Vec<&str> = call["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "call.started",
            "leg.ringing",
            "leg.answered",
            "leg.held",
            "leg.resumed",
            "leg.ended",
            "call.finished"
        ]
    );
    assert!(call["events"].as_array().expect("events").iter().all(|event| event["source"] == "webhook"));
    assert_eq!(call["state"], "answered");
}

/// A PBX that is told to come again does so, and nothing is lost.
#[tokio::test]
async fn events_that_came_before_setup_are_sent_again_and_taken() {
    let company = Company::plan().not_set_up().start().await;
    let call = company.sandbox.pbx.ring_in("+7 999 777-55-33", "79229929292", &["101"]);
    let refused = async || company.journal().of(simulators::journal::System::Pbx, "→ webhook").pop();
    let refused = eventually("the PBX has tried", refused).await;
    assert_eq!(refused.status, 409);
    assert!(company.sandbox.setup().await.is_ok());
    company.sandbox.pbx.miss(&call).expect("rings");
    company.settle().await;
    assert_eq!(company.kontur().story(&call).last().map(String::as_str), Some("register-call"));
}

/// What the PBX sent is kept as it came, even if it could not be read; what a stranger sent is not.
#[tokio::test]
async fn requests_are_kept_raw() {
    let company = Company::start().await;
    let unreadable = |mark: &str| json!({"id": mark, "type": "leg.vanished"});
    let stranger = company.telephony().signing_with("whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy");
    stranger.send(&[unreadable("mark-of-a-stranger")]).await.problem(401, "unauthorized");
    company.telephony().send(&[unreadable("mark-of-the-pbx")]).await.problem(400, "invalid");
    assert!(company.server.database().holds("mark-of-the-pbx"));
    assert!(!company.server.database().holds("mark-of-a-stranger"));
}
