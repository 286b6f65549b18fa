//! Calls: found by what is known of them, and shown with all that happened to them.

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, Trace};

use crate::harness::{CLIENT, Company, VATS};

/// Five answered calls of five clients, an hour apart; the first is the oldest.
async fn five_calls(company: &Company) -> Vec<Trace> {
    let now = simulators::clock::now();
    let begun = |n: u32| now - chrono::Duration::hours(i64::from(6 - n));
    let traces: Vec<Trace> =
        (1..=5).map(|n| Trace::new(Kind::Answered, u64::from(n)).started_at(begun(n))).collect();
    let events: Vec<Value> = traces.iter().flat_map(Trace::events).collect();
    company.telephony().tell(&events).await;
    company.settle().await;
    traces
}

fn ids(calls: &[Value]) -> Vec<&str> {
    calls.iter().filter_map(|call| call["external_id"].as_str()).collect()
}

#[tokio::test]
async fn they_are_listed_page_after_page_the_latest_first() {
    let company = Company::start().await;
    five_calls(&company).await;
    let first = company.admin().get("/calls?limit=2").await.ok();
    assert_eq!(ids(first["items"].as_array().expect("items")), ["trace-5", "trace-4"]);
    assert!(first["next_cursor"].is_string());
    let all = company.admin().all("/calls?limit=2").await;
    assert_eq!(ids(&all), ["trace-5", "trace-4", "trace-3", "trace-2", "trace-1"]);
    let whole = company.admin().get("/calls").await.ok();
    assert_eq!((whole["items"].as_array().map(Vec::len), &whole["next_cursor"]), (Some(5), &Value::Null));
}

/// A page is a page, whatever comes in meanwhile.
#[tokio::test]
async fn a_cursor_stays_where_it_is() {
    let company = Company::start().await;
    five_calls(&company).await;
    let first = company.admin().get("/calls?limit=3").await.ok();
    company.telephony().tell(&Trace::new(Kind::Missed, 6).events()).await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = company.admin().get(&format!("/calls?limit=3&cursor={cursor}")).await.ok();
    assert_eq!(ids(second["items"].as_array().expect("items")), ["trace-2", "trace-1"]);
}

#[tokio::test]
async fn they_are_found_by_phone_time_state_and_workspace() {
    let company = Company::start().await;
    let traces = five_calls(&company).await;
    company.telephony().tell(&Trace::new(Kind::Missed, 6).events()).await;
    let going_on = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101"]);
    company.settle().await;
    let found = async |query: String| {
        let calls = company.admin().all(&format!("/calls?{query}")).await;
        ids(&calls).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for phone in [traces[2].client_digits(), traces[2].client_phone().replace('+', "%2B").replace(' ', "%20")]
    {
        assert_eq!(found(format!("workspace={WORKSPACE}&phone={phone}")).await, ["trace-3"], "{phone}");
    }
    assert_eq!(found(format!("phone={}", traces[0].client_digits())).await, ["trace-1"]);
    assert_eq!(found("state=active".to_owned()).await, [going_on]);
    assert_eq!(found("state=missed".to_owned()).await, ["trace-6"]);
    assert_eq!(found("state=finished".to_owned()).await.len(), 6);
    assert_eq!(found("state=answered".to_owned()).await.len(), 5);
    assert_eq!(found(format!("workspace={WORKSPACE}")).await.len(), 7);
    let hours_ago = |hours: i64| {
        let at = simulators::clock::now() - chrono::Duration::minutes(60 * hours + 30);
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    assert_eq!(found(format!("from={}&to={}", hours_ago(3), hours_ago(1))).await, ["trace-4", "trace-3"]);
}

#[tokio::test]
async fn the_timeline_has_legs_events_and_deliveries_with_their_attempts() {
    let company = Company::start().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 1).on("register-call"));
    company.telephony().tell(&Trace::new(Kind::RingGroup, 1).events()).await;
    company.settle().await;
    let call = company.admin().call("trace-1").await;
    let communication = company.kontur().communication("trace-1").id;
    assert_eq!((&call["communication_id"], &call["workspace"]), (&json!(communication), &json!(WORKSPACE)));
    assert_eq!(
        (&call["direction"], &call["state"], &call["vats_phone"]),
        (&json!("inbound"), &json!("answered"), &json!(VATS))
    );
    for time in ["started_at", "answered_at", "finished_at"] {
        assert!(call[time].is_string(), "{time}: {call}");
    }
    let legs = call["legs"].as_array().expect("legs");
    assert_eq!(
        legs.iter().map(|leg| &leg["id"]).collect::<Vec<_>>(),
        ["trace-1-1", "trace-1-2", "trace-1-3"]
    );
    assert_eq!(legs[1]["to"], json!({"type": "user", "extension": "102"}));
    assert_eq!((&legs[0]["answered_at"], &legs[0]["reason"]), (&Value::Null, &json!("cancelled")));
    assert_eq!(call["events"].as_array().map(Vec::len), Some(9));
    let deliveries = call["deliveries"].as_array().expect("deliveries");
    let register =
        deliveries.iter().find(|delivery| delivery["kind"] == "register-call").expect("register-call");
    assert_eq!((&register["state"], &register["attempts"]), (&json!("delivered"), &json!(2)));
    let log = register["attempt_log"].as_array().expect("attempts");
    assert_eq!(
        log.iter().map(|attempt| &attempt["http_status"]).collect::<Vec<_>>(),
        [&json!(503), &json!(200)]
    );
    assert!(log[0]["took_ms"].as_f64().is_some_and(|took| took > 0.0));
    assert!(deliveries.iter().any(|delivery| delivery["destination"] == "workonflow"));
}
