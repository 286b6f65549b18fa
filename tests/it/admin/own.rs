//! Integrations that are made with the admin API.

use serde_json::{Value, json};
use simulators::kontur::WorkspaceSetup;
use simulators::scenario::{Kind, trace};
use uuid::Uuid;

use crate::harness::{Company, Plan, eventually};

const ID: Uuid = Uuid::from_u128(0x7777_aaaa_0000_4000_8000_0000_0000_0001);
const API_KEY: &str = "other-kontur-api-key";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI=";
pub(crate) const PATH: &str = "/integrations/other";

pub(crate) fn settings() -> Value {
    json!({
        "integration_id": ID, "kind": "private", "api_key": API_KEY, "country": "RU",
        "provider": {"kind": "generic", "webhook_secret": WEBHOOK_SECRET},
        "user": [{"kontur_user_id": "44d00000-0000-4000-8000-000000000201", "extension": "201"}]
    })
}

/// The company's server, and a second workspace in Kontur that the server does not know yet.
pub(crate) async fn start(plan: Plan) -> Company {
    let mut company = plan.start().await;
    let base_url = format!("{}/kontur/other", company.server.url());
    company.sandbox.kontur.add_workspace(WorkspaceSetup::private("other", ID, API_KEY, &base_url));
    company.keep_out_of_the_log(API_KEY);
    company.keep_out_of_the_log(WEBHOOK_SECRET);
    company
}

#[tokio::test]
async fn one_is_made_set_up_used_and_deleted() {
    let company = start(Company::plan()).await;
    let admin = company.admin();
    let mut with_101 = settings();
    with_101["user"][0]["extension"] = "101".into();
    let made = admin.put(PATH, &with_101).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!((&made.body["declared"], &made.body["status"]), (&json!(false), &json!("notConfigured")));
    assert_eq!(made.body["settings"]["api_key"], "***");
    assert!(company.sandbox.kontur.crm("other").setup(json!({})).await.is_ok());
    let telephony = company.telephony().to(format!("{}/telephony/other/generic", company.server.url()));
    telephony.signing_with(WEBHOOK_SECRET).tell(&trace(Kind::Outbound, 1)).await;
    company.settle().await;
    assert_eq!(company.sandbox.kontur.communications("other").len(), 1);
    assert_eq!(admin.all("/calls?workspace=other").await.len(), 1);
    assert_eq!(admin.delete(PATH).await.status, 204);
    admin.get(PATH).await.problem(404, "not-found");
    assert_eq!(admin.all("/integrations").await.len(), 1);
    assert_eq!(admin.all("/calls").await.len(), 1, "its calls stay");
}

#[tokio::test]
async fn other_settings_take_the_place_of_the_old_ones() {
    let company = start(Company::plan()).await;
    let admin = company.admin();
    assert_eq!(admin.put(PATH, &settings()).await.status, 201);
    let mut changed = settings();
    changed["country"] = "KZ".into();
    let reply = admin.put(PATH, &changed).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(admin.get(PATH).await.ok()["settings"]["country"], "KZ");
}

#[tokio::test]
async fn it_survives_a_restart_and_no_secret_can_be_read_in_the_database() {
    let mut company = start(Company::plan()).await;
    assert_eq!(company.admin().put(PATH, &settings()).await.status, 201);
    assert!(company.sandbox.kontur.crm("other").setup(json!({})).await.is_ok());
    company.server.restart().await;
    assert!(company.sandbox.kontur.crm("other").upgrade().await.is_ok());
    for secret in [API_KEY, WEBHOOK_SECRET] {
        assert!(!company.server.database().holds(secret), "{secret} stands in the database");
    }
}

