//! The rest of the API: files, settings of the user interface, who is responsible for a call.

use std::sync::Arc;

use adapters::destination::kontur::client::{Caller, Client};
use bytes::Bytes;
use domain::port::RemoteErrorKind;
use domain::port::recordings::Spooled;
use serde_json::json;

use super::{INTEGRATION, ManualClock, Scripted, Simulated, USER, http, settings};
use crate::shelf::Shelf;

fn client_of(at: &Simulated) -> Client {
    let url = at.kontur.url().parse().expect("a URL");
    Client::new(http(), url, &settings("private"), ManualClock::new())
}

/// The shelf has to stay while the file is used.
fn audio(content_type: &str) -> (Arc<Shelf>, Spooled) {
    let shelf = Shelf::new();
    let file = shelf.file("разговор 1.mp3", content_type);
    (shelf, file)
}

#[tokio::test]
async fn a_file_comes_back_as_it_went() {
    let at = Simulated::start().await;
    let client = client_of(&at);
    let meta = client.upload(&audio("audio/mpeg").1).await.unwrap();
    assert_eq!((meta.content_type.as_str(), meta.content_length), ("audio/mpeg", 5));
    assert_eq!(meta.file_name, "разговор 1.mp3");
    assert_eq!(client.file_meta(&meta.file_id).await.unwrap(), meta);
    assert!(client.has_file(&meta.file_id).await.unwrap());
    assert_eq!(client.download(&meta.file_id).await.unwrap(), Bytes::from_static(b"hello"));
    at.assert_legal();
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let at = Simulated::start().await;
    let client = client_of(&at);
    let missing = "00000000-0000-4000-8000-000000000000";
    assert!(!client.has_file(missing).await.unwrap());
    assert_eq!(client.file_meta(missing).await.unwrap_err().kind, RemoteErrorKind::NotFound);
    assert_eq!(client.download(missing).await.unwrap_err().kind, RemoteErrorKind::NotFound);
}

#[tokio::test]
async fn a_type_that_is_none_is_no_reason_to_lose_a_recording() {
    let at = Simulated::start().await;
    let meta = client_of(&at).upload(&audio("mp3 of sorts").1).await.unwrap();
    assert_eq!(meta.content_length, 5);
}

#[tokio::test]
async fn an_upload_survives_a_key_that_expired() {
    let at = Simulated::start().await;
    let client = client_of(&at);
    client.instance().await.unwrap();
    at.kontur.expire_keys("acme");
    client.upload(&audio("audio/mpeg").1).await.unwrap();
}

#[tokio::test]
async fn a_file_too_large_is_refused_in_konturs_words() {
    let mut kontur = Scripted::start().await;
    kontur.authorises(1);
    let refusal = json!({"status": "fileTooLarge", "message": "File too large"});
    kontur.answers("POST", "/api/v1/acme/files", "key-1", 409, &refusal).create();
    let error = kontur.client("private").upload(&audio("audio/mpeg").1).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Rejected);
    assert!(error.message.contains("File too large"), "{error}");
}

#[tokio::test]
async fn the_main_telephony_is_one_or_none() {
    let at = Simulated::start().await;
    let client = client_of(&at);
    assert_eq!(client.main_telephony().await.unwrap(), None);
    at.kontur.set_main_telephony("acme", Some(INTEGRATION));
    assert_eq!(client.main_telephony().await.unwrap(), Some(INTEGRATION.to_string().into()));
    at.assert_legal();
}

#[tokio::test]
async fn the_responsible_of_a_call_are_asked_for_by_its_id() {
    let mut kontur = Scripted::start().await;
    kontur.authorises(1);
    let path = format!("{}/call-redirect?externalId=pbx%2F42", super::CALLBACKS);
    let asked = kontur.answers("GET", &path, "key-1", 200, &json!({"userIds": [USER]})).create();
    let users = kontur.client("private").call_redirect(Caller::Call(&"pbx/42".into())).await.unwrap();
    assert_eq!(users, vec![USER.into()]);
    asked.assert();
}
