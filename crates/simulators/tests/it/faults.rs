//! The faults, as an HTTP client experiences them.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;

use crate::kontur::{World, started};

#[tokio::test]
async fn a_connection_cut_before_processing_is_an_error_and_changes_nothing() {
    let world = World::start().await;
    world.kontur.faults().set(Fault::times(FaultKind::CutBefore, 1).on("call-started"));
    let error = world.try_callback("call-started", &started("ext-1")).await.expect_err("no answer");
    assert!(error.is_request(), "{error:?}");
    assert_eq!(world.kontur.communications("acme").len(), 0);
    let [entry] = &world.journal.of(System::Kontur, "call-started")[..] else { panic!("one entry") };
    assert_eq!((entry.status, entry.fault.as_deref()), (0, Some("cut_before")));
    let (status, _) = world.callback("call-started", &started("ext-1")).await;
    assert_eq!(status, 200, "the fault was for one request");
}

#[tokio::test]
async fn a_connection_cut_after_processing_is_an_error_although_the_call_is_there() {
    let world = World::start().await;
    world.kontur.faults().set(Fault::times(FaultKind::CutAfter, 1).on("call-started"));
    let error = world.try_callback("call-started", &started("ext-1")).await.expect_err("no answer");
    assert!(error.is_request(), "{error:?}");
    assert_eq!(world.kontur.communications("acme").len(), 1);
    let [entry] = &world.journal.of(System::Kontur, "call-started")[..] else { panic!("one entry") };
    assert_eq!((entry.status, entry.fault.as_deref()), (200, Some("cut_after")));
}

#[tokio::test]
async fn a_connection_that_was_used_before_can_be_cut_too() {
    let world = World::start().await;
    for number in 0..20 {
        let external_id = format!("ext-{number}");
        assert_eq!(world.callback("call-started", &started(&external_id)).await.0, 200);
        world.kontur.faults().set(Fault::times(FaultKind::CutBefore, 1));
        world.try_callback("call-started", &started("never")).await.expect_err("no answer");
    }
    assert_eq!(world.kontur.communications("acme").len(), 20);
}

#[tokio::test]
async fn a_hung_request_is_journaled_and_not_processed() {
    let world = World::start().await;
    world.kontur.faults().set(Fault::always(FaultKind::Hang));
    let body = started("ext-1");
    let request = world.try_callback("call-started", &body);
    let hung = world.journal.wait_for_count(Duration::from_secs(5), System::Kontur, "call-started", 1);
    tokio::select! {
        answer = request => panic!("answered: {answer:?}"),
        entries = hung => assert_eq!(entries.expect("journaled")[0].fault.as_deref(), Some("hang")),
    }
    assert_eq!(world.kontur.communications("acme").len(), 0);
}

#[tokio::test]
async fn a_delayed_request_is_processed_even_when_the_caller_has_gone() {
    let world = World::start().await;
    world.kontur.faults().set(Fault::times(FaultKind::delay(Duration::from_millis(150)), 1));
    let body = started("ext-1");
    let gone =
        tokio::time::timeout(Duration::from_millis(50), world.try_callback("call-started", &body)).await;
    assert!(gone.is_err(), "answered before the delay");
    let entries =
        world.journal.wait_for_count(Duration::from_secs(5), System::Kontur, "call-started", 1).await;
    assert_eq!(entries.expect("processed")[0].status, 200);
    assert_eq!(world.kontur.communications("acme").len(), 1);
}

