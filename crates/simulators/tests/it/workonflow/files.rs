//! Files: announced, put to a pre-signed url, named by a comment.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::faults::{Fault, FaultKind};

use super::client::Client;
use super::{World, text};

/// An announced file.
struct Announced {
    id: String,
    url: String,
}

async fn announce(bot: &Client, parameters: Value) -> Announced {
    let answer = bot.write("file/put.url", parameters).await;
    Announced { id: text(&answer.body["data"]["id"]), url: text(&answer.body["data"]["url"]) }
}

impl Announced {
    fn request(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        simulators::http::client().expect("client").put(&self.url).body(body)
    }

    async fn put(&self, body: impl Into<reqwest::Body>) -> u16 {
        self.request(body).send().await.expect("answer").status().as_u16()
    }
}

fn violation(world: &World) -> String {
    let violations = world.journal.violations();
    let [violation] = &violations[..] else { panic!("one violation: {violations:?}") };
    violation.clone()
}

#[tokio::test]
async fn a_file_is_put_to_its_url_and_read_back() {
    let world = World::start().await;
    let file = announce(&world.query, json!({"filename": "a.mp3", "size": 5})).await;
    let changed = Announced { id: file.id.clone(), url: format!("{}0", file.url) };
    assert_eq!(changed.put("bytes").await, 403);
    assert!(violation(&world).contains("was changed"));
    assert_eq!(file.put("bytes").await, 200);
    let found = world.query.read("file/get.url", json!({"fileId": file.id})).await;
    let http = simulators::http::client().expect("client");
    let read = http.get(text(&found.body["data"]["url"])).send().await.expect("answer");
    assert_eq!(read.text().await.expect("text"), "bytes");
    assert_eq!(world.workonflow.files()[0].content.as_deref(), Some(&b"bytes"[..]));
}

#[tokio::test]
async fn a_file_gets_into_a_thread_in_both_dialects() {
    let world = World::start().await;
    let thread = world.thread().await;
    let parameters = json!({"filename": "a.mp3", "size": 5, "threadId": thread});
    let (first, second) =
        (announce(&world.query, parameters.clone()).await, announce(&world.body, parameters).await);
    assert_eq!((first.put("first").await, second.put("other").await), (200, 200));
    let att = json!([{"type": "file", "data": {"id": first.id}}]);
    let created = world.query.write("comment/create", json!({"threadId": thread, "att": att})).await;
    assert_eq!(created.status, 200, "{created:?}");
    let parameters = json!({"threadId": thread, "type": "file", "text": second.id});
    let created = world.body.write("comment/create", parameters).await;
    assert_eq!(created.status, 200, "{created:?}");
    let files = world.workonflow.thread_files(&thread);
    let shown: Vec<_> = files.iter().map(|found| (found.file.filename.as_str(), found.file.size())).collect();
    assert_eq!(shown, [("a.mp3", Some(5)), ("a.mp3", Some(5))]);
    for (found, (announced, content)) in files.iter().zip([(&first, "first"), (&second, "other")]) {
        let digest: Vec<String> = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found.file.sha256(), Some(digest.concat()));
        let [comment] = &found.comments[..] else { panic!("one comment") };
        assert_eq!(
            (comment.kind.as_str(), comment.file_ids().collect::<Vec<_>>()),
            ("file", vec![&*announced.id])
        );
    }
    world.assert_no_violations();
}

#[tokio::test]
async fn files_of_other_threads_are_not_this_threads() {
    let world = World::start().await;
    let (thread, other) = (world.thread().await, world.thread().await);
    let announced = announce(&world.query, json!({"filename": "a.mp3", "threadId": other})).await;
    assert!(world.workonflow.thread_files(&thread).is_empty());
    let [found] = &world.workonflow.thread_files(&other)[..] else { panic!("one file") };
    assert_eq!((found.file.id == announced.id, found.file.size(), found.file.sha256()), (true, None, None));
    assert!(found.comments.is_empty());
}

