//! Tables: a reply and what it means.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use super::*;

const ASKED: Asked = Asked { system: "kontur", operation: "register-call" };

fn reply(status: u16, body: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap();
    Reply { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

#[track_caller]
fn check(status: u16, body: &str, kind: RemoteErrorKind, says: &str) {
    let error = judge_ok(ASKED, reply(status, body)).unwrap_err();
    assert_eq!(error.kind, kind, "{status} {body}");
    assert_eq!(error.status, Some(status));
    assert!(error.message.contains(says), "{:?} lacks {says:?}", error.message);
}

#[test]
fn ok_is_ok() {
    assert!(judge_ok(ASKED, reply(200, "\"OK\"")).is_ok());
    assert!(judge(ASKED, reply(200, r#"{"isSuccessful":true,"responseCode":"ok"}"#)).is_ok());
}

#[test]
fn the_status_decides_first() {
    use RemoteErrorKind as Kind;
    check(401, "\"Unauthorized\"", Kind::Unauthorized, "answered 401");
    check(403, "", Kind::Unauthorized, "answered 403");
    check(404, "<html>", Kind::NotFound, "answered 404");
    check(429, "", Kind::RateLimited, "answered 429");
    check(500, "boom", Kind::Unavailable, "answered 500: boom");
    check(503, "", Kind::Unavailable, "answered 503");
    check(302, "", Kind::Malformed, "answered 302");
}

#[test]
fn a_conflict_is_told_by_its_word() {
    use RemoteErrorKind as Kind;
    let communication =
        r#"{"status":"communicationNotFound","message":"Communication not found. Id: 6838aaaa"}"#;
    check(409, communication, Kind::NotFound, "Communication not found. Id: 6838aaaa");
    check(
        409,
        r#"{"status":"IntegrationNotFound","message":"Integration not found"}"#,
        Kind::NotFound,
        "Integration",
    );
    check(409, r#"{"status":"fileTooLarge","message":"File too large"}"#, Kind::Rejected, "File too large");
    check(409, "no JSON", Kind::Rejected, "no JSON");
}

#[test]
fn validation_errors_name_the_fields_and_mask_phones() {
    let body = r#"{"errors":{"clientPhone":["79997775533 is no phone","too long"],"items":["empty"]},
        "type":"x","title":"One or more validation errors occurred.","status":400,"traceId":"00-1"}"#;
    check(
        400,
        body,
        RemoteErrorKind::Rejected,
        "occurred. clientPhone: …5533 is no phone, too long; items: empty",
    );
}

#[test]
fn a_refused_patch_names_its_paths_and_not_its_values() {
    let body = r#"{"errorInfo":{"invalidPaths":[{"op":"replace","path":"/id","value":"s3cret"}],
        "invalidValueTypes":[{"op":"add","path":"/webHooks","value":7}],"status":"invalidArgs",
        "message":"Patch contains invalid operations"},"isSuccessful":false,"responseCode":"conflict"}"#;
    check(
        409,
        body,
        RemoteErrorKind::Rejected,
        "Patch contains invalid operations: replace /id; add /webHooks",
    );
    check(200, body, RemoteErrorKind::Rejected, "answered 200, but says no (conflict)");
    let error = judge(ASKED, reply(409, body)).unwrap_err();
    assert!(!error.message.contains("s3cret"));
}

#[test]
fn a_200_that_says_no_is_no() {
    use RemoteErrorKind as Kind;
    check(
        200,
        r#"{"isSuccessful":false,"responseCode":"internalError"}"#,
        Kind::Unavailable,
        "internalError",
    );
    check(200, r#"{"status":"internalError","message":"Oops"}"#, Kind::Unavailable, "(internalError): Oops");
    check(200, "<html>maintenance</html>", Kind::Malformed, "maintenance");
    check(200, "", Kind::Malformed, "not as expected");
    check(200, "\"Error\"", Kind::Malformed, "Error");
    check(200, r#"{"status":"error"}"#, Kind::Malformed, "error");
}

#[test]
fn retry_after_is_kept() {
    let mut limited = reply(429, "");
    limited.headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
    let error = judge(ASKED, limited).unwrap_err();
    assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(7)));
}
