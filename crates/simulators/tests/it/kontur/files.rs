//! Files: uploaded, bound to a call, read back.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{World, read, registered};

pub(super) async fn upload(world: &World, field: &'static str, bytes: Vec<u8>) -> (u16, Value) {
    let part = Part::bytes(bytes).file_name("talk.mp3").mime_str("audio/mpeg").expect("a type");
    let request = world.request(Method::POST, "files").multipart(Form::new().part(field, part));
    read(request.send().await.expect("answer")).await
}

#[tokio::test]
async fn a_file_goes_up_and_comes_back() {
    let world = World::start().await;
    let (status, file) = upload(&world, "file", b"sound".to_vec()).await;
    assert_eq!(status, 200, "{file}");
    assert_eq!(
        (&file["fileName"], &file["contentType"], &file["contentLength"]),
        (&json!("talk.mp3"), &json!("audio/mpeg"), &json!(5))
    );
    let path = format!("files/{}", file["fileId"].as_str().expect("an id"));
    let response = world.request(Method::GET, &format!("{path}?download=true")).send().await.expect("answer");
    assert_eq!(response.headers()["content-type"], "audio/mpeg");
    assert!(response.headers()["content-disposition"].to_str().expect("text").starts_with("attachment"));
    assert_eq!(response.bytes().await.expect("bytes").as_ref(), b"sound");
    assert_eq!(world.get(&format!("{path}/meta")).await.1, file);
    assert_eq!(world.request(Method::HEAD, &path).send().await.expect("answer").status(), 200);
    assert_eq!(world.get("files/00000000-0000-4000-8000-000000000000/meta").await.0, 409);
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_in_another_field_is_refused() {
    let world = World::start().await;
    let (status, problem) = upload(&world, "recording", b"sound".to_vec()).await;
    assert_eq!(status, 400, "{problem}");
    assert_eq!(world.journal.violations().len(), 1);
}

#[tokio::test]
async fn a_file_above_100_mb_is_too_large() {
    let world = World::start().await;
    let (status, conflict) = upload(&world, "file", vec![0; 100 * 1024 * 1024 + 1]).await;
    assert_eq!((status, &conflict["status"]), (409, &json!("fileTooLarge")));
}

#[tokio::test]
async fn what_register_call_says_about_a_file_has_to_be_so_and_a_file_is_bound_once() {
    let world = World::start().await;
    let (_, mut file) = upload(&world, "file", b"sound".to_vec()).await;
    let mut body = registered(None, "ext-1");
    file["contentLength"] = json!("5");
    body["items"][0]["recordings"] = json!([file]);
    world.accepted("register-call", &body).await;
    assert_eq!(world.journal.violations(), Vec::<String>::new());
    assert_eq!(world.kontur.communications("acme")[0].recordings.len(), 1);
    let mut again = registered(None, "ext-2");
    file["contentLength"] = json!("6");
    again["items"][0]["recordings"] = json!([file]);
    world.accepted("register-call", &again).await;
    let violations = world.journal.violations().join("\n");
    assert!(violations.contains("contentLength 6 of a file of 5 bytes"), "{violations}");
    assert!(violations.contains("bound twice"), "{violations}");
}

#[tokio::test]
async fn a_later_recording_is_added_to_its_item() {
    let world = World::start().await;
    world.accepted("register-call", &registered(None, "ext-1")).await;
    let id = world.kontur.communications("acme")[0].id;
    let (_, file) = upload(&world, "file", b"sound".to_vec()).await;
    let body = json!({
        "communicationId": id, "externalId": "ext-1", "externalCallItemId": "ext-1-1",
        "realtimeCallItemId": "ext-1-1", "recordingFileId": file["fileId"]
    });
    assert_eq!(world.accepted("call-recording", &body).await, json!("OK"));
    let communication = &world.kontur.communications("acme")[0];
    assert_eq!(communication.items[0]["recordings"][0]["fileId"], file["fileId"]);
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_no_call_binds_disappears_after_a_day() {
    let world = World::start().await;
    let (_, file) = upload(&world, "file", b"sound".to_vec()).await;
    world.kontur.expire_files("acme");
    let mut body = registered(None, "ext-1");
    body["items"][0]["recordings"] = json!([{
        "fileId": file["fileId"], "fileName": "talk.mp3", "contentType": "audio/mpeg", "contentLength": "5"
    }]);
    let (status, conflict) = world.callback("register-call", &body).await;
    assert_eq!((status, &conflict["status"]), (409, &json!("fileNotFound")));
    assert_eq!(world.kontur.communications("acme").len(), 0, "nothing of a refused call is kept");
}
