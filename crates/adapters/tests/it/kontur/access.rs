//! The access key: how it is had, kept and renewed.

use std::time::Duration;

use domain::port::RemoteErrorKind;
use domain::port::crm::KeyCheck;
use domain::secret::Secret;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{INTEGRATION, PRIVATE, Scripted};

fn instance_path() -> String {
    format!("/api/v1/acme/integrations/instances/{INTEGRATION}")
}

fn instance() -> Value {
    json!({"id": INTEGRATION, "status": "active", "features": {}, "settings": [], "webHooks": []})
}

#[tokio::test]
async fn a_key_is_used_until_shortly_before_it_expires() {
    let mut kontur = Scripted::start().await;
    let authorised = kontur.authorises(2);
    let first = kontur.answers("GET", &instance_path(), "key-1", 200, &instance()).expect(2).create();
    let second = kontur.answers("GET", &instance_path(), "key-2", 200, &instance()).expect(1).create();
    let client = kontur.client("private");
    client.instance().await.unwrap();
    kontur.clock.advance(Duration::from_mins(17));
    client.instance().await.unwrap();
    kontur.clock.advance(Duration::from_mins(1));
    client.instance().await.unwrap();
    authorised.assert();
    first.assert();
    second.assert();
}

#[tokio::test]
async fn a_refused_key_is_renewed_once() {
    let mut kontur = Scripted::start().await;
    let authorised = kontur.authorises(2);
    kontur.answers("GET", &instance_path(), "key-1", 401, &json!("Unauthorized")).expect(1).create();
    let renewed = kontur.answers("GET", &instance_path(), "key-2", 200, &instance()).expect(1).create();
    kontur.client("private").instance().await.unwrap();
    authorised.assert();
    renewed.assert();
}

#[tokio::test]
async fn a_new_key_that_is_refused_as_well_is_an_error() {
    let mut kontur = Scripted::start().await;
    let authorised = kontur.authorises(2);
    let refused = kontur.server.mock("GET", &*instance_path()).with_status(401).expect(2).create();
    let error = kontur.client("private").instance().await.unwrap_err();
    assert_eq!((error.kind, error.status), (RemoteErrorKind::Unauthorized, Some(401)));
    authorised.assert();
    refused.assert();
}

#[tokio::test]
async fn fifty_at_once_authorise_once() {
    let mut kontur = Scripted::start().await;
    let authorised = kontur.authorises(1);
    let answered = kontur.answers("GET", &instance_path(), "key-1", 200, &instance()).expect(50).create();
    let client = kontur.client("private");
    for result in join_all((0..50).map(|_| client.instance())).await {
        result.unwrap();
    }
    authorised.assert();
    answered.assert();
}

#[tokio::test]
async fn fifty_with_a_refused_key_renew_it_once() {
    let mut kontur = Scripted::start().await;
    let authorised = kontur.authorises(2);
    kontur.answers("GET", &instance_path(), "key-1", 401, &json!("Unauthorized")).create();
    let answered = kontur.answers("GET", &instance_path(), "key-2", 200, &instance()).expect(50).create();
    let client = kontur.client("private");
    client.authorise(None).await.unwrap();
    for result in join_all((0..50).map(|_| client.instance())).await {
        result.unwrap();
    }
    authorised.assert();
    answered.assert();
}

#[tokio::test]
async fn fifty_at_once_share_a_failure_and_the_next_tries_again() {
    let mut kontur = Scripted::start().await;
    let refused = kontur.server.mock("POST", PRIVATE).with_status(503).expect(1).create();
    let client = kontur.client("private");
    for result in join_all((0..50).map(|_| client.instance())).await {
        // Nothing was sent to the instance, so that nothing can have happened there.
        assert_eq!(result.unwrap_err().kind, RemoteErrorKind::Unreachable);
    }
    refused.assert();
    refused.remove();
    kontur.authorises(1);
    kontur.answers("GET", &instance_path(), "key-1", 200, &instance()).create();
    client.instance().await.unwrap();
}

#[tokio::test]
async fn a_public_integration_sends_its_secret_and_keeps_the_one_that_works() {
    let mut kontur = Scripted::start().await;
    let mut authorisation = |secret: &str, status: usize, times: usize| {
        let mock = kontur.server.mock("POST", "/api/v1/authorization/authorize-integration");
        mock.match_header("x-xcom-integration-apikey", "api-key")
            .match_header("x-xcom-integration-secret", &*format!("secretKey={secret}"))
            .with_status(status)
            .with_body(json!({"accessKey": format!("key of {secret}")}).to_string())
            .expect(times)
            .create()
    };
    let configured = authorisation("s3cret", 200, 1);
    let wrong = authorisation("wrong", 401, 1);
    let given = authorisation("given", 200, 2);
    let answered = kontur.answers("GET", &instance_path(), "key of given", 200, &instance()).create();
    let client = kontur.client("public");
    client.authorise(None).await.unwrap();
    let error = client.authorise(Some(&Secret::new("wrong"))).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Unauthorized);
    client.authorise(Some(&Secret::new("given"))).await.unwrap();
    kontur.clock.advance(Duration::from_mins(18));
    client.instance().await.unwrap();
    for mock in [configured, wrong, given, answered] {
        mock.assert();
    }
}

#[tokio::test]
async fn an_integration_that_is_not_installed_is_a_matter_of_credentials() {
    let mut kontur = Scripted::start().await;
    let body = json!({"status": "notInstalled", "message": "Integration not installed"});
    kontur.server.mock("POST", PRIVATE).with_status(409).with_body(body.to_string()).create();
    let error = kontur.client("private").instance().await.unwrap_err();
    assert_eq!((error.kind, error.status), (RemoteErrorKind::Unauthorized, Some(409)));
    assert!(error.message.contains("Integration not installed"), "{error}");
}

#[tokio::test]
async fn a_callers_key_is_good_if_it_opens_our_instance() {
    let mut kontur = Scripted::start().await;
    let path = instance_path();
    let other = json!({"id": "0000", "status": "active"});
    kontur.answers("GET", &path, "good", 200, &instance()).create();
    kontur.answers("GET", &path, "old", 401, &json!("Unauthorized")).create();
    kontur.answers("GET", &path, "foreign", 403, &json!("Forbidden")).create();
    kontur.answers("GET", &path, "down", 503, &json!("")).create();
    kontur.answers("GET", &path, "garbage", 200, &json!("OK")).create();
    kontur.answers("GET", &path, "other", 200, &other).create();
    let client = kontur.client("private");
    let check =
        async |key: &str| client.check_access_key(&Secret::new(key)).await.map_err(|error| error.kind);
    assert_eq!(check("good").await, Ok(KeyCheck::Accepted));
    assert_eq!(check("old").await, Ok(KeyCheck::Refused));
    assert_eq!(check("foreign").await, Ok(KeyCheck::Refused));
    assert_eq!(check("line\nbreak").await, Ok(KeyCheck::Refused));
    assert_eq!(check("down").await, Err(RemoteErrorKind::Unavailable));
    assert_eq!(check("garbage").await, Err(RemoteErrorKind::Malformed));
    assert_eq!(check("other").await, Err(RemoteErrorKind::Malformed));
}
