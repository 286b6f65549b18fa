//! Workonflow: what it checks, what it keeps, how it answers in both dialects.

mod checks;
mod client;
mod files;
mod state;

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::Journal;
use simulators::workonflow::{Dialect, Options, User, Workonflow, openapi};

use self::client::{Answer, Client};

/// A Workonflow with one employee, its journal and a client for each dialect.
struct World {
    workonflow: Workonflow,
    journal: Journal,
    query: Client,
    body: Client,
}

impl World {
    async fn start() -> Self {
        let journal = Journal::new();
        let users = vec![User { name: "Анна Смирнова".into(), extension: "101".into() }];
        let options = Options { users, ..Options::default() };
        let workonflow = Workonflow::start(options, &journal).await.expect("starts");
        let query = Client::new(&workonflow, Dialect::Query);
        let body = Client::new(&workonflow, Dialect::Body);
        Self { workonflow, journal, query, body }
    }

    /// A thread to work with.
    async fn thread(&self) -> String {
        let seeds = self.workonflow.seeds();
        let parameters =
            json!({"streamId": seeds.stream_id, "statusId": seeds.wait_status_id, "title": "Звонок"});
        let answer = self.query.write("thread/create", parameters).await;
        text(&answer.body["data"]["threadId"])
    }

    fn assert_no_violations(&self) {
        assert_eq!(self.journal.violations(), Vec::<String>::new());
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

#[tokio::test]
async fn a_failure_inside_comes_with_http_200() {
    let world = World::start().await;
    world.workonflow.faults().set(Fault::times(FaultKind::ErrorInside, 1).on("contact/read"));
    let Answer { status, body } = world.query.read("contact/read", json!({})).await;
    assert_eq!((status, &body["code"]), (200, &json!(500)));
    assert_eq!(world.query.read("contact/read", json!({})).await.body["code"], 200);
}

#[tokio::test]
async fn some_replies_misspell_message() {
    let world = World::start().await;
    assert_eq!(world.query.read("contact/read", json!({})).await.body["massage"], "OK");
    assert_eq!(world.query.read("stream/read", json!({})).await.body["message"], "OK");
}

#[test]
fn the_document_shows_both_dialects_of_an_action() {
    let yaml = openapi();
    for expected in
        ["/{teamId}/thread/create:", "/{teamId}/thread.fields.priority:", "customField", "isPublic"]
    {
        assert!(yaml.contains(expected), "{expected} is missing in\n{yaml}");
    }
}
