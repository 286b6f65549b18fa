//! The control API.

use reqwest::Method;
use serde_json::{Value, json};
use simulators::journal::System;
use simulators::pbx::{Call, Direction, Options};

use super::World;

fn request() -> Value {
    json!({"request_id": "6838aaaa-0000-4000-8000-000000000001", "extension": "101", "client_phone": "79997775533",
           "auto_answer": false})
}

#[tokio::test]
async fn a_call_is_begun_once_for_a_request() {
    let world = World::start().await;
    let (status, first) = world.control(Method::POST, "/calls", Some(request())).await;
    assert_eq!(status, 202, "{first}");
    let (status, again) = world.control(Method::POST, "/calls", Some(request())).await;
    assert_eq!((status, &again), (202, &first));
    let [call] = &world.pbx.history()[..] else { panic!("one call") };
    assert_eq!(call.request_id.as_deref(), Some("6838aaaa-0000-4000-8000-000000000001"));
    assert_eq!(call.direction, Direction::Outbound);
    assert_eq!(world.story().await, ["call.started", "leg.ringing 101"]);
    assert_eq!(world.journal.violations(), Vec::<String>::new());
    let mut other = request();
    other["client_phone"] = json!("79990000000");
    assert_eq!(world.control(Method::POST, "/calls", Some(other)).await.0, 409);
    assert!(world.journal.violations()[0].contains("was used for another call"));
}

#[tokio::test]
async fn a_request_for_a_call_is_checked_field_by_field() {
    let world = World::start_with(Options { extensions: vec!["101".to_owned()], ..Options::default() }).await;
    let cases = [
        ("request_id", json!("")),
        ("request_id", Value::Null),
        ("extension", json!(101)),
        ("client_phone", json!("+7 999 777-55-33")),
        ("client_phone", json!("anonymous")),
        ("auto_answer", json!("no")),
        ("auto_answer", Value::Null),
        ("caller_id", json!("79229929292")),
    ];
    for (field, value) in cases {
        let mut body = request();
        body[field] = value;
        let (status, error) = world.control(Method::POST, "/calls", Some(body)).await;
        assert_eq!((status, &error["error"]), (400, &json!("invalid")), "{field}");
        assert!(error["details"][field].is_array(), "{field} is not named in {error}");
    }
    assert_eq!(world.journal.violations().len(), 8);
    let mut body = request();
    body["extension"] = json!("109");
    assert_eq!(world.control(Method::POST, "/calls", Some(body)).await.1["error"], "not_found");
    assert_eq!(world.pbx.history().len(), 0);
}

#[tokio::test]
async fn only_the_control_token_is_obeyed() {
    let world = World::start().await;
    let url = format!("{}/calls", world.pbx.control_url());
    for request in [world.http.post(&url), world.http.post(&url).bearer_auth("wrong")] {
        let (status, error) = super::read(request.json(&request_body())).await;
        assert_eq!((status, &error["error"]), (401, &json!("unauthorized")));
    }
    assert_eq!(world.pbx.history().len(), 0);
}

fn request_body() -> Value {
    request()
}

