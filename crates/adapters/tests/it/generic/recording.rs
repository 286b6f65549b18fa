//! Fetching audio: what comes, what is not audio, what is not ours to fetch, and going on where it broke off.

use std::io;

use async_trait::async_trait;
use domain::call::event::Recording;
use domain::id::ExternalId;
use domain::port::provider::Provider;
use domain::port::recordings::{FetchError, Fetched, Held, Sink};
use domain::recording::Fault;
use mockito::{Mock, Server, ServerGuard};

use super::{pbx, pbx_at};

const LIMIT: u64 = 1000;

/// What is written to.
#[derive(Debug, Default)]
struct Memory {
    bytes: Vec<u8>,
    validator: Option<String>,
}

#[async_trait]
impl Sink for Memory {
    fn held(&self) -> Held {
        Held { size: self.bytes.len() as u64, validator: self.validator.clone() }
    }

    async fn restart(&mut self, validator: Option<&str>) -> io::Result<()> {
        *self = Self { bytes: Vec::new(), validator: validator.map(str::to_owned) };
        Ok(())
    }

    async fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

fn at(url: String) -> Recording {
    Recording { leg: "leg 1".into(), url, content_type: None, size: None }
}

fn call() -> ExternalId {
    ExternalId::new("pbx-42")
}

/// What comes of the recording at a URL.
async fn fetch(pbx: &impl Provider, url: &str) -> Result<(Fetched, Vec<u8>), FetchError> {
    let mut sink = Memory::default();
    let fetched = pbx.fetch(&call(), &at(url.to_owned()), &mut sink, LIMIT).await?;
    Ok((fetched, sink.bytes))
}

async fn no_such_call(server: &mut ServerGuard) -> Mock {
    server.mock("GET", "/control/calls/pbx-42").with_status(404).create_async().await
}

/// What becomes of a recording that the PBX serves at `path` with this reply.
async fn fetched(
    path: &str,
    status: usize,
    content_type: &str,
    body: &[u8],
) -> Result<(Fetched, Vec<u8>), FetchError> {
    let (mut server, pbx) = pbx().await;
    let mock = server
        .mock("GET", path)
        .match_header("authorization", "Bearer t0ken")
        .with_status(status)
        .with_header("content-type", content_type)
        .with_body(body)
        .create_async()
        .await;
    let _no_such_call = no_such_call(&mut server).await;
    let result = fetch(&pbx, &format!("{}{path}", server.url())).await;
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
        let (fetched, bytes) = fetched(&path, 200, content_type, b"sound").await.unwrap();
        assert_eq!((bytes.as_slice(), fetched.size), (b"sound".as_slice(), 5));
        assert_eq!(fetched.content_type, content_type.split(';').next().unwrap());
        assert_eq!(fetched.file_name, name);
    }
}

#[tokio::test]
async fn the_event_may_know_the_type_better_than_the_server() {
    let (mut server, pbx) = pbx().await;
    let mock =
        server.mock("GET", "/1").with_header("content-type", "application/octet-stream").with_body("x");
    let _mock = mock.create_async().await;
    let recording = Recording { content_type: Some("audio/ogg".into()), ..at(format!("{}/1", server.url())) };
    let fetched = pbx.fetch(&call(), &recording, &mut Memory::default(), LIMIT).await.unwrap();
    assert_eq!(fetched.content_type, "audio/ogg");
}

