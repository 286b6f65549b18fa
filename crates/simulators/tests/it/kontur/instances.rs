//! The instance and its patch dialect.

use reqwest::Method;
use serde_json::{Value, json};
use simulators::kontur::Credentials;
use uuid::Uuid;

use super::{INTEGRATION, World, read};

async fn patch(world: &World, operations: Value) -> (u16, Value) {
    let path = format!("integrations/instances/{INTEGRATION}");
    let body = json!({"operations": operations}).to_string();
    let request = world.request(Method::PATCH, &path).header("content-type", "application/json-patch+json");
    read(request.body(body).send().await.expect("answer")).await
}

fn hook(id: Uuid, url: &str) -> Value {
    json!({"id": id, "relativeUrl": url, "triggerType": "schedule", "filter": {"items": []},
           "schedule": {"period": "00:05:00"}, "disabled": false})
}

/// Patches a world with one webhook and one setting; returns them and the webhook's id.
async fn configured() -> (World, String) {
    let world = World::start().await;
    let (status, reply) = patch(
        &world,
        json!([
            {"op": "replace", "path": "/features", "value": {"call": true, "hangup": true}},
            {"op": "add", "path": "/webHooks", "value": hook(Uuid::nil(), "setup/upgrade")},
            {"op": "add", "path": "/settings", "value": {"id": "version", "value": "1.0"}},
        ]),
    )
    .await;
    assert_eq!(status, 200, "{reply}");
    assert_eq!((&reply["isSuccessful"], &reply["responseCode"]), (&json!(true), &json!("ok")));
    let id = reply["result"]["webHooks"][0]["id"].as_str().expect("an id").to_owned();
    assert_ne!(id, Uuid::nil().to_string(), "a new element gets an id");
    (world, id)
}

