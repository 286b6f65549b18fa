//! Every error of the engine with its status and type.

use std::time::Duration;

use domain::port::{RemoteError, RemoteErrorKind};
use engine::error::EngineError;
use poem::IntoResponse;
use serde_json::Value;

use super::*;

async fn shown(problem: Problem) -> (u16, String, Option<String>, Value) {
    let reply = problem.into_response();
    let retry_after = reply.header("retry-after").map(str::to_owned);
    assert_eq!(reply.content_type(), Some("application/problem+json"));
    let status = reply.status().as_u16();
    let body: Value = reply.into_body().into_json().await.unwrap();
    assert_eq!(body["status"], status);
    (status, body["type"].as_str().unwrap().to_owned(), retry_after, body)
}

async fn check(error: EngineError, status: u16, kind: &str, retry_after: Option<&str>) {
    let (found, found_kind, found_retry_after, body) = shown(error.clone().into()).await;
    let kind = format!("urn:kontur-telephony:problem:{kind}");
    assert_eq!((found, &found_kind, found_retry_after.as_deref()), (status, &kind, retry_after), "{error:?}");
    assert!(!body["detail"].as_str().unwrap().is_empty(), "{error:?}");
}

fn remote(kind: RemoteErrorKind) -> EngineError {
    RemoteError::new("generic", "read history", kind, "it said no").into()
}

#[tokio::test]
async fn every_error_has_its_status_and_type() {
    let text = || "why".to_owned();
    check(EngineError::NotFound(text()), 404, "not-found", None).await;
    check(EngineError::Unauthorized(text()), 401, "unauthorized", None).await;
    check(EngineError::Invalid(text()), 400, "invalid", None).await;
    check(EngineError::Conflict(text()), 409, "conflict", None).await;
    check(EngineError::NotConfigured(text()), 409, "not-configured", None).await;
    check(EngineError::NotSupported(text()), 409, "not-supported", None).await;
    check(remote(RemoteErrorKind::Rejected), 502, "remote", None).await;
    check(remote(RemoteErrorKind::Unreachable), 503, "unavailable", Some("5")).await;
    let retry_after = Duration::from_millis(1_200);
    check(EngineError::Unavailable { message: text(), retry_after }, 503, "unavailable", Some("2")).await;
    check(EngineError::Internal, 500, "internal", None).await;
}

#[tokio::test]
async fn faults_of_events_have_index_field_and_message() {
    let fault = WebhookFault { index: Some(1), field: "leg.id".to_owned(), message: "is missing".to_owned() };
    let (status, _, _, body) = shown(EngineError::InvalidEvents(vec![fault]).into()).await;
    assert_eq!(status, 400);
    let errors = serde_json::json!([{"index": 1, "field": "leg.id", "message": "is missing"}]);
    assert_eq!(body["errors"], errors);
}

#[test]
fn names_of_types_are_left_out() {
    let reason = r#"failed to parse "moment": "x" is not a time (occurred while parsing "Span")"#;
    assert_eq!(plain(reason), r#""x" is not a time"#);
    assert_eq!(plain("anything else"), "anything else");
}