#[tokio::test]
async fn what_is_not_audio_is_refused() {
    for (status, content_type, body, fault, said) in [
        (200, "text/html; charset=utf-8", "<html>", Fault::NotAudio, "text/html"),
        (200, "application/json", "{}", Fault::NotAudio, "application/json"),
        (200, "application/problem+json", "{}", Fault::NotAudio, "where audio was expected"),
        (200, "audio/mpeg", "<!DOCTYPE html><html>", Fault::NotAudio, "a page or a message"),
        (200, "audio/mpeg", "{\"error\":\"expired\"}", Fault::NotAudio, "a page or a message"),
        (200, "audio/mpeg", "", Fault::Empty, "is empty"),
        (404, "audio/mpeg", "not here", Fault::NotThere, "404"),
        (410, "audio/mpeg", "gone", Fault::NotThere, "410"),
        (401, "audio/mpeg", "who", Fault::Refused, "401"),
        (503, "audio/mpeg", "later", Fault::Trouble, "503"),
        (302, "audio/mpeg", "moved nowhere", Fault::Trouble, "302"),
    ] {
        let error = fetched("/1.mp3", status, content_type, body.as_bytes()).await.unwrap_err();
        assert_eq!(error.fault, fault, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn the_limit_is_a_limit() {
    let size = usize::try_from(LIMIT).unwrap();
    assert_eq!(fetched("/1.mp3", 200, "audio/mpeg", &vec![7; size]).await.unwrap().1.len(), size);
    let error = fetched("/1.mp3", 200, "audio/mpeg", &vec![7; size + 1]).await.unwrap_err();
    assert_eq!(error.fault, Fault::TooLarge);
    assert!(error.to_string().contains("larger than 1000 bytes"), "{error}");
}

/// A reply without a length could be of any.
#[tokio::test]
async fn the_limit_holds_for_what_announces_no_length() {
    let (mut server, pbx) = pbx().await;
    let endless = server.mock("GET", "/1.mp3").with_chunked_body(|to| to.write_all(&[7; 3_000]));
    let _endless = endless.create_async().await;
    let error = fetch(&pbx, &format!("{}/1.mp3", server.url())).await.unwrap_err();
    assert_eq!(error.fault, Fault::TooLarge);
}

#[tokio::test]
async fn what_announces_no_length_has_to_be_as_long_as_the_telephony_said() {
    let (mut server, pbx) = pbx().await;
    let short = server.mock("GET", "/1.mp3").with_chunked_body(|to| to.write_all(&[7; 90]));
    let _short = short.create_async().await;
    let told = |size| Recording { size: Some(size), ..at(format!("{}/1.mp3", server.url())) };
    let error = pbx.fetch(&call(), &told(100), &mut Memory::default(), LIMIT).await.unwrap_err();
    assert_eq!((error.fault, error.message.as_str()), (Fault::Trouble, "90 of 100 bytes came"));
    assert_eq!(pbx.fetch(&call(), &told(90), &mut Memory::default(), LIMIT).await.unwrap().size, 90);
}

#[tokio::test]
async fn nothing_is_fetched_from_any_other_place() {
    let mut other = Server::new_async().await;
    let never = other.mock("GET", mockito::Matcher::Any).expect(0).create_async().await;
    let elsewhere = format!("{}/1.mp3", other.url());
    for url in [
        elsewhere.as_str(),
        "https://pbx.test/1.mp3",
        "http://pbx.test:81/1.mp3",
        "http://records.test/1.mp3",
        "https://127.0.0.1/1.mp3",
        "file:///1.mp3",
        "1.mp3",
    ] {
        let error = fetch(&pbx_at("http://pbx.test"), url).await.unwrap_err();
        assert_eq!((error.fault, error.status), (Fault::Forbidden, None), "{url}: {error}");
    }
    never.assert_async().await;
}

#[tokio::test]
async fn a_redirect_leads_no_further_than_a_url() {
    let mut other = Server::new_async().await;
    let never = other.mock("GET", mockito::Matcher::Any).expect(0).create_async().await;
    let metadata = "http://169.254.169.254/latest".to_owned();
    for to in [format!("{}/1.mp3", other.url()), metadata, "https://10.0.0.1/".to_owned()] {
        for status in [301, 302, 303, 307, 308] {
            let (mut server, pbx) = pbx().await;
            let moved = server.mock("GET", "/1.mp3").with_status(status).with_header("location", &to);
            let _moved = moved.create_async().await;
            let error = fetch(&pbx, &format!("{}/1.mp3", server.url())).await.unwrap_err();
            assert_eq!(error.fault, Fault::Forbidden, "{status} {to}: {error}");
        }
    }
    never.assert_async().await;
}

#[tokio::test]
async fn a_redirect_within_the_telephony_is_followed() {
    let (mut server, pbx) = pbx().await;
    let moved = server.mock("GET", "/1.mp3").with_status(302).with_header("location", "/store/1.mp3");
    let _moved = moved.create_async().await;
    let sound = server.mock("GET", "/store/1.mp3").match_header("authorization", "Bearer t0ken");
    let _sound = sound.with_body("sound").create_async().await;
    let (_, bytes) = fetch(&pbx, &format!("{}/1.mp3", server.url())).await.unwrap();
    assert_eq!(bytes, b"sound");

    let circle = server.mock("GET", "/2.mp3").with_status(302).with_header("location", "/2.mp3");
    let circle = circle.expect(6).create_async().await;
    let error = fetch(&pbx, &format!("{}/2.mp3", server.url())).await.unwrap_err();
    assert_eq!((error.fault, error.message.as_str()), (Fault::Trouble, "sent on more than 5 times"));
    circle.assert_async().await;
}

/// The PBX's answer when it is asked for the call, with its recording there.
fn call_with(url: &str) -> String {
    let leg = serde_json::json!({
        "id": "leg 1", "started_at": "2026-11-22T10:00:00Z", "recording": {"url": url}
    });
    let call = serde_json::json!({
        "call_id": "pbx-42", "direction": "inbound", "started_at": "2026-11-22T10:00:00Z", "legs": [leg]
    });
    call.to_string()
}

#[tokio::test]
async fn a_url_that_has_expired_is_renewed() {
    let (mut server, pbx) = pbx().await;
    let (old, fresh) = (format!("{}/old.mp3", server.url()), format!("{}/fresh.mp3", server.url()));
    for (status, body) in [(403, "no"), (404, "no"), (410, "no"), (200, "<html>log in</html>")] {
        server.reset();
        let _gone = server.mock("GET", "/old.mp3").with_status(status).with_body(body).create_async().await;
        let known = server.mock("GET", "/control/calls/pbx-42").with_body(call_with(&fresh));
        let _known = known.create_async().await;
        let sound =
            server.mock("GET", "/fresh.mp3").with_header("content-type", "audio/mpeg").with_body("sound");
        let _sound = sound.create_async().await;
        assert_eq!(fetch(&pbx, &old).await.unwrap().1, b"sound", "{status}");
    }
}

/// The PBX cannot say now where the recording is: that is no reason to give it up.
#[tokio::test]
async fn a_url_that_cannot_be_renewed_now_is_tried_again() {
    let (mut server, pbx) = pbx().await;
    let _gone = server.mock("GET", "/old.mp3").with_status(410).create_async().await;
    let _away = server.mock("GET", "/control/calls/pbx-42").with_status(503).create_async().await;
    let error = fetch(&pbx, &format!("{}/old.mp3", server.url())).await.unwrap_err();
    assert_eq!(error.fault, Fault::Trouble);
}

/// Ten bytes of which three are here.
fn begun(validator: Option<&str>) -> Memory {
    Memory { bytes: b"012".to_vec(), validator: validator.map(str::to_owned) }
}

/// What is here after the server answered a request for the rest so.
async fn resumed(
    status: usize,
    headers: &[(&str, &str)],
    body: &str,
) -> (Result<Fetched, FetchError>, Memory) {
    let (mut server, pbx) = pbx().await;
    let rest = server
        .mock("GET", "/1.mp3")
        .match_header("range", "bytes=3-")
        .match_header("if-range", "\"v1\"")
        .with_status(status)
        .with_body(body);
    let rest = headers.iter().fold(rest, |mock, (name, value)| mock.with_header(*name, value));
    let rest = rest.create_async().await;
    let mut sink = begun(Some("\"v1\""));
    let result = pbx.fetch(&call(), &at(format!("{}/1.mp3", server.url())), &mut sink, LIMIT).await;
    rest.assert_async().await;
    (result, sink)
}

#[tokio::test]
async fn what_broke_off_is_gone_on_from() {
    let (fetched, sink) = resumed(206, &[("content-range", "bytes 3-9/10")], "3456789").await;
    assert_eq!((fetched.unwrap().size, sink.bytes.as_slice()), (10, b"0123456789".as_slice()));
}

#[tokio::test]
async fn another_version_of_the_file_begins_anew() {
    let (fetched, sink) = resumed(200, &[("etag", "\"v2\"")], "abcdef").await;
    assert_eq!((fetched.unwrap().size, sink.bytes.as_slice()), (6, b"abcdef".as_slice()));
    assert_eq!(sink.validator.as_deref(), Some("\"v2\""));
}

#[tokio::test]
async fn a_part_that_does_not_fit_is_not_added() {
    for range in ["bytes 0-9/10", "bytes 4-9/10", "nonsense"] {
        let (fetched, sink) = resumed(206, &[("content-range", range)], "3456789").await;
        assert_eq!(fetched.unwrap_err().fault, Fault::Trouble, "{range}");
        assert_eq!(sink.held(), Held::default(), "the next attempt begins anew");
    }
}

#[tokio::test]
async fn a_part_counts_with_what_is_here() {
    let rest = "x".repeat(usize::try_from(LIMIT).unwrap() - 2);
    let (fetched, _) = resumed(206, &[("content-range", "bytes 3-1000/1001")], &rest).await;
    assert_eq!(fetched.unwrap_err().fault, Fault::TooLarge);
}

#[tokio::test]
async fn a_range_that_the_server_does_not_have_is_asked_for_whole() {
    let (mut server, pbx) = pbx().await;
    let whole = server.mock("GET", "/1.mp3").match_header("range", mockito::Matcher::Missing);
    let _whole = whole.with_body("whole").create_async().await;
    let none = server.mock("GET", "/1.mp3").match_header("range", "bytes=3-").with_status(416);
    let _none = none.create_async().await;
    let mut sink = begun(Some("\"v1\""));
    pbx.fetch(&call(), &at(format!("{}/1.mp3", server.url())), &mut sink, LIMIT).await.unwrap();
    assert_eq!(sink.bytes, b"whole");
}

/// Without a name for the version nobody could say whether the rest belongs to it.
#[tokio::test]
async fn nothing_is_added_to_what_nobody_can_name() {
    for etag in ["W/\"weak\"", ""] {
        let (mut server, pbx) = pbx().await;
        let whole = server.mock("GET", "/1.mp3").match_header("range", mockito::Matcher::Missing);
        let _whole = whole.with_header("etag", etag).with_body("whole").create_async().await;
        let mut sink = begun(None);
        pbx.fetch(&call(), &at(format!("{}/1.mp3", server.url())), &mut sink, LIMIT).await.unwrap();
        assert_eq!(sink.bytes, b"whole");
    }
}