#[tokio::test]
async fn a_leg_is_ended_and_the_call_with_the_last_one() {
    let world = World::start().await;
    let call = world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    world.pbx.answer(&call, "101").expect("answers");
    let path = format!("/calls/{call}/legs/{call}-1");
    assert_eq!(world.control(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(world.control(Method::DELETE, &path, None).await.0, 204, "it has ended");
    assert_eq!(world.control(Method::DELETE, &format!("/calls/{call}/legs/x"), None).await.0, 404);
    assert_eq!(world.control(Method::DELETE, "/calls/x/legs/y", None).await.0, 404);
    let story = world.story().await;
    assert_eq!(story[story.len() - 2..], ["leg.ended 101", "call.finished"]);
}

#[tokio::test]
async fn the_history_comes_in_pages_and_windows() {
    let world = World::start().await;
    let template = {
        let call = world.pbx.ring_in("79997775533", "79229929292", &["101"]);
        world.pbx.hang_up(&call).expect("ends");
        world.pbx.call(&call).expect("there")
    };
    let day = |text: &str| chrono::DateTime::parse_from_rfc3339(text).expect("a time");
    for hour in (10..15).rev() {
        let started_at = day(&format!("2026-01-01T{hour}:00:00+03:00"));
        world.pbx.import(Call { call_id: format!("old-{hour}"), started_at, ..template.clone() });
    }
    let window = "from=2026-01-01T10:00:00%2B03:00&to=2026-01-01T14:00:00%2B03:00";
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let (status, page) =
            world.control(Method::GET, &format!("/calls?{window}&limit=3{cursor}"), None).await;
        assert_eq!(status, 200, "{page}");
        let calls = page["calls"].as_array().expect("calls");
        assert!(calls.len() <= 3);
        seen.extend(calls.iter().map(|call| call["call_id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(
        seen,
        ["old-10", "old-11", "old-12", "old-13"],
        "oldest first; the end of the window is outside"
    );
}

#[tokio::test]
async fn bad_windows_limits_and_cursors_are_refused() {
    let world = World::start().await;
    let good = "from=2026-01-01T10:00:00Z&to=2026-01-01T11:00:00Z";
    let cases = [
        ("from", "to=2026-01-01T11:00:00Z".to_owned()),
        ("from", "from=2026-01-01T10:00:00+03:00&to=2026-01-01T11:00:00Z".to_owned()),
        ("to", "from=2026-01-01T11:00:00Z&to=2026-01-01T11:00:00Z".to_owned()),
        ("limit", format!("{good}&limit=501")),
        ("limit", format!("{good}&limit=0")),
        ("cursor", format!("{good}&cursor=zzz")),
    ];
    for (field, query) in cases {
        let (status, error) = world.control(Method::GET, &format!("/calls?{query}"), None).await;
        assert_eq!(status, 400, "{query}");
        assert!(error["details"][field].is_array(), "{field} is not named in {error}");
    }
    assert_eq!(world.journal.violations().len(), 6);
}

#[tokio::test]
async fn a_recording_is_read_by_its_url_until_the_url_expires() {
    let world = World::start().await;
    let call = world.pbx.ring_in("79997775533", "79229929292", &["101"]);
    world.pbx.answer(&call, "101").expect("answers");
    world.pbx.record(&call, "101", "sound").expect("records");
    world.connect();
    let told = world.received().await.last().expect("events").json()["recording"].clone();
    assert_eq!(
        (&told["leg_id"], &told["content_type"], &told["size"]),
        (&json!(format!("{call}-1")), &json!("audio/mpeg"), &json!(5))
    );
    let get = |url: &Value| {
        world.http.get(url.as_str().expect("a url")).bearer_auth(&world.pbx.options().control_token)
    };
    let response = get(&told["url"]).send().await.expect("answer");
    assert_eq!(response.headers()["content-type"], "audio/mpeg");
    assert_eq!(response.text().await.expect("text"), "sound");
    assert_eq!(
        world.http.get(told["url"].as_str().expect("a url")).send().await.expect("answer").status(),
        401
    );
    world.pbx.expire_recording_urls();
    assert_eq!(super::read(get(&told["url"])).await.0, 410);
    let (_, shown) = world.control(Method::GET, &format!("/calls/{call}"), None).await;
    let fresh = &shown["legs"][0]["recording"]["url"];
    assert_ne!(fresh, &told["url"]);
    assert_eq!(super::read(get(fresh)).await.0, 200);
    assert_eq!(world.control(Method::GET, "/calls/x", None).await.0, 404);
}

#[tokio::test]
async fn a_silent_pbx_does_not_answer() {
    let world = World::start().await;
    world.pbx.set_silent(true);
    let request = world.request(Method::POST, "/calls").json(&request());
    let short = std::time::Duration::from_millis(100);
    assert!(tokio::time::timeout(short, request.send()).await.is_err(), "it answered");
    world.pbx.set_silent(false);
    let entries =
        world.journal.wait_for_count(super::DEADLINE, System::Pbx, "calls/create", 1).await.expect("noted");
    assert_eq!(entries[0].status, 503);
    assert_eq!(world.pbx.history().len(), 0, "what came meanwhile is not done");
}

#[test]
fn the_document_shows_every_operation() {
    let document = simulators::pbx::openapi();
    for path in [
        "/control/calls",
        "/control/calls/{call_id}/legs/{leg_id}",
        "/recordings/{generation}/{leg_id}",
        "request_id",
    ] {
        assert!(document.contains(path), "{path} is missing in\n{document}");
    }
}
