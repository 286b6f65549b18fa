//! Communications that a user deletes, and sometimes brings back.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::files::upload;
use super::{World, event, finished, registered};

impl World {
    /// A call that was told from its beginning to its registration.
    async fn whole_call(&self, external_id: &str) -> Uuid {
        let communication = self.accepted("register-call", &registered(None, external_id)).await;
        assert_eq!(communication, "OK");
        self.kontur.communication_of("acme", external_id).expect("known").id
    }

    /// The feed: of each change the word, the communication, and who did it.
    async fn feed(&self) -> Vec<Value> {
        let (status, page) = self.get("events?limit=1000").await;
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().expect("items").clone()
    }

    fn assert_no_violations(&self) {
        assert_eq!(self.journal.violations(), Vec::<String>::new());
    }

    async fn sim(&self, method: Method, path: &str) -> u16 {
        let url = format!("{}/_sim/workspaces/acme/{path}", self.kontur.url());
        self.http.request(method, url).send().await.expect("answer").status().as_u16()
    }
}

fn recording(communication: Uuid, file: &str) -> Value {
    json!({
        "communicationId": communication, "externalId": "ext-1", "externalCallItemId": "ext-1-1",
        "recordingFileId": file
    })
}

fn changes(feed: &[Value]) -> Vec<(&str, &Value)> {
    feed.iter()
        .map(|item| {
            (item["changeData"]["type"].as_str().expect("a word"), &item["entityIds"]["communicationId"])
        })
        .collect()
}

#[tokio::test]
async fn the_feed_shows_what_was_deleted_and_by_whom() {
    let world = World::start().await;
    let id = world.whole_call("ext-1").await;
    assert_eq!(world.kontur.delete_communication_of("acme", "ext-1"), Some(id));
    assert_eq!(world.kontur.delete_communication_of("acme", "ext-1"), None);
    assert!(!world.kontur.delete_communication("acme", id), "it is gone");
    let feed = world.feed().await;
    assert_eq!(changes(&feed), [("create", &json!(id)), ("delete", &json!(id))]);
    let change = &feed[1]["changeData"];
    assert_eq!((&change["old"]["externalId"], &change["old"]["id"]), (&json!("Telephony/ext-1"), &json!(id)));
    assert_eq!(change["old"]["data"]["call"]["items"][0]["id"], "ext-1-1");
    assert_eq!((&change["new"], &feed[1]["type"]), (&Value::Null, &json!("change")));
    let authors: Vec<_> = feed.iter().map(|item| &item["createInfo"]["createdWith"]).collect();
    assert_eq!(authors, ["Integration", "WebApp"]);
}

#[tokio::test]
async fn nothing_more_can_be_said_of_a_deleted_communication() {
    let world = World::start().await;
    let id = world.start_call("ext-1").await;
    world.kontur.delete_communication("acme", id);
    let callbacks = [
        ("call-event", event(id, "appeared")),
        ("call-finished", finished(id)),
        ("register-call", registered(Some(id), "ext-1")),
        ("call-recording", recording(id, "6838aaaa-0000-4000-8000-000000000001")),
    ];
    for (name, body) in callbacks {
        let (status, reply) = world.callback(name, &body).await;
        assert_eq!((status, &reply["status"]), (409, &json!("communicationNotFound")), "{name}");
    }
    world.assert_no_violations();
}

#[tokio::test]
async fn a_call_is_registered_again_after_its_deletion() {
    let world = World::start().await;
    let id = world.whole_call("ext-1").await;
    world.kontur.delete_communication("acme", id);
    let again = world.whole_call("ext-1").await;
    assert_ne!(again, id);
    let feed = world.feed().await;
    let expected = [("create", &json!(id)), ("delete", &json!(id)), ("create", &json!(again))];
    assert_eq!(changes(&feed), expected);
    world.assert_no_violations();
    world.accepted("register-call", &registered(None, "ext-1")).await;
    assert!(world.journal.violations()[0].contains("twice for ext-1"), "a double is still a double");
}

#[tokio::test]
async fn a_call_that_was_deleted_while_it_rang_is_told_anew() {
    let world = World::start().await;
    let id = world.start_call("ext-1").await;
    world.accepted("call-event", &event(id, "appeared")).await;
    world.kontur.delete_communication("acme", id);
    let again = world.start_call("ext-1").await;
    for kind in ["appeared", "connected", "finished"] {
        world.accepted("call-event", &event(again, kind)).await;
    }
    world.accepted("call-finished", &finished(again)).await;
    world.accepted("register-call", &registered(Some(again), "ext-1")).await;
    assert_eq!(world.kontur.communication_of("acme", "ext-1").map(|known| known.id), Some(again));
    world.assert_no_violations();
}

#[tokio::test]
async fn the_recording_of_a_deleted_call_may_be_bound_again() {
    let world = World::start().await;
    let id = world.whole_call("ext-1").await;
    let (_, file) = upload(&world, "file", b"sound".to_vec()).await;
    let file = file["fileId"].as_str().expect("an id");
    world.accepted("call-recording", &recording(id, file)).await;
    world.kontur.delete_communication("acme", id);
    let again = world.whole_call("ext-1").await;
    world.accepted("call-recording", &recording(again, file)).await;
    world.assert_no_violations();
    assert_eq!(world.kontur.communication("acme", again).map(|known| known.recordings.len()), Some(1));
}

#[tokio::test]
async fn a_deleted_communication_is_restored_as_it_was() {
    let world = World::start().await;
    let id = world.whole_call("ext-1").await;
    assert!(!world.kontur.restore_communication("acme", id), "it is not deleted");
    world.kontur.delete_communication("acme", id);
    assert!(world.kontur.restore_communication("acme", id));
    assert_eq!(world.kontur.communication_of("acme", "ext-1").map(|known| known.id), Some(id));
    let feed = world.feed().await;
    assert_eq!(changes(&feed)[2], ("restore", &json!(id)));
    assert_eq!(feed[2]["changeData"]["new"]["externalId"], "Telephony/ext-1");
    assert!(world.kontur.delete_communication("acme", id), "as often as one likes");
}

#[tokio::test]
async fn a_double_that_is_deleted_leaves_the_first() {
    let world = World::start().await;
    let id = world.whole_call("ext-1").await;
    world.accepted("register-call", &registered(None, "ext-1")).await;
    let double = world.kontur.communications("acme")[1].id;
    world.kontur.delete_communication("acme", double);
    assert_eq!(world.kontur.communication_of("acme", "ext-1").map(|known| known.id), Some(id));
}

#[tokio::test]
async fn communications_are_deleted_and_restored_from_outside() {
    let world = World::start().await;
    let id = world.whole_call("ext-1").await;
    let restore = format!("communications/{id}/restore");
    assert_eq!(world.sim(Method::POST, &restore).await, 404);
    assert_eq!(world.sim(Method::DELETE, "calls/ext-1").await, 204);
    assert_eq!(world.sim(Method::DELETE, "calls/ext-1").await, 404);
    assert_eq!(world.sim(Method::POST, &restore).await, 204);
    assert_eq!(world.sim(Method::DELETE, &format!("communications/{id}")).await, 204);
    let changes = world.feed().await;
    let words: Vec<_> = changes.iter().map(|item| &item["changeData"]["type"]).collect();
    assert_eq!(words, ["create", "delete", "restore", "delete"]);
}
