//! The generic PBX's control API: what is asked of it, and what is made of each answer.

mod history;
mod recording;

use std::time::Duration;

use adapters::provider::generic::Generic;
use domain::instance::settings::GenericSettings;
use domain::phone::{Country, Phone};
use domain::port::RemoteErrorKind;
use domain::port::provider::{Capabilities, DialRequest, Provider};
use domain::secret::Secret;
use mockito::{Matcher, Mock, Server, ServerGuard};
use serde_json::json;

const REQUEST: &str = "6838aaaa-0000-4000-8000-00000000ed82";

/// A PBX whose control API has the base `{url}/control`.
fn pbx_at(url: &str) -> Generic {
    let settings = GenericSettings {
        webhook_secret: Secret::new("whsec_AAECAw=="),
        control_url: Some(format!("{url}/control").parse().unwrap()),
        control_token: Some(Secret::new("t0ken")),
        recording_hosts: vec!["records.test".to_owned(), "127.0.0.1".to_owned()],
    };
    let http = adapters::http::client(Duration::from_secs(5)).unwrap();
    let public = adapters::http::public_client(Duration::from_secs(5)).unwrap();
    Generic::new(&settings, Country::RU, http, Some(public)).unwrap()
}

async fn pbx() -> (ServerGuard, Generic) {
    let server = Server::new_async().await;
    let pbx = pbx_at(&server.url());
    (server, pbx)
}

/// The answer to one request that carries the token.
fn answering(
    server: &mut ServerGuard,
    method: &str,
    path: impl Into<Matcher>,
    status: usize,
    body: &str,
) -> Mock {
    server
        .mock(method, path.into())
        .match_header("authorization", "Bearer t0ken")
        .with_status(status)
        .with_header("content-type", "application/json")
        .with_body(body)
}

fn request() -> DialRequest {
    DialRequest {
        request: REQUEST.into(),
        extension: "101".into(),
        client_phone: Phone::normalise("+7 999 777-55-33", Country::RU),
        auto_answer: true,
    }
}

#[tokio::test]
async fn a_call_is_placed_with_every_field_of_the_contract() {
    let (mut server, pbx) = pbx().await;
    let expected = json!({
        "request_id": REQUEST, "extension": "101", "client_phone": "79997775533", "auto_answer": true
    });
    let mock = answering(&mut server, "POST", "/control/calls", 202, r#"{"call_id":"pbx-42"}"#)
        .match_body(Matcher::Json(expected))
        .create_async()
        .await;
    assert_eq!(pbx.dial(&request()).await.unwrap().as_str(), "pbx-42");
    mock.assert_async().await;
}

#[tokio::test]
async fn a_leg_is_ended_by_its_encoded_ids() {
    let (mut server, pbx) = pbx().await;
    let mock =
        answering(&mut server, "DELETE", "/control/calls/a%2Fb/legs/1%20%3F", 204, "").create_async().await;
    assert_eq!(pbx.hang_up(&"a/b".into(), &"1 ?".into()).await, Ok(()));
    mock.assert_async().await;
}

#[tokio::test]
async fn a_leg_that_is_gone_has_ended() {
    for status in [404, 410] {
        let (mut server, pbx) = pbx().await;
        let mock =
            answering(&mut server, "DELETE", "/control/calls/c/legs/l", status, "{}").create_async().await;
        assert_eq!(pbx.hang_up(&"c".into(), &"l".into()).await, Ok(()), "{status}");
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn ids_that_would_change_the_path_are_not_sent() {
    let (_server, pbx) = pbx().await;
    let error = pbx.hang_up(&"..".into(), &"l".into()).await.unwrap_err();
    assert_eq!((error.kind, error.status), (RemoteErrorKind::Rejected, None));
}

#[tokio::test]
async fn refusals_say_what_to_do_about_them() {
    for (status, body, kind) in [
        (400, "{}", RemoteErrorKind::Rejected),
        (401, "{}", RemoteErrorKind::Unauthorized),
        (403, "{}", RemoteErrorKind::Unauthorized),
        (404, "{}", RemoteErrorKind::NotFound),
        (429, "{}", RemoteErrorKind::RateLimited),
        (500, "{}", RemoteErrorKind::Unavailable),
        (302, "{}", RemoteErrorKind::Malformed),
        (202, "<html>", RemoteErrorKind::Malformed),
        (202, "{}", RemoteErrorKind::Malformed),
        (202, r#"{"call_id":42}"#, RemoteErrorKind::Malformed),
        (202, r#"{"call_id":""}"#, RemoteErrorKind::Malformed),
    ] {
        let (mut server, pbx) = pbx().await;
        let mock = answering(&mut server, "POST", "/control/calls", status, body).create_async().await;
        let error = pbx.dial(&request()).await.unwrap_err();
        assert_eq!(
            (error.kind, error.status),
            (kind, u16::try_from(status).ok()),
            "{status} {body}: {error}"
        );
        assert!(!error.to_string().contains("t0ken"), "{error}");
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn the_time_to_wait_is_handed_on() {
    let (mut server, pbx) = pbx().await;
    let mock = answering(&mut server, "POST", "/control/calls", 429, "{}").with_header("retry-after", "7");
    mock.create_async().await;
    assert_eq!(pbx.dial(&request()).await.unwrap_err().retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_pbx_that_is_not_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(pbx_at(&url).check().await.unwrap_err().kind, RemoteErrorKind::Unreachable);
}

#[tokio::test]
async fn the_check_needs_a_page_and_good_credentials() {
    for (status, body, kind) in [
        (200, r#"{"calls":[],"next_cursor":null}"#, None),
        (401, "{}", Some(RemoteErrorKind::Unauthorized)),
        (200, "<html>", Some(RemoteErrorKind::Malformed)),
        (200, "{}", Some(RemoteErrorKind::Malformed)),
    ] {
        let (mut server, pbx) = pbx().await;
        let path = Matcher::Regex(r"^/control/calls\?.*limit=1$".to_owned());
        let mock = answering(&mut server, "GET", path, status, body).create_async().await;
        assert_eq!(pbx.check().await.err().map(|error| error.kind), kind, "{status} {body}");
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn without_a_control_api_nothing_is_called() {
    let settings = GenericSettings {
        webhook_secret: Secret::new("whsec_AAECAw=="),
        control_url: None,
        control_token: None,
        recording_hosts: Vec::new(),
    };
    let http = adapters::http::client(Duration::from_secs(5)).unwrap();
    let pbx = Generic::new(&settings, Country::RU, http, None).unwrap();
    assert_eq!(pbx.capabilities(), Capabilities::default());
    assert_eq!(pbx.check().await, Ok(()));
    let error = pbx.dial(&request()).await.unwrap_err();
    assert!(error.to_string().contains("set control_url and control_token"), "{error}");
}

#[test]
fn debug_output_hides_credentials() {
    let shown = format!("{:?}", pbx_at("http://pbx.test"));
    assert!(!shown.contains("t0ken") && !shown.contains("AAECAw"), "{shown}");
}
