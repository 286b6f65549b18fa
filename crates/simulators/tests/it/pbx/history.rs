//! Histories of any length, and how often they may be asked for.

use chrono::{DateTime, Duration, FixedOffset, SecondsFormat};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::journal::System;
use simulators::pbx::{Call, Fate, HistoryLimit, Imagined};

use super::World;

fn million() -> Imagined {
    let first_at = DateTime::parse_from_rfc3339("2026-01-01T00:00:00+03:00").expect("a time");
    Imagined { count: 1_000_000, first_at, every_ms: 10_000, unfinished: true, ..Imagined::default() }
}

fn text(moment: DateTime<FixedOffset>) -> String {
    moment.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// All calls in a window, read page by page; how many pages it took.
async fn read(
    world: &World,
    from: DateTime<FixedOffset>,
    to: DateTime<FixedOffset>,
    limit: usize,
) -> (Vec<Value>, usize) {
    let (mut calls, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let path = format!("/calls?from={}&to={}&limit={limit}{cursor}", text(from), text(to));
        let (status, mut page) = world.control(Method::GET, &path, None).await;
        assert_eq!(status, 200, "{page}");
        calls.append(page["calls"].as_array_mut().expect("calls"));
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { return (calls, pages) };
        cursor = format!("&cursor={next}");
    }
}

fn ids(calls: &[Value]) -> Vec<&str> {
    calls.iter().map(|call| call["call_id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_million_calls_are_read_from_anywhere() {
    let world = World::start().await;
    let imagined = million();
    world.pbx.imagine(imagined.clone());
    for first in [0, 500_000, 999_990] {
        let expected: Vec<Call> =
            (first..first + 10).map(|number| imagined.call(number).expect("there")).collect();
        let (from, to) = (expected[0].started_at, expected[9].started_at + Duration::milliseconds(1));
        let (calls, pages) = read(&world, from, to, 4).await;
        assert_eq!(ids(&calls), expected.iter().map(|call| call.call_id.as_str()).collect::<Vec<_>>());
        assert_eq!(pages, 3);
        for (shown, call) in calls.iter().zip(&expected) {
            assert_eq!(shown["client_phone"], json!(call.client_phone));
            assert_eq!(shown["finished_at"].is_null(), call.finished_at.is_none());
            assert_eq!(shown["legs"].as_array().map(Vec::len), Some(call.legs.len()));
        }
    }
    assert!(world.pbx.history().is_empty(), "nothing is kept");
    assert_eq!(world.journal.of(System::Pbx, "calls/list")[0].reply, "(4 calls)");
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_imagined_call_is_asked_for_with_its_recording() {
    let world = World::start().await;
    let imagined = Imagined { recording_size: 70_000, ..million() };
    world.pbx.imagine(imagined.clone());
    let number = (654_320..654_330).find(|number| imagined.fate(*number) == Fate::Recorded).expect("there");
    let call = imagined.call(number).expect("there");
    assert_eq!(world.pbx.call(&call.call_id).as_ref(), Some(&call));
    let (status, shown) = world.control(Method::GET, &format!("/calls/{}", call.call_id), None).await;
    assert_eq!((status, &shown["legs"][0]["recording"]["size"]), (200, &json!(70_000)));
    let url = shown["legs"][0]["recording"]["url"].as_str().expect("a url");
    let request = world.http.get(url).bearer_auth(&world.pbx.options().control_token);
    let bytes = request.send().await.expect("answer").bytes().await.expect("bytes");
    let recording = call.legs[0].recording.clone().expect("recorded");
    assert_eq!(simulators::pbx::Sound::from(bytes).sha256(), recording.sound.sha256());
    assert_eq!(world.control(Method::GET, "/calls/imagined-001000000", None).await.0, 404, "behind the last");
    world.pbx.forget(&call.call_id);
    assert_eq!(world.control(Method::GET, &format!("/calls/{}", call.call_id), None).await.0, 404);
}

#[tokio::test]
async fn what_happened_stands_among_what_is_imagined() {
    let world = World::start().await;
    let imagined = million();
    world.pbx.imagine(imagined.clone());
    world.pbx.imagine(Imagined { name: "other".to_owned(), count: 2, ..imagined.clone() });
    let at = |number| imagined.call(number).expect("there");
    let happened = |id: &str, number, ms| {
        let started_at = at(number).started_at + Duration::milliseconds(ms);
        world.pbx.import(Call { call_id: id.to_owned(), started_at, ..at(number) });
    };
    happened("late", 2, 1);
    happened("a-tie", 1, 0);
    happened("early", 0, -1);
    let expected = [
        "imagined-000000000",
        "other-000000000",
        "a-tie",
        "imagined-000000001",
        "other-000000001",
        "imagined-000000002",
        "late",
    ];
    for limit in 1..=expected.len() + 1 {
        let to = at(2).started_at + Duration::milliseconds(2);
        assert_eq!(ids(&read(&world, at(0).started_at, to, limit).await.0), expected, "pages of {limit}");
    }
    let (calls, _) = read(&world, at(0).started_at, at(1).started_at, 100).await;
    assert_eq!(ids(&calls), expected[..2], "the end of the window is outside");
}

#[tokio::test]
async fn a_history_that_is_asked_too_often_refuses_and_counts() {
    let world = World::start().await;
    world.pbx.limit_history(Some(HistoryLimit { per_second: 1, retry_after: 7 }));
    let list =
        || world.request(Method::GET, "/calls?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z").send();
    let answers = [list().await.expect("answer"), list().await.expect("answer")];
    assert_eq!(answers.iter().map(|answer| answer.status().as_u16()).collect::<Vec<_>>(), [200, 429]);
    assert_eq!(answers[1].headers()["retry-after"], "7");
    assert_eq!(world.pbx.history_refusals(), 1);
    assert_eq!(world.control(Method::GET, "/calls/x", None).await.0, 404, "only the list is limited");
    world.pbx.limit_history(None);
    assert_eq!(list().await.expect("answer").status(), 200);
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn histories_are_imagined_from_outside() {
    let world = World::start().await;
    let post = |path: &str, body: Value| {
        super::read(world.http.post(format!("{}/_sim/{path}", world.pbx.url())).json(&body))
    };
    let body = json!({"name": "past", "count": 3, "first_at": "2026-01-01T00:00:00+03:00", "every_ms": 1000});
    assert_eq!(post("imagine", body).await.0, 204);
    assert_eq!(post("imagine", json!({"colour": "red"})).await.0, 400);
    let from = million().first_at;
    let (calls, _) = read(&world, from, from + Duration::hours(1), 500).await;
    assert_eq!(ids(&calls), ["past-000000000", "past-000000001", "past-000000002"]);
    assert_eq!(post("history-limit", json!({"per_second": 0})).await.0, 204);
    assert_eq!(
        world.control(Method::GET, "/calls?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", None).await.0,
        429
    );
    assert_eq!(post("history-limit", Value::Null).await.0, 204);
    read(&world, from, from + Duration::hours(1), 500).await;
}
