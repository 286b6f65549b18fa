//! What a reply means (contract Metabot). Replies are documented as JSON and no further: 2xx is an acceptance unless
//! the reply itself says otherwise.

use domain::outbox::breaker::Sign;
use domain::outbox::{Cause, Outcome};
use domain::port::destination::Report;
use domain::port::{RemoteError, RemoteErrorKind};
use serde_json::Value;

use crate::http::{Asked, Reply};

pub(super) fn judge(asked: Asked, reply: &Reply) -> Report {
    if !reply.status.is_success() {
        return failed(&asked.refused(reply));
    }
    if denies_itself(&reply.body) {
        let message =
            format!("answered {} and says that it failed: {}", reply.status.as_u16(), reply.shown());
        return failed(&asked.error(RemoteErrorKind::Unavailable, reply, message));
    }
    Report {
        status: Some(reply.status.as_u16()),
        answer: Some(reply.shown()),
        ..Report::new(Outcome::Delivered)
    }
}

/// The report of a job that was not taken. Refused credentials are permanent here (contract Metabot).
pub(super) fn failed(error: &RemoteError) -> Report {
    let dead = |cause| Outcome::Dead { cause, reason: error.to_string() };
    let outcome = match error.kind {
        RemoteErrorKind::Unauthorized => dead(Cause::Unauthorized),
        RemoteErrorKind::Rejected | RemoteErrorKind::NotFound => dead(Cause::Validation),
        _ => Outcome::from(error),
    };
    // Whoever buries what it refuses answers: nothing is gained by waiting.
    let is_dead = matches!(outcome, Outcome::Dead { .. });
    Report {
        status: error.status,
        answer: Some(error.message.clone()),
        credentials_refused: error.kind == RemoteErrorKind::Unauthorized,
        sign: if is_dead { Sign::Well } else { error.kind.into() },
        ..Report::new(outcome)
    }
}

/// A success whose body says `success: false` or carries the code of a failure, or that is the web page of a proxy.
fn denies_itself(body: &[u8]) -> bool {
    let says_no = |reply: &Value| {
        reply.get("success") == Some(&Value::Bool(false))
            || reply.get("code").and_then(Value::as_u64).is_some_and(|code| code >= 400)
    };
    match serde_json::from_slice(body) {
        Ok(reply) => says_no(&reply),
        Err(_) => body.trim_ascii_start().starts_with(b"<"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;

    const ASKED: Asked = Asked { system: "metabot", operation: "jobs/schedule" };

    fn reply(status: u16, body: &str) -> Report {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("7"))]);
        let status = StatusCode::from_u16(status).unwrap();
        judge(ASKED, &Reply { status, headers, body: body.to_owned().into() })
    }

    #[track_caller]
    fn check(status: u16, body: &str, expected: &str) {
        let word = match reply(status, body).outcome {
            Outcome::Delivered => "delivered".to_owned(),
            Outcome::Skipped { .. } => "skipped".to_owned(),
            Outcome::Retry { retry_after, .. } => {
                assert_eq!(retry_after, Some(Duration::from_secs(7)));
                "retry".to_owned()
            }
            Outcome::Dead { cause, .. } => cause.word().to_owned(),
        };
        assert_eq!(word, expected, "{status} {body}");
    }

    #[test]
    fn each_reply() {
        check(200, r#"{"success":true}"#, "delivered");
        check(202, "", "delivered");
        check(200, "ok", "delivered");
        check(200, r#"{"success":false,"error":"x"}"#, "retry");
        check(200, r#"{"code":500}"#, "retry");
        check(200, " <html>", "retry");
        check(400, "{}", "validation");
        check(401, "{}", "unauthorized");
        check(403, "{}", "unauthorized");
        check(404, "{}", "validation");
        check(422, "{}", "validation");
        check(429, "{}", "retry");
        check(500, "{}", "retry");
        check(503, "{}", "retry");
        check(302, "", "retry");
    }

    #[test]
    fn the_body_is_kept_and_refused_credentials_are_told() {
        let accepted = reply(200, r#"{"job": {"id": 5}}"#);
        assert_eq!((accepted.status, accepted.answer.as_deref()), (Some(200), Some(r#"{"job": {"id": 5}}"#)));
        assert!(!accepted.credentials_refused);
        assert!(reply(401, "").credentials_refused);
    }
}
