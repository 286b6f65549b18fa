//! Fetching audio, and what is not audio or not ours to fetch.

use domain::call::event::Recording;
use domain::id::ExternalId;
use domain::port::provider::{Audio, Provider};
use domain::port::{RemoteError, RemoteErrorKind};
use mockito::Server;

use super::{pbx, pbx_at};

const LIMIT: u64 = 1000;

fn at(url: String) -> Recording {
    Recording { leg: "leg 1".into(), url, content_type: None, size: None }
}

fn call() -> ExternalId {
    ExternalId::new("pbx-42")
}

/// What becomes of a recording that the PBX serves at `path` with this reply.
async fn fetched(path: &str, status: usize, content_type: &str, body: &[u8]) -> Result<Audio, RemoteError> {
    let (mut server, pbx) = pbx().await;
    let mock = server
        .mock("GET", path)
        .match_header("authorization", "Bearer t0ken")
        .with_status(status)
        .with_header("content-type", content_type)
        .with_body(body)
        .create_async()
        .await;
    let _no_such_call = server.mock("GET", "/control/calls/pbx-42").with_status(404).create_async().await;
    let result = pbx.recording(&call(), &at(format!("{}{path}", server.url())), LIMIT).await;
    mock.assert_async().await;
    result
}

#[tokio::test]
async fn audio_comes_with_its_type_and_a_name() {
    for (path, content_type, name) in [
        ("/rec/2026-11-22 call.mp3", "audio/mpeg", "2026-11-22_20call.mp3"),
        ("/rec/42", "audio/mpeg", "leg_1.mp3"),
        ("/rec/42", "audio/x-wav; codec=1", "leg_1.wav"),
        ("/", "application/octet-stream", "leg_1.bin"),
    ] {
        let path = path.replace(' ', "%20");
        let audio = fetched(&path, 200, content_type, b"sound").await.unwrap();
        assert_eq!(audio.bytes.as_ref(), b"sound");
        assert_eq!(audio.content_type, content_type.split(';').next().unwrap());
        assert_eq!(audio.file_name, name);
    }
}

#[tokio::test]
async fn the_event_may_know_the_type_better_than_the_server() {
    let (mut server, pbx) = pbx().await;
    let mock =
        server.mock("GET", "/1").with_header("content-type", "application/octet-stream").with_body("x");
    let _mock = mock.create_async().await;
    let recording = Recording { content_type: Some("audio/ogg".into()), ..at(format!("{}/1", server.url())) };
    assert_eq!(pbx.recording(&call(), &recording, LIMIT).await.unwrap().content_type, "audio/ogg");
}

#[tokio::test]
async fn what_is_not_audio_is_refused() {
    for (status, content_type, body, kind, said) in [
        (200, "text/html; charset=utf-8", "<html>", RemoteErrorKind::Malformed, "text/html"),
        (200, "application/json", "{}", RemoteErrorKind::Malformed, "application/json"),
        (200, "application/problem+json", "{}", RemoteErrorKind::Malformed, "where audio was expected"),
        (200, "audio/mpeg", "", RemoteErrorKind::Malformed, "is empty"),
        (404, "audio/mpeg", "gone", RemoteErrorKind::NotFound, "404"),
        (401, "audio/mpeg", "who", RemoteErrorKind::Unauthorized, "401"),
        (302, "audio/mpeg", "moved", RemoteErrorKind::Malformed, "302"),
    ] {
        let error = fetched("/1.mp3", status, content_type, body.as_bytes()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn the_limit_is_a_limit() {
    let size = usize::try_from(LIMIT).unwrap();
    assert_eq!(fetched("/1.mp3", 200, "audio/mpeg", &vec![7; size]).await.unwrap().bytes.len(), size);
    let error = fetched("/1.mp3", 200, "audio/mpeg", &vec![7; size + 1]).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Rejected);
    assert!(error.to_string().contains("larger than 1000 bytes"), "{error}");
}

#[tokio::test]
async fn the_limit_holds_where_no_length_is_announced() {
    let (mut server, pbx) = pbx().await;
    let endless = |writer: &mut dyn std::io::Write| (0..50).try_for_each(|_| writer.write_all(&[7; 100]));
    let mock =
        server.mock("GET", "/1.mp3").with_header("content-type", "audio/mpeg").with_chunked_body(endless);
    let _mock = mock.create_async().await;
    let error = pbx.recording(&call(), &at(format!("{}/1.mp3", server.url())), LIMIT).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Rejected);
}

#[tokio::test]
async fn the_token_goes_to_no_other_host() {
    let mut other = Server::new_async().await;
    let never = other.mock("GET", mockito::Matcher::Any).expect(0).create_async().await;
    let elsewhere = format!("{}/1.mp3", other.url());
    for url in
        [elsewhere.as_str(), "https://pbx.test/1.mp3", "http://pbx.test:81/1.mp3", "file:///1.mp3", "1.mp3"]
    {
        let error =
            pbx_at("http://pbx.test").recording(&call(), &at(url.to_owned()), LIMIT).await.unwrap_err();
        assert_eq!((error.kind, error.status), (RemoteErrorKind::Rejected, None), "{url}: {error}");
    }
    never.assert_async().await;
}

#[tokio::test]
async fn a_url_that_has_expired_is_renewed() {
    let (mut server, pbx) = pbx().await;
    let (old, fresh) = (format!("{}/old.mp3", server.url()), format!("{}/fresh.mp3", server.url()));
    let past = serde_json::json!({
        "call_id": "pbx-42", "direction": "inbound", "started_at": "2026-11-22T10:00:00Z",
        "legs": [{"id": "leg 1", "started_at": "2026-11-22T10:00:00Z", "recording": {"url": fresh}}]
    });
    for status in [403, 404, 410] {
        server.reset();
        let _gone = server.mock("GET", "/old.mp3").with_status(status).create_async().await;
        let _call =
            server.mock("GET", "/control/calls/pbx-42").with_body(past.to_string()).create_async().await;
        let sound =
            server.mock("GET", "/fresh.mp3").with_header("content-type", "audio/mpeg").with_body("sound");
        let _sound = sound.create_async().await;
        let audio = pbx.recording(&call(), &at(old.clone()), LIMIT).await.unwrap();
        assert_eq!(audio.bytes.as_ref(), b"sound", "{status}");
    }
}

/// The PBX cannot say now where the recording is: that is no reason to give it up.
#[tokio::test]
async fn a_url_that_cannot_be_renewed_now_is_tried_again() {
    let (mut server, pbx) = pbx().await;
    let _gone = server.mock("GET", "/old.mp3").with_status(410).create_async().await;
    let _away = server.mock("GET", "/control/calls/pbx-42").with_status(503).create_async().await;
    let error = pbx.recording(&call(), &at(format!("{}/old.mp3", server.url())), LIMIT).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Unavailable);
}