#[tokio::test]
async fn a_comment_names_only_what_was_put() {
    let world = World::start().await;
    let thread = world.thread().await;
    let file = announce(&world.query, json!({"filename": "a.mp3", "size": 5})).await;
    let att = json!([{"type": "file", "data": {"id": file.id}}]);
    assert_eq!(
        world.query.write("comment/create", json!({"threadId": thread, "att": att})).await.status,
        400
    );
    assert!(violation(&world).ends_with("which was never put"));
    world.journal.clear();
    let unheard_of = json!({"threadId": thread, "type": "file", "text": "5b4484384e3e54001e267e00"});
    assert_eq!(world.body.write("comment/create", unheard_of).await.status, 400);
    assert!(violation(&world).ends_with("which was never put"));
    assert!(world.workonflow.comments(&thread).is_empty());
}

#[tokio::test]
async fn a_file_twice_in_a_thread_is_a_double() {
    let world = World::start().await;
    let thread = world.thread().await;
    let file = announce(&world.query, json!({"filename": "a.mp3"})).await;
    file.put("bytes").await;
    let comment = json!({"threadId": thread, "type": "file", "text": file.id});
    world.body.write("comment/create", comment.clone()).await;
    world.assert_no_violations();
    assert_eq!(world.body.write("comment/create", comment).await.status, 200);
    assert!(violation(&world).contains("a second comment with the same content"));
    assert_eq!(world.workonflow.thread_files(&thread)[0].comments.len(), 2);
}

#[tokio::test]
async fn a_file_has_the_size_that_was_announced() {
    let world = World::start().await;
    let file = announce(&world.query, json!({"filename": "a.mp3", "size": 5})).await;
    assert_eq!(file.put("four").await, 400);
    assert!(violation(&world).ends_with("has 4 bytes, announced were 5"));
    assert_eq!(world.workonflow.files()[0].content, None);
    assert_eq!(file.put("bytes").await, 200, "nothing had come of the first");
}

#[tokio::test]
async fn an_upload_url_is_for_one_use() {
    let world = World::start().await;
    let file = announce(&world.query, json!({"filename": "a.mp3", "size": 5})).await;
    assert_eq!((file.put("bytes").await, file.put("other").await), (200, 403));
    assert!(violation(&world).ends_with("was used twice"));
    assert_eq!(world.workonflow.files()[0].content.as_deref(), Some(&b"bytes"[..]));
}

#[tokio::test]
async fn whoever_got_no_answer_may_put_again() {
    let world = World::start().await;
    let file = announce(&world.query, json!({"filename": "a.mp3", "size": 5})).await;
    world.workonflow.faults().set(Fault::times(FaultKind::CutAfter, 1).on("storage/put"));
    assert!(file.request("bytes").send().await.is_err(), "an answer came");
    assert_eq!(file.put("bytes").await, 200);
    world.assert_no_violations();
    assert_eq!(file.put("bytes").await, 403, "now it was answered");
}

#[tokio::test]
async fn an_upload_url_expires() {
    let world = World::start().await;
    world.workonflow.set_put_url_lifetime(Duration::from_secs(10));
    let file = announce(&world.query, json!({"filename": "a.mp3"})).await;
    world.workonflow.set_clock_offset(11_000);
    assert_eq!(file.put("bytes").await, 403);
    assert!(violation(&world).ends_with("was used after it had expired"));
    assert_eq!(world.workonflow.files()[0].content, None);
}

#[tokio::test]
async fn no_credentials_go_to_a_pre_signed_url() {
    let world = World::start().await;
    let file = announce(&world.query, json!({"filename": "a.mp3"})).await;
    for name in ["Api-key", "X-Signature", "X-Bot-Id", "X-timestamp", "Authorization"] {
        world.journal.clear();
        let request = file.request("bytes").header(name, "secret");
        assert_eq!(request.send().await.expect("answer").status(), 403, "{name}");
        assert!(violation(&world).contains("came along to a storage url"), "{name}");
        assert!(!violation(&world).contains("secret"));
    }
    assert_eq!(file.put("bytes").await, 200);
}
