//! Every rule that refuses a request, seen refusing one.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::{Dialect, World};

const ID: &str = "5b4484384e3e54001e267ed9";

#[tokio::test]
async fn wrong_keys_secrets_and_clocks_are_refused_in_both_dialects() {
    let world = World::start().await;
    for (dialect, code) in [(Dialect::Query, 403), (Dialect::Body, 401)] {
        let breaks: [fn(&mut Client); 4] = [
            |client| client.credentials.api_key = "other".into(),
            |client| client.credentials.secret_key = "other".into(),
            |client| client.clock_offset = 40,
            |client| client.clock_offset = -40,
        ];
        for spoil in breaks {
            let mut client = Client::new(&world.workonflow, dialect);
            spoil(&mut client);
            let Answer { status, body } = client.read("stream/read", json!({})).await;
            assert_eq!((status, &body["code"]), (code, &json!(code)), "{dialect:?}");
        }
        let mut client = Client::new(&world.workonflow, dialect);
        client.clock_offset = 20;
        assert_eq!(
            client.read("stream/read", json!({})).await.status,
            200,
            "{dialect:?} within the tolerance"
        );
    }
    // A wrong key is a matter of configuration, not of the contract.
    world.assert_no_violations();
}

#[tokio::test]
async fn a_clock_that_is_off_on_this_side_refuses_as_well() {
    let world = World::start().await;
    world.workonflow.set_clock_offset(-60_000);
    assert_eq!(world.query.read("stream/read", json!({})).await.status, 403);
    assert_eq!(world.body.read("stream/read", json!({})).await.status, 401);
}

