//! What requests leave behind, and what the system does of its own accord.

use serde_json::json;
use simulators::workonflow::{Event, EventTarget, Options, Priority, Workonflow};

use super::{World, text};

const PHONE: &str = "79997775533";

fn contact(name: &str, phone: &str) -> serde_json::Value {
    json!({"basicData": {"name": name}, "customFields": [{"label": "Телефон", "value": phone, "type": "phone"}]})
}

#[tokio::test]
async fn a_contact_is_found_by_its_phone_exactly_as_written() {
    let world = World::start().await;
    let created = world.query.write("contact/create", contact("Клиент", PHONE)).await;
    let found = world.body.read("contact/read", json!({"customField": PHONE})).await;
    assert_eq!(found.body["data"][0]["_id"], created.body["data"]["contactId"]);
    assert_eq!(found.body["data"][0]["basicData"]["phone"], json!([PHONE]));
    let other = world.query.read("contact/read", json!({"customField": "+7 999 777-55-33"})).await;
    assert_eq!(other.body["data"], json!([]));
    let users = world.query.read("contact/read", json!({"billingType": "users"})).await;
    assert_eq!(users.body["data"][0]["userId"], world.workonflow.seeds().users["101"]);
    world.assert_no_violations();
}

#[tokio::test]
async fn a_second_contact_with_the_same_phone_is_a_violation() {
    let world = World::start().await;
    world.query.write("contact/create", contact("Клиент", PHONE)).await;
    world.query.write("contact/create", contact("Другой", "79990000000")).await;
    world.assert_no_violations();
    let answer = world.query.write("contact/create", contact("Клиент", "+7 (999) 777-55-33")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(world.workonflow.contacts().len(), 4);
    assert_eq!(world.journal.violations().len(), 1);
}

#[tokio::test]
async fn a_second_comment_with_the_same_text_is_a_violation() {
    let world = World::start().await;
    let (thread, other) = (world.thread().await, world.thread().await);
    let att = json!([{"type": "text", "data": {"text": "Звонок № 1"}}]);
    world.query.write("comment/create", json!({"threadId": thread, "att": "Звонок № 1"})).await;
    world.query.write("comment/create", json!({"threadId": other, "att": "Звонок № 1"})).await;
    world.assert_no_violations();
    world.query.write("comment/create", json!({"threadId": thread, "att": att})).await;
    assert_eq!(world.journal.violations().len(), 1);
}

#[tokio::test]
async fn comments_are_kept_in_order_and_read_back_alike_from_both_dialects() {
    let world = World::start().await;
    let thread = world.thread().await;
    world.query.write("comment/create", json!({"threadId": thread, "att": "первый"})).await;
    let second = json!({"threadId": thread, "text": "второй", "type": "text", "isPublic": true});
    world.body.write("comment/create", second).await;
    let comments = world.workonflow.comments(&thread);
    let texts: Vec<&str> = comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!(texts, ["первый", "второй"]);
    assert_eq!(comments.iter().map(|comment| comment.is_public).collect::<Vec<_>>(), [false, true]);
    let read = world.query.read("comment/read", json!({"threadId": thread, "skip": 1})).await;
    assert_eq!(read.body["data"][0]["att"], json!([{"type": "text", "data": {"text": "второй"}}]));
    let count = world.body.read("comment/count", json!({"threadIds": [thread]})).await;
    assert_eq!(count.body["data"]["count"], 2);
    world.assert_no_violations();
}

#[tokio::test]
async fn a_thread_goes_through_its_life() {
    let world = World::start().await;
    let seeds = world.workonflow.seeds().clone();
    let created = world.query.write("contact/create", contact("Клиент", PHONE)).await;
    let customer = text(&created.body["data"]["contactId"]);
    let thread = world.thread().await;
    let writes = [
        ("thread.customer/add", json!({"threadId": thread, "customerId": customer})),
        ("thread.fields.priority", json!({"threadId": thread, "priority": "HIGH"})),
        ("thread.status", json!({"threadId": thread, "statusId": seeds.done_status_id})),
        ("thread.title", json!({"threadId": thread, "title": "Перезвонить"})),
        ("thread.responsible/set", json!({"threadId": thread, "userId": seeds.users["101"]})),
        ("thread.fields.deadline", json!({"threadId": thread, "deadline": [null, 1_790_000_000_000_i64]})),
    ];
    for (action, parameters) in writes {
        assert_eq!(world.query.write(action, parameters).await.status, 200, "{action}");
    }
    let [kept] = &world.workonflow.threads()[..] else { panic!("one thread") };
    assert_eq!((kept.priority, kept.customer_id()), (Priority::High, Some(customer.as_str())));
    assert_eq!(kept.title, "Перезвонить");
    let open = world.query.read("thread/read", json!({"customerId": customer, "type": "Wait"})).await;
    assert_eq!(open.body["data"], json!([]));
    let done = world.query.read("thread/read", json!({"customerIds": [customer]})).await;
    assert_eq!(done.body["data"][0]["type"], "Done");
    assert_eq!(done.body["data"][0]["status"], json!(seeds.done_status_id));
    world.assert_no_violations();
}

#[tokio::test]
async fn the_team_is_seen_from_outside_without_a_trace() {
    let world = World::start().await;
    let thread = world.thread().await;
    world.query.write("comment/create", json!({"threadId": thread, "att": "текст"})).await;
    let http = simulators::http::client().expect("client");
    let url = format!("{}/_sim/state", world.workonflow.url());
    let state: serde_json::Value = http.get(url).send().await.expect("answer").json().await.expect("JSON");
    assert_eq!(state["threads"][0]["id"], json!(thread));
    assert_eq!(state["comments"][&thread][0]["text"], "текст");
    assert_eq!(world.journal.entries().len(), 2);
}

#[tokio::test]
async fn statuses_of_a_stream_are_read_with_their_types() {
    let world = World::start().await;
    let stream = &world.workonflow.seeds().stream_id;
    let read = world.query.read("stream.status/read", json!({"streamId": stream})).await;
    let types: Vec<_> = read.body["data"].as_array().expect("list").iter().map(|s| &s["type"]).collect();
    assert_eq!(types, ["Wait", "In Progress", "Done"]);
}

#[tokio::test]
async fn events_go_to_the_url_with_the_token() {
    let world = World::start().await;
    let thread = world.thread().await;
    // Another Workonflow stands in for the server: it answers 403 and its journal shows what came.
    let journal = simulators::journal::Journal::new();
    let receiver = Workonflow::start(Options::default(), &journal).await.expect("starts");
    let target = EventTarget {
        server_url: receiver.url().to_owned(),
        workspace: "acme".into(),
        events_token: "token".into(),
    };
    let event = Event::comment_created(&thread, "bot", "текст").with_cyrillic_letter();
    assert_eq!(world.workonflow.send_event(&target, event).await.expect("sent"), 403);
    let arrived = journal.entries().pop().expect("an entry");
    assert_eq!(arrived.path, "/workonflow/acme/token");
    assert_eq!(arrived.body["eventType"], "Сomment.created");
    assert_eq!(arrived.body["teamId"], json!(world.workonflow.seeds().team_id));
    let sent = world.journal.entries().pop().expect("an entry");
    assert_eq!((sent.operation.as_str(), sent.status), ("→ Сomment.created", 403));
    assert!(!sent.path.contains("token"));
}
