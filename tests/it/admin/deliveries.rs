//! Deliveries: what was told, what waits, what was given up.

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use crate::harness::Company;

#[tokio::test]
async fn they_are_listed_by_destination_and_state() {
    let company = Company::plan().set("retry.give_up_after_sec", 0).start().await;
    company.sandbox.metabot.faults().set(Fault::always(FaultKind::status(503)));
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    company.settle().await;
    let admin = company.admin();
    let kinds = async |query: &str| {
        let items = admin.deliveries(query).await;
        items.iter().map(|item| item["kind"].as_str().expect("a kind").to_owned()).collect::<Vec<_>>()
    };
    let to_kontur = ["register-call", "call-finished", "call-event", "call-event", "call-started"];
    assert_eq!(kinds("destination=kontur").await, to_kontur, "the latest first");
    assert_eq!(kinds("destination=workonflow&state=delivered").await, ["comment"]);
    assert_eq!(kinds("state=dead").await, ["job"]);
    assert!(kinds("state=pending").await.is_empty());
    assert!(kinds("state=expired").await.is_empty());
    assert_eq!(kinds(&format!("workspace={WORKSPACE}&limit=2")).await.len(), 7);
}

#[tokio::test]
async fn each_says_what_became_of_it() {
    let company = Company::start().await;
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    company.settle().await;
    let started = company.admin().deliveries("destination=kontur").await.pop().expect("call-started");
    let facts = (&started["kind"], &started["state"], &started["attempts"], &started["http_status"]);
    assert_eq!(facts, (&json!("call-started"), &json!("delivered"), &json!(1), &json!(200)));
    for time in ["created_at", "settled_at", "first_attempt_at", "expires_at"] {
        assert!(started[time].is_string(), "{time}: {started}");
    }
    assert_eq!((&started["next_attempt_at"], &started["cause"]), (&Value::Null, &Value::Null));
    assert_eq!(started["workspace"], WORKSPACE);
}
