//! Recordings that come in parts, late, broken or not at all.

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_RANGE, LOCATION, RANGE};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::journal::{Entry, System};
use simulators::pbx::{Elsewhere, Recording, Sound, Trouble, TroubleKind};

use super::World;

/// An answer, read to its end; whether that was the end that was announced.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    whole: bool,
}

/// A PBX with a call whose first leg talks.
struct Talk {
    world: World,
    call: String,
    leg: String,
}

impl Talk {
    async fn start() -> Self {
        let world = World::start().await;
        let call = world.pbx.ring_in("79997775533", "79229929292", &["101"]);
        world.pbx.answer(&call, "101").expect("answers");
        let leg = format!("{call}-1");
        Self { world, call, leg }
    }

    /// The same, recorded.
    async fn recorded(sound: impl Into<Sound>) -> Self {
        let talk = Self::start().await;
        talk.world.pbx.record(&talk.call, "101", sound).expect("records");
        talk
    }

    async fn reference(&self) -> Value {
        let (_, call) = self.world.control(Method::GET, &format!("/calls/{}", self.call), None).await;
        call["legs"][0]["recording"].clone()
    }

    async fn request(&self) -> RequestBuilder {
        let reference = self.reference().await;
        let url = reference["url"].as_str().expect("a recording");
        self.world.http.get(url).bearer_auth(&self.world.pbx.options().control_token)
    }

    async fn get(&self) -> Answer {
        read(self.request().await).await
    }

    async fn get_from(&self, first: u64) -> Answer {
        read(self.request().await.header(RANGE, format!("bytes={first}-"))).await
    }

    /// Sets a trouble and asks.
    async fn get_with(&self, kind: TroubleKind) -> Answer {
        self.world.pbx.trouble(&self.leg, Trouble::times(kind, 1));
        self.get().await
    }

    fn requests(&self) -> Vec<Entry> {
        self.world.journal.of(System::Pbx, "recordings/get")
    }

    async fn outside(&self, method: Method, path: &str, body: Value) -> u16 {
        let url = format!("{}/_sim/{path}", self.world.pbx.url());
        super::read(self.world.http.request(method, url).json(&body)).await.0
    }
}

async fn read(request: RequestBuilder) -> Answer {
    let mut response = request.send().await.expect("answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    let whole = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            end => break end.is_ok(),
        }
    };
    Answer { status, headers, body, whole }
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.concat()
}

#[tokio::test]
async fn a_recording_is_continued_where_it_broke_off() {
    let talk = Talk::recorded("0123456789").await;
    let whole = talk.get().await;
    let etag = whole.headers[ETAG].to_str().expect("text").to_owned();
    assert_eq!(
        (whole.status, &whole.body[..], &whole.headers["accept-ranges"]),
        (200, &b"0123456789"[..], &"bytes".parse().expect("text"))
    );
    let rest = talk.get_from(4).await;
    assert_eq!((rest.status, &rest.body[..]), (206, &b"456789"[..]));
    assert_eq!(rest.headers[CONTENT_RANGE], "bytes 4-9/10");
    assert_eq!(
        (&rest.headers[ETAG], &rest.headers["content-length"]),
        (&whole.headers[ETAG], &"6".parse().expect("text"))
    );
    let beyond = talk.get_from(10).await;
    assert_eq!((beyond.status, &beyond.headers[CONTENT_RANGE]), (416, &"bytes */10".parse().expect("text")));
    let conditional = |etag: String| async {
        read(talk.request().await.header(RANGE, "bytes=4-").header(IF_RANGE, etag)).await
    };
    assert_eq!(conditional(etag.clone()).await.status, 206);
    talk.world.pbx.record(&talk.call, "101", "another one").expect("records again");
    let changed = conditional(etag).await;
    assert_eq!((changed.status, &changed.body[..]), (200, &b"another one"[..]));
}

