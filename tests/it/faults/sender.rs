//! The provider as the sender of webhooks: what comes in is garbage, too much, too slow or broken off. Whoever sends it
//! gets the answer that fits, nothing of it is kept, and others do not notice.

use serde_json::json;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, sign, trace};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Company, DEADLINE};

/// Connections that somebody keeps open at once.
const MANY: usize = 64;

/// The head of a webhook whose body has so many bytes, signed as if it were `body`.
fn head(company: &Company, body: &[u8], length: usize) -> String {
    let secret = &company.sandbox.pbx.options().send.secret;
    let now = simulators::clock::now().timestamp();
    let signed = sign(secret, "msg-1", now, body);
    let signed = signed.map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    let host = company.server.listen();
    format!(
        "POST /telephony/{WORKSPACE}/generic HTTP/1.1\r\nhost: {host}\r\n{signed}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    )
}

async fn connect(company: &Company) -> TcpStream {
    TcpStream::connect(company.server.listen()).await.expect("the server accepts connections")
}

/// The status of the answer; none if the connection ends without one.
async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut answer = vec![0; 1024];
    let read = tokio::time::timeout(2 * DEADLINE, stream.read(&mut answer)).await;
    let length = read.expect("an answer, or an end, in time").unwrap_or(0);
    let text = String::from_utf8_lossy(&answer[..length]).into_owned();
    text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

fn one_event() -> Vec<u8> {
    trace(Kind::Missed, 1).remove(0).to_string().into_bytes()
}

/// No call is known, and another one is told in full.
async fn nothing_was_kept_and_others_are_served(company: &Company) {
    assert!(company.admin().all("/calls").await.is_empty());
    company.telephony().tell(&trace(Kind::Answered, 7)).await;
    company.settle().await;
    assert_eq!(company.kontur().story("trace-7").len(), 6);
    assert_eq!(company.admin().status_word().await, "active");
}

#[tokio::test]
async fn bytes_that_are_no_http_are_refused() {
    let company = Company::start().await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"HELO pbx\r\n\r\n",
    ] {
        let mut stream = connect(&company).await;
        stream.write_all(garbage).await.expect("is sent");
        assert!(matches!(status(&mut stream).await, None | Some(400)), "{garbage:?}");
    }
    nothing_was_kept_and_others_are_served(&company).await;
}

#[tokio::test]
async fn signed_bodies_that_are_no_events_are_refused() {
    let company = Company::start().await;
    let deep = "[".repeat(100_000);
    for body in ["<html></html>", "{\"id\":\"evt", "\u{feff}", "nul", "{\"events\":{}}", deep.as_str()] {
        company.telephony().send_body(body.into()).await.problem(400, "invalid");
    }
    company.telephony().send_body(vec![0xff, 0xfe, 0x00]).await.problem(400, "invalid");
    nothing_was_kept_and_others_are_served(&company).await;
}

#[tokio::test]
async fn a_stranger_is_refused_however_often_it_comes() {
    let company = Company::start().await;
    let stranger = company.telephony().signing_with("whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy");
    let events = trace(Kind::Missed, 1);
    let refused = futures_util::future::join_all((0..MANY).map(|_| stranger.send(&events))).await;
    for reply in refused {
        reply.problem(401, "unauthorized");
    }
    nothing_was_kept_and_others_are_served(&company).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_body_leaves_nothing() {
    let company = Company::start().await;
    let body = one_event();
    for sent in [0, 1, body.len() / 2, body.len() - 1] {
        let mut stream = connect(&company).await;
        stream.write_all(head(&company, &body, body.len()).as_bytes()).await.expect("is sent");
        stream.write_all(&body[..sent]).await.expect("is sent");
        stream.set_zero_linger().expect("a reset");
    }
    nothing_was_kept_and_others_are_served(&company).await;
    let taken = company.telephony().send_body(body).await.ok();
    assert_eq!(taken, json!({"accepted": 1, "duplicates": 0}), "it comes again, whole");
    company.settle().await;
}

/// A body that trickles in is waited for; meanwhile others come and go.
#[tokio::test]
async fn a_slow_body_is_taken_and_nobody_waits_for_it() {
    let company = Company::start().await;
    let body = one_event();
    let mut stream = connect(&company).await;
    stream.write_all(head(&company, &body, body.len()).as_bytes()).await.expect("is sent");
    let (first, second) = body.split_at(body.len() / 2);
    stream.write_all(first).await.expect("is sent");
    nothing_was_kept_and_others_are_served(&company).await;
    stream.write_all(second).await.expect("is sent");
    assert_eq!(status(&mut stream).await, Some(200));
    company.settle().await;
    assert_eq!(company.admin().all("/calls").await.len(), 2);
}

/// Half a body, and then nothing: the server does not wait for ever.
#[tokio::test]
async fn bodies_that_never_come_to_their_end_are_given_up() {
    let company = Company::start().await;
    let body = one_event();
    let mut streams = Vec::new();
    for _ in 0..MANY {
        let mut stream = connect(&company).await;
        let half = [head(&company, &body, body.len()).as_bytes(), &body[..body.len() / 2]].concat();
        stream.write_all(&half).await.expect("is sent");
        streams.push(stream);
    }
    nothing_was_kept_and_others_are_served(&company).await;
    for mut stream in streams {
        assert_eq!(status(&mut stream).await, Some(408));
    }
}

#[tokio::test]
async fn a_huge_body_is_refused_whether_or_not_it_says_so() {
    let company = Company::start().await;
    let huge = vec![b' '; 2 * 1024 * 1024];
    company.telephony().send_body(huge.clone()).await.problem(413, "too-large");

    // Without a length, without an end.
    let mut stream = connect(&company).await;
    let head = head(&company, b"", 0).replace("content-length: 0", "transfer-encoding: chunked");
    stream.write_all(head.as_bytes()).await.expect("is sent");
    let chunk = [format!("{:x}\r\n", huge.len()).as_bytes(), &huge, b"\r\n"].concat();
    let sending = async { while stream.write_all(&chunk).await.is_ok() {} };
    tokio::time::timeout(DEADLINE, sending).await.expect("the server stops listening");
    nothing_was_kept_and_others_are_served(&company).await;
}
