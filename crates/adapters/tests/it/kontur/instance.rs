//! The instance in Kontur: read, compared, corrected, activated.

use domain::instance::status::Status;
use domain::phone::{Country, Phone};
use domain::port::RemoteErrorKind;
use domain::port::crm::{Crm, WantedInstance};
use serde_json::json;

use super::{CALLBACKS, INTEGRATION, Scripted, Simulated, USER};

fn wanted() -> WantedInstance {
    WantedInstance {
        call: true,
        hangup: true,
        settings: vec![("version", "1.0".to_owned())],
        schedules: vec![("setup/upgrade", 300), ("communications/sync", 300)],
    }
}

#[tokio::test]
async fn the_difference_is_sent_once() {
    let at = Simulated::start().await;
    let first = at.adapter.reconcile(&wanted()).await.unwrap();
    assert_eq!((first.status, first.operations), (Status::NotConfigured, 5));
    let second = at.adapter.reconcile(&wanted()).await.unwrap();
    assert_eq!(second.operations, 0);
    let instance = at.kontur.instance("acme").unwrap();
    assert_eq!(instance["features"], json!({"call": true, "hangup": true, "sendSms": false}));
    assert_eq!(instance["webHooks"].as_array().unwrap().len(), 2);
    at.assert_legal();
}

#[tokio::test]
async fn two_at_once_make_no_webhook_twice() {
    let at = Simulated::start().await;
    let wanted = wanted();
    let (a, b) = tokio::join!(at.adapter.reconcile(&wanted), at.adapter.reconcile(&wanted));
    assert_eq!(a.unwrap().operations + b.unwrap().operations, 5);
    assert_eq!(at.kontur.instance("acme").unwrap()["webHooks"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_refused_patch_names_the_paths() {
    let mut kontur = Scripted::start().await;
    kontur.authorises(1);
    let path = format!("/api/v1/acme/integrations/instances/{INTEGRATION}");
    let instance = json!({"id": INTEGRATION, "status": "paused", "features": {"call": true, "hangup": false},
                          "settings": [], "webHooks": []});
    kontur.answers("GET", &path, "key-1", 200, &instance).create();
    let refusal = json!({"errorInfo": {"invalidPaths": [{"op": "replace", "path": "/features/hangup", "value": true}],
        "status": "invalidArgs", "message": "Patch contains invalid operations"},
        "isSuccessful": false, "responseCode": "conflict"});
    let patched = kontur
        .answers("PATCH", &path, "key-1", 409, &refusal)
        .match_header("content-type", "application/json-patch+json")
        .match_body(r#"{"operations":[{"op":"replace","path":"/features/hangup","value":true}]}"#)
        .create();
    let wanted = WantedInstance { settings: vec![], schedules: vec![], ..wanted() };
    let error = kontur.instance().reconcile(&wanted).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Rejected);
    assert!(error.message.contains("replace /features/hangup"), "{error}");
    patched.assert();
}

#[tokio::test]
async fn activation_passes_the_arguments_on() {
    let mut kontur = Scripted::start().await;
    kontur.authorises(1);
    let path = format!("/api/v1/acme/integrations/{INTEGRATION}/setup");
    let arguments = json!({"SecretKey": null, "autoAnswer": true});
    let activated = kontur
        .answers("POST", &path, "key-1", 200, &json!("OK"))
        .match_body(mockito::Matcher::Json(arguments.clone()))
        .create();
    kontur.instance().activate(&arguments).await.unwrap();
    activated.assert();
    activated.remove();
    let missing = json!({"status": "IntegrationNotFound", "message": "Integration not found"});
    kontur.authorises(1);
    kontur.answers("POST", &path, "key-1", 409, &missing).create();
    let error = kontur.instance().activate(&arguments).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::NotFound);
}

#[tokio::test]
async fn the_responsible_are_asked_for_by_number_and_may_be_nobody() {
    let at = Simulated::start().await;
    let phone = Phone::normalise("+79997775533", Country::RU);
    assert_eq!(at.adapter.responsible(&phone).await.unwrap(), vec![]);
    at.kontur.set_responsible("acme", "79997775533", vec![USER.parse().unwrap()]);
    assert_eq!(at.adapter.responsible(&phone).await.unwrap(), vec![USER.into()]);
    assert_eq!(at.adapter.responsible(&Phone::anonymous()).await.unwrap(), vec![]);
    at.assert_legal();
}

#[tokio::test]
async fn a_404_is_not_nobody() {
    let mut kontur = Scripted::start().await;
    kontur.authorises(1);
    let redirect = format!("{CALLBACKS}/call-redirect?phoneNumber=79997775533");
    kontur.answers("GET", &redirect, "key-1", 404, &json!("")).create();
    let phone = Phone::normalise("+79997775533", Country::RU);
    let error = kontur.instance().responsible(&phone).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::NotFound);
    assert!(!error.to_string().contains("79997775533"), "{error}");
}
