//! What a reply means (contract Workonflow §1): the status, then the `code` inside. Either can say that it failed.

use domain::clock::Timestamp;
use domain::port::{RemoteError, RemoteErrorKind};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{Asked, Reply, shown};

/// A difference between the clocks that no network explains.
const NOTABLE_SKEW_SECONDS: i64 = 5;

/// Every reply's outer form.
#[derive(Deserialize)]
struct Envelope {
    code: Option<u16>,
    /// Some replies spell it so.
    #[serde(alias = "massage")]
    message: Option<Value>,
    #[serde(default)]
    data: Value,
}

/// The `data` of a good reply. `now` is the time it came, to measure how far the clocks are apart.
pub(super) fn judge(asked: Asked, reply: &Reply, now: Timestamp) -> Result<Value, RemoteError> {
    let envelope = serde_json::from_slice::<Envelope>(&reply.body).ok();
    let verdict = verdict(reply.status, envelope.as_ref().and_then(|envelope| envelope.code));
    match envelope {
        Some(envelope) if verdict.is_success() => Ok(envelope.data),
        envelope if !verdict.is_success() => {
            let message = envelope.and_then(|envelope| envelope.message);
            Err(refused(asked, reply, verdict, message.as_ref(), now))
        }
        _ => {
            let message = format!("the reply is not as expected: {}", reply.shown());
            Err(asked.error(RemoteErrorKind::Malformed, reply, message))
        }
    }
}

/// Status and code in one: of two failures the greater, so that a server's trouble (5xx) is never taken for our fault.
fn verdict(status: StatusCode, code: Option<u16>) -> StatusCode {
    let inside =
        code.map_or(status, |code| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    match (status.is_success(), inside.is_success()) {
        (true, _) => inside,
        (false, true) => status,
        (false, false) => status.max(inside),
    }
}

fn refused(
    asked: Asked,
    reply: &Reply,
    verdict: StatusCode,
    message: Option<&Value>,
    now: Timestamp,
) -> RemoteError {
    let told = message.and_then(Value::as_str).map_or_else(|| reply.shown(), shown);
    let mut text = match (reply.status.as_u16(), verdict.as_u16()) {
        (status, code) if status == code => format!("answered {status}: {told}"),
        (status, code) => format!("answered {status} with code {code} inside: {told}"),
    };
    if matches!(verdict.as_u16(), 401 | 403) {
        text = format!("{text}; {}", diagnosis(reply, now));
    }
    let judged = Reply { status: verdict, ..reply.clone() };
    RemoteError { status: Some(reply.status.as_u16()), message: text, ..asked.refused(&judged) }
}

/// A signature contains the second it was made in, so a clock that is off looks like wrong keys.
fn diagnosis(reply: &Reply, now: Timestamp) -> String {
    let keys = "check api_key and secret_key";
    match reply.clock_ahead_by(now) {
        None => format!("{keys}, and this machine's clock: the signature contains the time"),
        Some(skew) if skew.abs() < NOTABLE_SKEW_SECONDS => {
            format!("{keys}; the clocks agree ({skew} s apart)")
        }
        Some(skew) => {
            let side = if skew > 0 { "ahead of" } else { "behind" };
            let by = skew.abs();
            format!(
                "this machine's clock is {by} s {side} Workonflow's, and the signature contains the time: set the clock; then {keys}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
    use serde_json::json;

    use super::*;

    const ASKED: Asked = Asked { system: "workonflow", operation: "thread/read" };
    const DATE_TEXT: &str = "Sun, 22 Nov 2026 07:00:00 GMT";

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-22T07:00:00Z").unwrap()
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        }
    }

    #[track_caller]
    fn check(status: u16, body: &str, expected: &Result<Value, RemoteErrorKind>) {
        let judged = judge(ASKED, &reply(status, body), now()).map_err(|error| error.kind);
        assert_eq!(&judged, expected, "{status} {body}");
    }

    #[test]
    fn good_replies_give_their_data() {
        check(200, r#"{"code":200,"message":"OK","data":[1]}"#, &Ok(json!([1])));
        check(200, r#"{"code":200,"massage":"OK","data":[1]}"#, &Ok(json!([1])));
        check(200, r#"{"code":200,"message":"OK"}"#, &Ok(Value::Null));
        check(201, r#"{"data":{"threadId":"t"}}"#, &Ok(json!({"threadId": "t"})));
    }

    #[test]
    fn a_failure_is_found_in_the_status_and_in_the_code() {
        use RemoteErrorKind as Kind;
        check(200, r#"{"code":500,"message":"Internal Server Error","data":null}"#, &Err(Kind::Unavailable));
        check(200, r#"{"code":403}"#, &Err(Kind::Unauthorized));
        check(200, r#"{"code":400,"massage":"bad"}"#, &Err(Kind::Rejected));
        check(400, r#"{"code":200}"#, &Err(Kind::Rejected));
        check(400, r#"{"code":500}"#, &Err(Kind::Unavailable));
        check(500, r#"{"code":400}"#, &Err(Kind::Unavailable));
        check(401, "", &Err(Kind::Unauthorized));
        check(403, "<html>", &Err(Kind::Unauthorized));
        check(404, "{}", &Err(Kind::NotFound));
        check(429, "{}", &Err(Kind::RateLimited));
        check(502, "<html>", &Err(Kind::Unavailable));
        check(302, "", &Err(Kind::Malformed));
        check(200, r#"{"code":0}"#, &Err(Kind::Unavailable));
    }

    #[test]
    fn what_is_no_json_object_is_malformed() {
        for body in ["<html>maintenance</html>", "", "[]", r#"{"code":"fine"}"#] {
            check(200, body, &Err(RemoteErrorKind::Malformed));
        }
    }

    #[track_caller]
    fn check_diagnosis(now_text: &str, date: Option<&'static str>, expected: &str) {
        let mut reply = reply(403, r#"{"code":403,"message":"X-Signature is wrong"}"#);
        reply.headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
        let error = judge(ASKED, &reply, Timestamp::parse(now_text).unwrap()).unwrap_err();
        assert_eq!(error.message, format!("answered 403: X-Signature is wrong; {expected}"));
    }

    #[test]
    fn refused_credentials_are_diagnosed_with_the_clock() {
        check_diagnosis(
            "2026-11-22T07:10:00Z",
            Some(DATE_TEXT),
            "this machine's clock is 600 s ahead of Workonflow's, and the signature contains the time: set the clock; then check api_key and secret_key",
        );
        check_diagnosis(
            "2026-11-22T06:59:50Z",
            Some(DATE_TEXT),
            "this machine's clock is 10 s behind Workonflow's, and the signature contains the time: set the clock; then check api_key and secret_key",
        );
        check_diagnosis(
            "2026-11-22T07:00:01Z",
            Some(DATE_TEXT),
            "check api_key and secret_key; the clocks agree (1 s apart)",
        );
        check_diagnosis(
            "2026-11-22T07:00:00Z",
            None,
            "check api_key and secret_key, and this machine's clock: the signature contains the time",
        );
    }

    #[test]
    fn an_error_keeps_status_and_the_wish_to_wait() {
        let mut reply = reply(200, r#"{"code":429,"message":"slow down"}"#);
        reply.headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        let error = judge(ASKED, &reply, now()).unwrap_err();
        assert_eq!(error.status, Some(200));
        assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(7)));
        assert_eq!(error.to_string(), "workonflow thread/read: answered 200 with code 429 inside: slow down");
    }
}
