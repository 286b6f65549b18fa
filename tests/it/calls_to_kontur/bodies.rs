//! What is in the callbacks.

use chrono::{DateTime, FixedOffset};
use serde_json::{Value, json};
use simulators::scenario::{Kind, Trace};

use crate::harness::{CLIENT, CLIENT_DIGITS, Company, VATS};

#[track_caller]
fn moment(value: &Value) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(value.as_str().expect("a time")).expect("RFC 3339")
}

/// The time of a trace's event.
#[track_caller]
fn at(events: &[Value], number: usize) -> DateTime<FixedOffset> {
    moment(&events[number]["at"])
}

#[tokio::test]
async fn an_answered_call_is_registered_with_the_times_of_its_conversation() {
    let company = Company::start().await;
    let (trace, anna) = (Trace::new(Kind::Answered, 1), company.employee("101").kontur_user_id);
    let events = trace.events();
    company.telephony().tell(&events).await;
    company.settle().await;
    let kontur = company.kontur();
    let id = kontur.communication("trace-1").id.to_string();
    let told = kontur.told("trace-1");
    let (user, client) = (json!({"type": "user", "userId": anna}), json!({"type": "client"}));

    let started = &told[0].1;
    assert_eq!(started["externalId"], "trace-1");
    assert_eq!(started["clientPhone"], trace.client_digits());
    assert_eq!((&started["externalVatsPhone"], &started["direction"]), (&json!(VATS), &json!("inbound")));
    assert_eq!(started.get("communicationId"), None);
    assert_eq!(moment(&started["timestamp"]), at(&events, 0));

    for (number, kind) in [(1, "appeared"), (2, "connected"), (3, "disconnected")] {
        let event = &told[number].1;
        assert_eq!((&event["type"], &event["communicationId"]), (&json!(kind), &json!(id)));
        assert_eq!(
            (&event["externalCallItemId"], &event["realtimeCallItemId"]),
            (&json!("trace-1-1"), &json!("trace-1-1"))
        );
        assert_eq!((&event["from"], &event["to"]), (&client, &user));
        assert_eq!(moment(&event["timestamp"]), at(&events, number));
    }

    let finished = &told[4].1;
    assert_eq!((&finished["communicationId"], &finished["externalId"]), (&json!(id), &json!("trace-1")));
    assert_eq!(moment(&finished["timestamp"]), at(&events, 4));

    let registered = &told[5].1;
    assert_eq!((&registered["communicationId"], &registered["externalId"]), (&json!(id), &json!("trace-1")));
    assert_eq!(
        (&registered["clientPhone"], &registered["externalVatsPhone"]),
        (&json!(trace.client_digits()), &json!(VATS))
    );
    assert_eq!(moment(&registered["externalCreatedAt"]), at(&events, 0));
    let items = registered["items"].as_array().expect("items");
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["id"], &items[0]["from"], &items[0]["to"]), (&json!("trace-1-1"), &client, &user));
    assert_eq!(
        (moment(&items[0]["startedAt"]), moment(&items[0]["finishedAt"])),
        (at(&events, 2), at(&events, 3))
    );
}

#[tokio::test]
async fn a_missed_call_has_one_item_without_a_start() {
    let company = Company::start().await;
    let trace = Trace::new(Kind::RingGroupMissed, 1);
    company.telephony().tell(&trace.events()).await;
    company.settle().await;
    let registered = company.kontur().only("trace-1", "register-call");
    let items = registered["items"].as_array().expect("items");
    assert_eq!(items.len(), 1, "the employee who was rung last stands for all");
    assert_eq!(items[0]["id"], "trace-1-3");
    assert_eq!(items[0].get("startedAt"), None);
    assert_eq!(items[0]["to"]["userId"], json!(company.employee("103").kontur_user_id));
}

#[tokio::test]
async fn only_the_leg_that_answered_is_an_item_of_a_ring_group() {
    let company = Company::start().await;
    company.telephony().tell(&Trace::new(Kind::RingGroup, 1).events()).await;
    company.settle().await;
    let items = company.kontur().only("trace-1", "register-call")["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1));
    assert_eq!(items[0]["to"]["userId"], json!(company.employee("102").kontur_user_id));
}

#[tokio::test]
async fn an_outbound_call_goes_from_the_user_to_the_client() {
    let company = Company::start().await;
    company.telephony().tell(&Trace::new(Kind::Outbound, 1).events()).await;
    company.settle().await;
    let registered = company.kontur().only("trace-1", "register-call");
    assert_eq!(registered["direction"], "outbound");
    assert_eq!(registered["items"][0]["from"]["type"], "user");
    assert_eq!(registered["items"][0]["to"], json!({"type": "client"}));
}

#[tokio::test]
async fn an_internal_call_stays_internal() {
    let company = Company::start().await;
    let call = company.sandbox.pbx.call_internally("101", "102");
    company.sandbox.pbx.answer(&call, "102").expect("rings");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    let registered = company.kontur().only(&call, "register-call");
    assert_eq!((&registered["direction"], &registered["clientPhone"]), (&json!("internal"), &json!("102")));
    let (anna, boris) = (company.employee("101").kontur_user_id, company.employee("102").kontur_user_id);
    assert_eq!(registered["items"][0]["from"], json!({"type": "user", "userId": anna}));
    assert_eq!(registered["items"][0]["to"], json!({"type": "user", "userId": boris}));
    assert!(company.sandbox.workonflow.all_comments().is_empty(), "there is no client to write about");
}

#[tokio::test]
async fn a_withheld_number_is_anonymous() {
    let company = Company::start().await;
    let call = company.sandbox.pbx.ring_in("anonymous", VATS, &["101"]);
    company.sandbox.pbx.miss(&call).expect("rings");
    company.settle().await;
    for (operation, body) in company.kontur().told(&call) {
        if body.get("clientPhone").is_some() {
            assert_eq!(body["clientPhone"], "anonymous", "{operation}");
        }
    }
    assert_eq!(company.admin().all("/calls?phone=anonymous").await.len(), 1);
}

/// However the PBX writes it, Kontur gets digits with the country in front.
#[tokio::test]
async fn phones_are_normalised() {
    for written in [CLIENT, "8 (999) 777-55-33", "9997775533", "79997775533"] {
        let company = Company::start().await;
        let call = company.sandbox.pbx.ring_in(written, "8 922 992-92-92", &["101"]);
        company.sandbox.pbx.miss(&call).expect("rings");
        company.settle().await;
        let registered = company.kontur().only(&call, "register-call");
        assert_eq!(registered["clientPhone"], CLIENT_DIGITS, "{written}");
        assert_eq!(registered["externalVatsPhone"], VATS, "{written}");
    }
}

/// An employee whom Kontur does not know is a user without an id, if the call may not wait for one.
#[tokio::test]
async fn an_extension_of_nobody_is_a_user_without_an_id() {
    let company = Company::plan().set("unmapped_wait_hours", 0).start().await;
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["999"]);
    company.sandbox.pbx.answer(&call, "999").expect("rings");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_eq!(company.kontur().only(&call, "register-call")["items"][0]["to"], json!({"type": "user"}));
}

/// The client gave up before any employee was rung: one side of the item is the company's all the same.
#[tokio::test]
async fn a_call_that_rang_nobody_is_registered_too() {
    let company = Company::start().await;
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &[]);
    company.sandbox.pbx.hang_up(&call).expect("it goes on");
    company.settle().await;
    assert_eq!(company.kontur().story(&call), ["call-started", "call-finished", "register-call"]);
}