/// The telephony's call is of 101, whom nobody has yet.
#[tokio::test]
async fn a_call_that_waits_for_a_user_is_registered_when_the_user_is_given() {
    let company = start(Company::plan()).await;
    let admin = company.admin();
    assert_eq!(admin.put(PATH, &settings()).await.status, 201);
    assert!(company.sandbox.kontur.crm("other").setup(json!({})).await.is_ok());
    let telephony = company.telephony().to(format!("{}/telephony/other/generic", company.server.url()));
    telephony.signing_with(WEBHOOK_SECRET).tell(&trace(Kind::Outbound, 1)).await;
    let report = eventually("it waits", async || {
        let report = admin.get(&format!("{PATH}/unmapped")).await.ok();
        (report["items"][0]["parked"] == 1).then_some(report)
    })
    .await;
    assert_eq!((&report["items"][0]["extension"], &report["next_cursor"]), (&json!("101"), &Value::Null));
    let id = "44d00000-0000-4000-8000-000000000201";
    admin.put(&format!("{PATH}/users"), &json!([{"kontur_user_id": id, "extension": "101"}])).await.ok();
    company.settle().await;
    let registration = company.kontur().only("trace-1", "register-call");
    assert_eq!(registration["items"][0]["from"]["userId"], id);
}

#[tokio::test]
async fn its_users_can_be_replaced() {
    let company = start(Company::plan()).await;
    let admin = company.admin();
    admin.put(PATH, &settings()).await.ok();
    let users =
        json!({"items": [{"kontur_user_id": "44d00000-0000-4000-8000-000000000202", "extension": "202"}]});
    admin.put(&format!("{PATH}/users"), &users).await.ok();
    let listed = admin.get(&format!("{PATH}/users")).await.ok();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["extension"], "202");
    let doubled = json!({"items": [
        {"kontur_user_id": "44d00000-0000-4000-8000-000000000202", "extension": "202"},
        {"kontur_user_id": "44d00000-0000-4000-8000-000000000203", "extension": "202"}
    ]});
    admin.put(&format!("{PATH}/users"), &doubled).await.problem(400, "invalid");
    assert_eq!(admin.get(&format!("{PATH}/users")).await.ok(), listed, "nothing was changed");
}

#[tokio::test]
async fn wrong_settings_are_refused_key_by_key() {
    let company = start(Company::plan()).await;
    let mut wrong = settings();
    wrong["kind"] = "secret".into();
    wrong["provider"]["webhook_secret"] = "not base64".into();
    wrong["colour"] = "red".into();
    wrong.as_object_mut().expect("an object").remove("api_key");
    let problem = company.admin().put(PATH, &wrong).await.problem(400, "invalid");
    let fields: Vec<&str> = problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|fault| fault["field"].as_str())
        .collect();
    for field in ["kind", "provider.webhook_secret", "colour", "api_key"] {
        assert!(fields.contains(&field), "{field} in {problem}");
    }
    let mut elsewhere = settings();
    elsewhere["workspace"] = "third".into();
    company.admin().put(PATH, &elsewhere).await.problem(400, "invalid");
}

#[tokio::test]
async fn without_an_encryption_key_none_is_made() {
    let company =
        start(Company::plan().edit(|configuration, _| drop(configuration.remove("encryption_key")))).await;
    let problem = company.admin().put(PATH, &settings()).await.problem(409, "conflict");
    assert!(problem["detail"].as_str().expect("a detail").contains("encryption_key"), "{problem}");
    company.admin().get(PATH).await.problem(404, "not-found");
}

/// A deleted integration that is made again begins anew.
#[tokio::test]
async fn one_that_was_deleted_can_be_made_again() {
    let company = start(Company::plan()).await;
    let admin = company.admin();
    admin.put(PATH, &settings()).await.ok();
    assert!(company.sandbox.kontur.crm("other").setup(json!({})).await.is_ok());
    assert_eq!(admin.delete(PATH).await.status, 204);
    let made = admin.put(PATH, &settings()).await;
    assert_eq!((made.status, &made.body["status"]), (201, &json!("notConfigured")), "{}", made.body);
}
