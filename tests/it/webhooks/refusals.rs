//! What is refused, and how: nothing of a refused request counts.

use serde_json::{Value, json};
use simulators::scenario::{Kind, trace};

use crate::harness::{Company, Reply};

#[tokio::test]
async fn one_wrong_event_refuses_the_whole_batch_and_every_fault_is_named() {
    let company = Company::start().await;
    let mut events = trace(Kind::Answered, 1);
    events[1]["leg"]["to"]["extension"] = Value::Null;
    events[3]["at"] = json!("yesterday");
    events[3]["type"] = json!("leg.vanished");
    let problem = company.telephony().send(&events).await.problem(400, "invalid");
    let places: Vec<(u64, &str)> = problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|fault| (fault["index"].as_u64().expect("an index"), fault["field"].as_str().expect("a field")))
        .collect();
    assert_eq!(places.len(), 3, "{problem}");
    for place in [(1, "leg.to.extension"), (3, "at"), (3, "type")] {
        assert!(places.contains(&place), "{place:?} in {problem}");
    }
    assert!(company.admin().all("/calls").await.is_empty());
    assert_eq!(company.telephony().send(&trace(Kind::Answered, 1)).await.ok()["accepted"], 5);
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let company = Company::start().await;
    for field in ["id", "type", "at", "call_id"] {
        let mut event = trace(Kind::Answered, 1).remove(0);
        event.as_object_mut().expect("an object").remove(field);
        let problem = company.telephony().send(&[event]).await.problem(400, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let mut event = trace(Kind::Answered, 1).remove(1);
    event["leg"] = Value::Null;
    let problem = company.telephony().send(&[event]).await.problem(400, "invalid");
    assert_eq!(problem["errors"][0]["field"], "leg", "{problem}");
}

#[tokio::test]
async fn what_is_no_event_is_refused() {
    let company = Company::start().await;
    for body in ["", "{", "[]", "7", "null", r#"{"events":[]}"#, r#"{"events":7}"#, r#"{"events":[null]}"#] {
        company.telephony().send_body(body.into()).await.problem(400, "invalid");
    }
}

#[tokio::test]
async fn more_than_a_thousand_events_are_too_many() {
    let company = Company::start().await;
    let events: Vec<Value> = (1..=201).flat_map(|n| trace(Kind::Answered, n)).take(1001).collect();
    let problem = company.telephony().send(&events).await.problem(400, "invalid");
    assert!(problem["errors"][0]["message"].as_str().expect("a message").contains("1000"), "{problem}");
    assert!(company.admin().all("/calls").await.is_empty());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_too_large() {
    let company = Company::start().await;
    let body = format!("{{\"events\":[],\"padding\":\"{}\"}}", "x".repeat(1024 * 1024));
    company.telephony().send_body(body.into_bytes()).await.problem(413, "too-large");
}

#[tokio::test]
async fn an_unknown_workspace_or_provider_is_not_found() {
    let company = Company::start().await;
    for path in ["/telephony/nobody/generic", "/telephony/sandbox/megafon"] {
        let telephony = company.telephony().to(format!("{}{path}", company.server.url()));
        telephony.send(&trace(Kind::Missed, 1)).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn before_setup_nothing_is_taken() {
    let company = Company::plan().not_set_up().start().await;
    let reply = company.telephony().send(&trace(Kind::Missed, 1)).await;
    reply.problem(409, "not-configured");
}

/// Somebody else holds the database: what cannot be stored is refused, and taken when it comes again.
#[tokio::test]
async fn what_cannot_be_stored_is_told_to_come_again() {
    let company = Company::start().await;
    let other = company.server.database().hold();
    let (telephony, ready) =
        (company.telephony(), company.http.get(format!("{}/readyz", company.server.url())));
    let events = trace(Kind::Answered, 1);
    let (refused, ready) = tokio::join!(telephony.send(&events), Reply::to(ready));
    for reply in [refused, ready] {
        assert!(
            reply.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()),
            "{reply:?}"
        );
        reply.problem(503, "unavailable");
    }
    drop(other);
    assert_eq!(company.telephony().send(&trace(Kind::Answered, 1)).await.ok()["accepted"], 5);
}

#[tokio::test]
async fn other_methods_are_not_taken() {
    let company = Company::start().await;
    let url = format!("{}/telephony/sandbox/generic", company.server.url());
    Reply::to(company.http.get(url)).await.problem(405, "method-not-allowed");
}