#[tokio::test]
async fn statuses_garbage_and_errors_inside_are_answered_without_processing() {
    let world = World::start().await;
    let faults = world.kontur.faults();
    let busy = FaultKind::Status { status: 503, body: json!({"status": "busy"}), retry_after: Some(7) };
    faults.set(Fault::times(busy, 1));
    faults.set(Fault::times(FaultKind::Garbage, 1));
    faults.set(Fault::times(FaultKind::ErrorInside, 1));
    let response = world.try_callback("call-started", &started("ext-1")).await.expect("answer");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "7");
    let response = world.try_callback("call-started", &started("ext-1")).await.expect("answer");
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.text().await.expect("text").starts_with("<html>"));
    let (status, body) = world.callback("call-started", &started("ext-1")).await;
    assert_eq!((status, &body["status"]), (200, &json!("internalError")));
    faults.set(Fault::times(FaultKind::BrokenJson, 1));
    faults.set(Fault::times(FaultKind::OddJson, 1));
    for is_json in [false, true] {
        let response = world.try_callback("call-started", &started("ext-1")).await.expect("answer");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.json::<serde_json::Value>().await.is_ok(), is_json);
    }
    assert_eq!(world.kontur.communications("acme").len(), 0);
}

#[tokio::test]
async fn faults_and_the_journal_are_reachable_from_outside() {
    let world = World::start().await;
    let url = |path: &str| format!("{}/_sim/{path}", world.kontur.url());
    let fault = json!({"operation": "call-started", "kind": {"delay_ms": 1}, "times": 1});
    world
        .http
        .post(url("faults"))
        .json(&fault)
        .send()
        .await
        .expect("answer")
        .error_for_status()
        .expect("set");
    assert_eq!(world.kontur.faults().active().len(), 1);
    world.callback("call-started", &started("ext-1")).await;
    let shown: serde_json::Value = world
        .http
        .get(url("journal?system=kontur&operation=call-started"))
        .send()
        .await
        .expect("answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!((&shown[0]["fault"], &shown[0]["status"]), (&json!("delay"), &json!(200)));
    assert_eq!(world.journal.count(System::Kontur, "unknown"), 0, "/_sim is no part of the system");
}

#[tokio::test]
async fn a_date_that_is_off_goes_with_a_request_that_is_processed() {
    let world = World::start().await;
    world.kontur.faults().set(Fault::always(FaultKind::DateOff(-3600)));
    let response = world.try_callback("call-started", &started("ext-1")).await.expect("answer");
    assert_eq!(response.status(), StatusCode::OK);
    let date = response.headers()["date"].to_str().expect("text");
    let date = chrono::DateTime::parse_from_rfc2822(date).expect("a date");
    let behind = simulators::clock::now().timestamp() - date.timestamp();
    assert!((3_600..3_660).contains(&behind), "{behind} s");
    assert_eq!(world.kontur.communications("acme").len(), 1);
}

/// A pooled connection, on which nobody says anything at the moment, ends as well.
#[tokio::test]
async fn a_system_that_is_down_refuses_connections_until_it_is_back() {
    let world = World::start().await;
    assert_eq!(world.callback("call-started", &started("ext-1")).await.0, 200);
    for number in 0..10 {
        world.kontur.set_reachable(false).expect("goes down");
        let error = world.try_callback("call-started", &started("never")).await.expect_err("nobody is there");
        assert!(error.is_connect() || error.is_request(), "{error:?}");
        let fresh = simulators::http::client().expect("a client without connections");
        let error = fresh.get(world.kontur.url()).send().await.expect_err("nobody is there");
        assert!(error.is_connect(), "{error:?}");
        world.kontur.set_reachable(true).expect("comes back");
        let external_id = format!("ext-back-{number}");
        assert_eq!(world.callback("call-started", &started(&external_id)).await.0, 200);
    }
    assert_eq!(world.kontur.communications("acme").len(), 11);
}

#[tokio::test]
async fn a_stopped_system_refuses_connections_and_can_start_again_on_its_port() {
    let world = World::start().await;
    let port = world.kontur.url().rsplit(':').next().and_then(|port| port.parse().ok());
    world.kontur.stop().await;
    let again = simulators::kontur::Kontur::start_on(&world.journal, port).await.expect("the port is free");
    assert!(again.url().ends_with(&port.expect("port").to_string()));
}
