//! Both dialects to the letter, by a server that knows nothing but what the contract says.

use std::sync::Arc;

use domain::clock::{Clock, Timestamp};
use domain::instance::settings::WorkonflowDialect;
use domain::port::destination::Destination;
use mockito::{Matcher, Mock, Server, ServerGuard};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{an_answered_call, settings, workonflow};
use crate::calls::{CLIENT, Case, at};

/// Always ten o'clock.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        at(0)
    }
}

fn signature(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn second() -> i64 {
    at(0).seconds()
}

/// A call whose comment is all that is left to do.
fn call() -> Case {
    let mut call = an_answered_call("pbx-1", CLIENT, 0);
    call.progress = json!({"thread_id": "t-1"});
    call
}

fn ours(server: &ServerGuard, dialect: WorkonflowDialect) -> impl Destination + use<> {
    workonflow(&settings(dialect, &server.url()), Arc::new(Stopped))
}

fn answering(mock: Mock, data: &Value) -> Mock {
    mock.with_body(json!({"code": 200, "massage": "OK", "data": data}).to_string())
}

fn statuses() -> Value {
    let status = |id: &str| json!({"statusId": id, "name": "Новый", "type": "Wait", "streamId": "stream-1"});
    json!([status("status-1"), status("status-2")])
}

#[tokio::test]
async fn the_query_dialect_reads() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("GET", "/team-1/stream.status/read")
        .match_query(Matcher::Exact("query=%7B%22streamId%22%3A%22stream-1%22%7D".to_owned()))
        .match_header("api-key", "key-1")
        .match_header("x-signature", signature(&format!("key-1secret-1{}", second())).as_str())
        .match_header("x-bot-id", Matcher::Missing);
    let mock = answering(mock, &statuses()).create_async().await;
    assert_eq!(ours(&server, WorkonflowDialect::Query).check().await, Ok(()));
    mock.assert_async().await;
}

#[tokio::test]
async fn the_query_dialect_writes() {
    let mut server = Server::new_async().await;
    let ours = ours(&server, WorkonflowDialect::Query);
    let mut call = call();
    let text = Matcher::Regex(format!(
        r#"^\{{"query":\{{"att":\[\{{"data":\{{"text":"Входящий звонок .*№ {}"\}},"type":"text"\}}\],"threadId":"t-1"\}}\}}$"#,
        call.reference()
    ));
    let mock = server
        .mock("POST", "/team-1/comment/create")
        .match_header("content-type", "application/json")
        .match_header("api-key", "key-1")
        .match_header("x-signature", signature(&format!("key-1secret-1{}", second())).as_str())
        .match_body(text);
    let mock = answering(mock, &json!({"commentId": "c-1"})).create_async().await;
    call.delivered(&ours).await;
    mock.assert_async().await;
    assert_eq!(call.progress, json!({"thread_id": "t-1", "comment_id": "c-1"}));
}

#[tokio::test]
async fn the_body_dialect_reads_by_post_and_signs_what_it_sends() {
    let mut server = Server::new_async().await;
    let body = r#"{"streamId":"stream-1"}"#;
    let mock = server
        .mock("POST", "/team-1/stream.status/read")
        .match_header("x-bot-id", "key-1")
        .match_header("x-timestamp", second().to_string().as_str())
        .match_header("x-signature", signature(&format!("key-1secret-1{}{body}", second())).as_str())
        .match_header("api-key", Matcher::Missing)
        .match_body(body);
    let mock = answering(mock, &statuses()).create_async().await;
    assert_eq!(ours(&server, WorkonflowDialect::Body).check().await, Ok(()));
    mock.assert_async().await;
}

#[tokio::test]
async fn the_body_dialect_writes_texts_that_only_the_team_sees() {
    let mut server = Server::new_async().await;
    let signed = |request: &mockito::Request| {
        let body = request.utf8_lossy_body().unwrap();
        let expected = signature(&format!("key-1secret-1{}{body}", second()));
        let sent: Value = serde_json::from_str(&body).unwrap();
        let text = sent["text"].as_str().is_some_and(|text| text.starts_with("Входящий звонок"));
        text && request.header("x-signature")[0] == expected.as_str()
    };
    let expected = json!({"threadId": "t-1", "type": "text", "isPublic": false});
    let mock = server
        .mock("POST", "/team-1/comment/create")
        .match_request(signed)
        .match_body(Matcher::PartialJson(expected));
    let mock = answering(mock, &json!({"_id": "c-1"})).create_async().await;
    let mut call = call();
    call.delivered(&ours(&server, WorkonflowDialect::Body)).await;
    mock.assert_async().await;
}

#[tokio::test]
async fn threads_that_do_not_tell_their_type_are_judged_by_their_status() {
    let mut server = Server::new_async().await;
    let thread = |id: &str, status: &str, created_at: i64| json!({"threadId": id, "status": status, "createdAt": created_at, "streamId": "stream-1", "customerId": "c"});
    let mut strange = thread("t-5", "status-1", 50);
    strange["customerId"] = json!("somebody else");
    let threads = json!([
        thread("t-1", "status-1", 10),
        thread("t-3", "status-1", 30),
        thread("t-4", "status-2", 40),
        strange
    ]);
    let mut statuses = statuses();
    statuses[1]["type"] = json!("Done");
    let replies = [
        ("GET", "contact/read", json!([{"userId": "c", "billingType": "contacts"}])),
        ("GET", "thread/read", threads),
        ("GET", "stream.status/read", statuses),
        ("POST", "comment/create", json!({"commentId": "c-1"})),
    ];
    let mut mocks = Vec::new();
    for (method, action, data) in replies {
        let path = format!("/team-1/{action}");
        let mock = server.mock(method, path.as_str()).match_query(Matcher::Any);
        // Contact and statuses are cached: the second call asks for its thread only.
        let expected = if matches!(action, "thread/read" | "comment/create") { 2 } else { 1 };
        mocks.push(answering(mock, &data).expect(expected).create_async().await);
    }
    let ours = ours(&server, WorkonflowDialect::Query);
    for id in ["pbx-1", "pbx-2"] {
        let mut call = an_answered_call(id, CLIENT, 0);
        call.delivered(&ours).await;
        assert_eq!(call.progress["thread_id"], "t-3");
    }
    for mock in mocks {
        mock.assert_async().await;
    }
}