#[tokio::test]
async fn the_journal_shows_what_a_recording_was_asked_with() {
    let talk = Talk::recorded("0123456789").await;
    talk.get_from(4).await;
    let reference = talk.reference().await;
    read(talk.world.http.get(reference["url"].as_str().expect("a url"))).await;
    let [first, second] = &talk.requests()[..] else { panic!("two requests") };
    assert_eq!(
        (first.status, first.headers["range"].as_str(), &first.reply),
        (206, "bytes=4-", &json!("(6 bytes)"))
    );
    assert!(first.headers.contains_key("authorization"));
    assert_eq!(second.status, 401);
    assert!(!second.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_recording_of_any_size_is_made_while_it_is_sent() {
    let size = 9 * 1024 * 1024 + 7;
    let sound = Sound::Generated { key: "long".to_owned(), size };
    let talk = Talk::recorded(sound.clone()).await;
    assert_eq!(talk.reference().await["size"], json!(size));
    let whole = talk.get().await;
    assert_eq!((whole.body.len() as u64, hex(&whole.body)), (size, sound.sha256()));
    let rest = talk.get_from(size - 100_000).await;
    assert_eq!(rest.body, whole.body[whole.body.len() - 100_000..]);
}

#[tokio::test]
async fn a_recording_breaks_off_as_often_as_it_shall() {
    let sound = Sound::Generated { key: "long".to_owned(), size: 200_000 };
    let talk = Talk::recorded(sound.clone()).await;
    talk.world.pbx.trouble(&talk.leg, Trouble::times(TroubleKind::Cut { percent: 40 }, 2));
    let mut got = talk.get().await;
    assert_eq!(
        (got.status, got.whole, &got.headers["content-length"]),
        (200, false, &"200000".parse().expect("text"))
    );
    assert_eq!(got.body.len(), 80_000);
    let more = talk.get_from(80_000).await;
    assert_eq!((more.status, more.whole, more.body.len()), (206, false, 48_000));
    let rest = talk.get_from(128_000).await;
    assert!(rest.whole);
    got.body.extend(more.body.into_iter().chain(rest.body));
    assert_eq!(hex(&got.body), sound.sha256());
    assert_eq!(talk.requests()[0].reply, "(200000 bytes, cut after 80000)");
}

#[tokio::test]
async fn what_is_answered_instead_of_a_recording() {
    let talk = Talk::recorded("sound").await;
    let missing = talk.get_with(TroubleKind::Status(404)).await;
    assert_eq!(missing.status, 404);
    let empty = talk.get_with(TroubleKind::Empty).await;
    assert_eq!((empty.status, empty.body.len(), empty.whole), (200, 0, true));
    for content_type in ["text/html", "audio/mpeg"] {
        let page = talk.get_with(TroubleKind::Html { content_type: content_type.to_owned() }).await;
        assert_eq!((page.status, &page.headers[CONTENT_TYPE]), (200, &content_type.parse().expect("text")));
        assert!(page.body.starts_with(b"<!DOCTYPE html>"));
    }
    let healed = talk.get().await;
    assert_eq!((healed.status, &healed.body[..]), (200, &b"sound"[..]));
}

#[tokio::test]
async fn how_a_recording_is_sent_can_be_odd() {
    let talk = Talk::recorded("sound").await;
    let chunked = talk.get_with(TroubleKind::NoLength).await;
    assert_eq!((chunked.headers.get("content-length"), &chunked.body[..]), (None, &b"sound"[..]));
    let untyped = talk.get_with(TroubleKind::ContentType(None)).await;
    assert_eq!((untyped.headers.get(CONTENT_TYPE), &untyped.body[..]), (None, &b"sound"[..]));
    let odd = talk.get_with(TroubleKind::ContentType(Some("text/plain".to_owned()))).await;
    assert_eq!(odd.headers[CONTENT_TYPE], "text/plain");
    talk.world.pbx.trouble(&talk.leg, Trouble::always(TroubleKind::NoRange));
    let whole = talk.get_from(2).await;
    assert_eq!((whole.status, whole.headers.get(ETAG), &whole.body[..]), (200, None, &b"sound"[..]));
    talk.world.pbx.heal(&talk.leg);
    assert_eq!(talk.get_from(2).await.status, 206);
}

#[tokio::test]
async fn a_redirect_leads_to_a_host_that_sees_what_comes_along() {
    let talk = Talk::recorded("sound").await;
    let journal = &talk.world.journal;
    let elsewhere = Elsewhere::start(Recording::mp3("sound from elsewhere"), journal).await.expect("starts");
    let to = format!("{}/a.mp3", elsewhere.url());
    talk.world.pbx.trouble(&talk.leg, Trouble::always(TroubleKind::Redirect { status: 307, to: to.clone() }));
    // The client of the simulators follows, and drops the header for another host.
    assert_eq!(talk.get().await.body, b"sound from elsewhere");
    assert_eq!(talk.requests()[0].status, 307);
    let [seen] = &journal.of(System::Pbx, "elsewhere/get")[..] else { panic!("one request") };
    assert_eq!((seen.path.as_str(), seen.headers.get("authorization")), ("/a.mp3", None));
    let careless = talk.world.http.get(&to).bearer_auth("token");
    read(careless.header(RANGE, "bytes=6-")).await;
    let seen = &journal.of(System::Pbx, "elsewhere/get")[1];
    assert_eq!((seen.status, seen.headers["authorization"].as_str()), (206, "Bearer token"));
}

#[tokio::test]
async fn a_redirect_names_its_goal() {
    let talk = Talk::recorded("sound").await;
    let url = talk.reference().await["url"].as_str().expect("a url").to_owned();
    let to = "https://storage.test/a.mp3".to_owned();
    talk.world
        .pbx
        .trouble(&talk.leg, Trouble::times(TroubleKind::Redirect { status: 302, to: to.clone() }, 1));
    let http =
        reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none());
    let request = http.build().expect("client").get(url).bearer_auth(&talk.world.pbx.options().control_token);
    let answer = read(request).await;
    assert_eq!((answer.status, &answer.headers[LOCATION]), (302, &to.parse().expect("text")));
}

#[tokio::test]
async fn the_url_of_one_recording_expires() {
    let talk = Talk::recorded("sound").await;
    let other = talk.world.pbx.ring_in("79997775534", "79229929292", &["102"]);
    talk.world.pbx.answer(&other, "102").expect("answers");
    talk.world.pbx.record(&other, "102", "sound").expect("records");
    let old = talk.request().await;
    let (_, shown) = talk.world.control(Method::GET, &format!("/calls/{other}"), None).await;
    talk.world.pbx.expire_recording_url(&talk.leg);
    assert_eq!(read(old).await.status, 410);
    assert_eq!(talk.get().await.status, 200, "asked anew");
    let url = shown["legs"][0]["recording"]["url"].as_str().expect("a url");
    let untouched = talk.world.http.get(url).bearer_auth(&talk.world.pbx.options().control_token);
    assert_eq!(read(untouched).await.status, 200);
}

#[tokio::test]
async fn a_recording_shows_up_late_with_or_without_a_word() {
    let talk = Talk::start().await;
    let pbx = &talk.world.pbx;
    pbx.hang_up(&talk.call).expect("ends");
    assert_eq!(talk.reference().await, Value::Null);
    pbx.record_unannounced(&talk.call, &talk.leg, "sound").expect("is there");
    assert_eq!(talk.reference().await["size"], 5);
    assert_eq!(talk.world.story().await.last().expect("events"), "call.finished");
    pbx.record(&talk.call, &talk.leg, "sound").expect("is there");
    assert_eq!(talk.world.story().await.last().expect("events"), "recording.ready 101");
}

#[tokio::test]
async fn recordings_are_troubled_outside() {
    let talk = Talk::start().await;
    let act = format!("calls/{}/record", talk.call);
    assert_eq!(talk.outside(Method::POST, &act, json!({"size": 70_000, "unannounced": true})).await, 200);
    assert_eq!(talk.reference().await["size"], 70_000);
    let trouble = format!("recordings/{}/trouble", talk.leg);
    assert_eq!(talk.outside(Method::POST, &trouble, json!({"kind": {"status": 404}, "times": 1})).await, 200);
    assert_eq!(talk.outside(Method::POST, &trouble, json!({"kind": "empty"})).await, 200);
    assert_eq!(talk.outside(Method::POST, &trouble, json!({"kind": "unheard-of"})).await, 400);
    assert_eq!(talk.get().await.status, 404);
    assert_eq!(talk.get().await.body.len(), 0);
    assert_eq!(talk.outside(Method::DELETE, &trouble, Value::Null).await, 204);
    assert_eq!(talk.get().await.body.len(), 70_000);
    let old = talk.request().await;
    assert_eq!(
        talk.outside(Method::POST, &format!("recordings/{}/expire", talk.leg), Value::Null).await,
        204
    );
    assert_eq!(read(old).await.status, 410);
}