#[tokio::test]
async fn a_request_without_credentials_is_refused() {
    let world = World::start().await;
    let url = format!("{}/{}/stream/read", world.workonflow.url(), world.query.team_id);
    let answer = simulators::http::client().expect("client").get(url).send().await.expect("answer");
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn the_body_dialect_signs_the_body() {
    let world = World::start().await;
    assert_eq!(world.body.post_signed("stream/read", "{ }", "{}").await.status, 401);
    assert_eq!(
        world.query.post_signed("stream/create", r#"{"query":{"name":"A"}}"#, "any").await.status,
        200
    );
}

#[tokio::test]
async fn another_team_is_refused() {
    let world = World::start().await;
    let mut client = Client::new(&world.workonflow, Dialect::Query);
    client.team_id = ID.into();
    let Answer { status, body } = client.read("stream/read", json!({})).await;
    assert_eq!((status, &body["message"]), (400, &json!("wrong team")));
}

#[tokio::test]
async fn malformed_parameters_are_refused_and_noted() {
    let world = World::start().await;
    let cases = [
        ("thread/create", json!({"statusId": ID}), "missing parameter streamId"),
        ("thread/create", json!({"statusId": ID, "streamId": "12"}), "parameter streamId must be 24 hexa"),
        ("thread/create", json!({"statusId": ID, "streamId": ID, "colour": 1}), "unknown parameter colour"),
        (
            "thread/create",
            json!({"statusId": ID, "streamId": ID, "deadline": 5}),
            "parameter deadline must be",
        ),
        ("thread.status", json!({"threadId": ID, "statusId": 5}), "parameter statusId must be"),
        (
            "thread.fields.priority",
            json!({"threadId": ID, "priority": "high"}),
            "must be one of HIGH, NORMAL",
        ),
        ("thread.customer/add", json!({"threadId": ID}), "at least one of customerId, customerIds"),
        ("comment/create", json!({"att": "x"}), "exactly one of threadId, streamId, to"),
        (
            "comment/create",
            json!({"att": "x", "threadId": ID, "to": ID}),
            "exactly one of threadId, streamId, to",
        ),
        ("comment/create", json!({"threadId": ID, "text": "x"}), "unknown parameter text"),
        (
            "comment/create",
            json!({"threadId": ID, "att": [{"type": "text"}]}),
            "missing parameter att[0].data",
        ),
        ("contact/create", json!({"customFields": []}), "missing parameter basicData"),
        ("contact/create", json!({"basicData": {}}), "missing parameter basicData.name"),
        (
            "contact/create",
            json!({"basicData": {"name": "A"}, "customFields": [{"type": "fax", "value": "1"}]}),
            "must be one of phone, email, company",
        ),
        ("stream.status/create", json!({"name": "A", "streamId": ID, "type": "done"}), "must be one of Wait"),
        ("file/put.url", json!({"size": 1}), "exactly one of filename, filenames"),
        ("file/put.url", json!({"filename": "a", "size": -1}), "parameter size must be"),
        ("call.user/invite", json!({"threadId": ID}), "exactly one of contactId, userIds"),
        ("channel.telephony/create", json!({"username": "a"}), "missing parameter password"),
        ("invite.user", json!({"name": "A"}), "missing parameter email"),
        ("thread/destroy", json!({}), "unknown action thread/destroy"),
    ];
    for (action, parameters, expected) in cases {
        let answer = world.query.write(action, parameters.clone()).await;
        refused(&world, &answer, expected, &format!("{action} {parameters}"));
    }
}

#[tokio::test]
async fn malformed_reads_are_refused_and_noted() {
    let world = World::start().await;
    let cases = [
        ("thread/read", json!({}), "at least one of threadId"),
        ("thread/read", json!({"type": "In Progress"}), "must be one of Wait, inProgress, Done"),
        ("comment/read", json!({"skip": 1}), "at least one of threadId, streamId, commentId"),
        ("comment/count", json!({"threadId": ID, "streamId": ID}), "exactly one of"),
        ("contact/read", json!({"phone": "79990000000"}), "unknown parameter phone"),
        ("contact/read", json!({"billingType": "people"}), "must be one of users, contacts, bots"),
        ("stream.status/read", json!({}), "exactly one of streamId, statusId"),
        ("file/get.url", json!({"fileIds": []}), "parameter fileIds must be a list, not empty"),
    ];
    for client in [&world.query, &world.body] {
        for (action, parameters, expected) in &cases {
            let answer = client.read(action, parameters.clone()).await;
            refused(&world, &answer, expected, &format!("{action} {parameters}"));
        }
    }
}

#[tokio::test]
async fn the_form_of_a_dialect_is_held_to() {
    let world = World::start().await;
    let answer = world.query.post("stream/read", r#"{"query":{}}"#.into()).await;
    refused(&world, &answer, "stream/read is called with GET", "read by POST");
    let answer = world.query.get("stream/create", &[("query", r#"{"name":"A"}"#.into())]).await;
    refused(&world, &answer, "stream/create is called with POST", "write by GET");
    let answer = world.body.get("stream/read", &[]).await;
    refused(&world, &answer, "stream/read is called with POST", "GET in the body dialect");
    let answer = world.query.post("stream/create", r#"{"name":"A"}"#.into()).await;
    refused(&world, &answer, "the body must be {\"query\": {…}}", "parameters without query");
    let answer = world.query.get("stream/read", &[("query", "{".into())]).await;
    refused(&world, &answer, "query is no JSON object", "broken JSON");
    let answer = world.query.get("stream/read", &[("streamId", ID.into())]).await;
    refused(&world, &answer, "the query string must be query={…}", "parameters beside query");
    let answer = world.body.write("comment/create", json!({"threadId": ID, "att": "x"})).await;
    refused(&world, &answer, "unknown parameter att", "content of the other dialect");
}

fn refused(world: &World, answer: &Answer, expected: &str, case: &str) {
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!(400)), "{case}");
    let message =
        ["message", "massage"].iter().find_map(|name| answer.body[name].as_str()).unwrap_or_default();
    assert!(message.contains(expected), "{case}: {message}");
    let last = world.journal.entries().pop().expect("an entry");
    assert!(last.violations.iter().any(|text| text.contains(expected)), "{case}: {:?}", last.violations);
}

#[tokio::test]
async fn ids_that_are_well_formed_and_unknown_are_refused() {
    let world = World::start().await;
    let seeds = world.workonflow.seeds().clone();
    let refused: [(&str, Value); 5] = [
        ("thread/create", json!({"statusId": seeds.wait_status_id, "streamId": ID})),
        ("thread/create", json!({"statusId": ID, "streamId": seeds.stream_id})),
        (
            "thread/create",
            json!({"statusId": seeds.wait_status_id, "streamId": seeds.stream_id, "customerId": ID}),
        ),
        ("thread.status", json!({"threadId": ID, "statusId": seeds.done_status_id})),
        ("comment/create", json!({"threadId": ID, "att": "x"})),
    ];
    for (action, parameters) in refused {
        let answer = world.query.write(action, parameters.clone()).await;
        assert_eq!(answer.status, 400, "{action} {parameters}: {}", answer.body);
    }
    let other_stream = world.query.write("stream/create", json!({"name": "Другой"})).await;
    let mixed = json!({"statusId": seeds.wait_status_id, "streamId": other_stream.body["data"]["streamId"]});
    assert_eq!(world.query.write("thread/create", mixed).await.status, 400, "status of another stream");
}