#[tokio::test]
async fn elements_are_addressed_by_their_id() {
    let (world, id) = configured().await;
    let (status, reply) = patch(
        &world,
        json!([
            {"op": "replace", "path": format!("/webHooks/{id}/disabled"), "value": true},
            {"op": "replace", "path": "/settings/version/value", "value": "1.1"},
            {"op": "replace", "path": "/features/call", "value": false},
        ]),
    )
    .await;
    assert_eq!(status, 200, "{reply}");
    let instance = world.kontur.instance("acme").expect("there");
    assert_eq!(
        (&instance["webHooks"][0]["disabled"], &instance["settings"][0]["value"]),
        (&json!(true), &json!("1.1"))
    );
    assert_eq!(instance["features"]["call"], json!(false));
    let (status, _) = patch(&world, json!([{"op": "remove", "path": format!("/webHooks/{id}")}])).await;
    assert_eq!(status, 200);
    assert_eq!(world.kontur.instance("acme").expect("there")["webHooks"], json!([]));
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn each_bad_operation_is_listed_and_nothing_of_the_patch_is_applied() {
    let (world, id) = configured().await;
    let cases = [
        ("invalidPaths", json!({"op": "replace", "path": "/id", "value": Uuid::nil()})),
        ("invalidPaths", json!({"op": "replace", "path": "/webHooks/0/disabled", "value": true})),
        ("invalidPaths", json!({"op": "add", "path": "/webHooks/-", "value": hook(Uuid::nil(), "x")})),
        ("invalidPaths", json!({"op": "remove", "path": "/webHooks/0", "value": null})),
        (
            "invalidPaths",
            json!({"op": "replace", "path": format!("/webHooks/{id}/id"), "value": Uuid::nil()}),
        ),
        ("invalidPaths", json!({"op": "replace", "path": "/nonsense", "value": 1})),
        ("invalidPaths", json!({"op": "replace", "path": "features", "value": {}})),
        ("invalidPaths", json!({"op": "remove", "path": "/features/call", "value": null})),
        ("invalidValueTypes", json!({"op": "replace", "path": "/features/call", "value": "yes"})),
        ("invalidValueTypes", json!({"op": "replace", "path": "/status", "value": "Active"})),
        ("invalidValueTypes", json!({"op": "replace", "path": "/settings/version/value", "value": 1})),
        (
            "invalidValueTypes",
            json!({"op": "replace", "path": format!("/webHooks/{id}/schedule/period"), "value": "5 min"}),
        ),
        ("invalidValueTypes", json!({"op": "replace", "path": format!("/webHooks/{id}"), "value": "off"})),
        ("invalidDatas", json!({"op": "add", "path": "/settings", "value": {"id": "version", "value": "2"}})),
    ];
    let before = world.kontur.instance("acme");
    for (list, bad) in cases {
        let good = json!({"op": "replace", "path": "/baseUrl", "value": "http://changed"});
        let (status, reply) = patch(&world, json!([good, bad])).await;
        assert_eq!(status, 409, "{bad}: {reply}");
        assert_eq!(reply["errorInfo"][list], json!([bad]), "{reply}");
        assert_eq!(reply["errorInfo"]["message"], "Patch contains invalid operations");
        assert_eq!((&reply["isSuccessful"], &reply["responseCode"]), (&json!(false), &json!("conflict")));
        assert_eq!(world.kontur.instance("acme"), before, "all or nothing: {bad}");
    }
    assert_eq!(world.journal.violations().len(), 14);
}

#[tokio::test]
async fn arrays_without_ids_are_replaced_whole() {
    let (world, id) = configured().await;
    let item = json!({"eventType": "change", "entityType": "deal", "changeType": "create"});
    let items = format!("/webHooks/{id}/filter/items");
    let (status, _) = patch(&world, json!([{"op": "replace", "path": items, "value": [item]}])).await;
    assert_eq!(status, 200);
    assert_eq!(patch(&world, json!([{"op": "add", "path": items, "value": item}])).await.0, 409);
}

#[tokio::test]
async fn a_patch_needs_its_media_type_and_known_operations() {
    let world = World::start().await;
    let path = format!("integrations/instances/{INTEGRATION}");
    let body = json!({"operations": [{"op": "replace", "path": "/features/call", "value": true}]});
    let as_json = world.request(Method::PATCH, &path).json(&body).send().await.expect("answer");
    assert_eq!(as_json.status(), 415);
    assert_eq!(patch(&world, json!([{"op": "test", "path": "/status", "value": "active"}])).await.0, 400);
    assert_eq!(patch(&world, json!([])).await.0, 200);
    assert!(world.journal.violations()[2].contains("without operations"));
}

#[tokio::test]
async fn an_unknown_instance_is_not_found_and_a_users_token_is_as_good_as_a_key() {
    let world = World::start().await;
    let unknown = Uuid::new_v4();
    let message = format!("IntegrationInstance {unknown} not found");
    let answer = world.get(&format!("integrations/instances/{unknown}")).await;
    assert_eq!(answer, (409, json!({"status": "notFound", "message": message})));
    world.kontur.allow_user_token("t0ken");
    let url = format!("{}/api/v1/acme/integrations/instances/{INTEGRATION}", world.kontur.url());
    let with = |token: &str| world.http.get(&url).bearer_auth(token).send();
    assert_eq!(with("t0ken").await.expect("answer").status(), 200);
    assert_eq!(with("other").await.expect("answer").status(), 401);
}

#[tokio::test]
async fn setup_at_kontur_activates_public_integrations_only() {
    let world = World::start().await;
    let setup = |id: Uuid| {
        let request = world
            .request(Method::POST, &format!("integrations/{id}/setup"))
            .json(&json!({"autoAnswer": true}));
        async move { read(request.send().await.expect("answer")).await }
    };
    let refusal = json!({"status": "IntegrationNotFound", "message": "Integration not found"});
    assert_eq!(setup(INTEGRATION).await, (409, refusal.clone()), "private");
    let credentials = Credentials::Public { api_key: "k".into(), secret_key: "s".into() };
    world.kontur.set_credentials("acme", credentials);
    assert_eq!(setup(Uuid::new_v4()).await, (409, refusal));
    assert_eq!(setup(INTEGRATION).await, (200, json!("OK")));
    assert_eq!(world.kontur.instance("acme").expect("there")["status"], "active");
}

#[tokio::test]
async fn the_main_telephony_is_told_in_both_spellings_of_the_key() {
    let world = World::start().await;
    let path = "ui-settings?key=@main-telephony-settings";
    assert_eq!(world.get(path).await.1["status"], "notFound");
    world.kontur.set_main_telephony("acme", Some(INTEGRATION));
    assert_eq!(world.get(path).await.1["value"], json!(INTEGRATION));
    assert_eq!(world.get(&format!("{path}={INTEGRATION}")).await.0, 200);
    assert_eq!(world.get("ui-settings?key=other").await.0, 400);
}
