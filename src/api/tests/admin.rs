//! The admin API.

use serde_json::json;

use super::*;

const TWO_CALLS: &str = "0 e1 c1 call.started\n1 e2 c1 leg.ringing l1\n2 e3 c1 leg.answered l1\n9 e4 c1 call.finished\n\
    60 e5 c2 call.started";

fn made(workspace: &str) -> Value {
    json!({
        "integration_id": "6838aaaa-0000-4000-8000-00000000ed82", "kind": "private", "api_key": "very secret",
        "provider": {"kind": "generic", "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        "user": [{"kontur_user_id": "44d0c1f2-7d54-4c2f-8f0e-3f7a0b8d9e21", "extension": "101"}],
        "workspace": workspace,
    })
}

#[tokio::test]
async fn an_integration_is_made_changed_and_deleted() {
    let server = Server::start().await;
    let path = "/admin/v1/integrations/new";
    assert_eq!(server.get(path).await.problem(), (404, "not-found"));
    assert_eq!(server.put(path, made("new")).await.status, 201);
    assert_eq!(server.put(path, made("new")).await.status, 200);
    let shown = server.get(path).await.ok();
    assert_eq!((&shown["declared"], &shown["settings"]["api_key"]), (&json!(false), &json!("***")));
    assert_eq!(shown["base_url"], "https://telephony.test/kontur/new");
    assert!(!shown.to_string().contains("very secret"));
    let all = server.get("/admin/v1/integrations").await.ok();
    assert_eq!((all["items"].as_array().unwrap().len(), &all["next_cursor"]), (2, &json!(null)));
    let gone = Reply::to(as_admin(server.client.delete(path))).await;
    assert_eq!((gone.status, server.get(path).await.status), (204, 404));
}

#[tokio::test]
async fn what_the_file_declares_is_read_only() {
    let server = Server::start().await;
    let path = "/admin/v1/integrations/acme";
    assert_eq!(server.put(path, made("acme")).await.problem(), (409, "conflict"));
    assert_eq!(Reply::to(as_admin(server.client.delete(path))).await.problem(), (409, "conflict"));
    assert_eq!(server.put(&format!("{path}/users"), json!([])).await.problem(), (409, "conflict"));
    assert_eq!(server.get(path).await.ok()["settings"], json!({"api_key": "***"}));
}

#[tokio::test]
async fn faults_of_settings_are_named_with_their_path() {
    let server = Server::start().await;
    let mut wrong = made("new");
    wrong["user"][0]["extention"] = json!("102");
    wrong["api_key"] = json!(7);
    let reply = server.put("/admin/v1/integrations/new", wrong).await;
    assert_eq!(reply.problem(), (400, "invalid"));
    let fields: Vec<_> =
        reply.body["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert!(
        fields.contains(&&json!("user[0].extention")) && fields.contains(&&json!("api_key")),
        "{fields:?}"
    );
    let reply = server.put("/admin/v1/integrations/new", made("other")).await;
    assert_eq!(reply.body["errors"][0]["field"], "workspace");
}

#[tokio::test]
async fn users_are_listed_and_replaced() {
    let server = Server::start().await;
    server.put("/admin/v1/integrations/new", made("new")).await.ok();
    let path = "/admin/v1/integrations/new/users";
    let user = json!({
        "kontur_user_id": "u", "extension": "007", "workonflow_user_id": null,
        "valid_from": null, "valid_to": "2026-11-22T07:00:00+00:00"
    });
    let list = json!({"items": [user], "next_cursor": null});
    assert_eq!(server.put(path, json!({"items": [user]})).await.ok(), list);
    assert_eq!(server.put(path, json!([user])).await.ok(), list);
    assert_eq!(server.get(path).await.ok(), list);
    let twice = server.put(path, json!([user, {"kontur_user_id": "v", "extension": "007"}])).await;
    assert_eq!(twice.body["errors"][0]["field"], "user[1].extension");
}

#[tokio::test]
async fn the_status_is_konturs_with_reasons_and_history() {
    let server = Server::start().await;
    let path = "/admin/v1/integrations/acme";
    let before = server.get(&format!("{path}/status")).await.ok();
    assert_eq!((&before["status"], &before["code"]), (&json!("notConfigured"), &json!(0)));
    assert_eq!(server.post(&format!("{path}/activate"), json!({})).await.ok()["status"], "active");
    assert_eq!(server.post(&format!("{path}/pause"), json!({})).await.ok()["status"], "paused");
    let after = server.post(&format!("{path}/resume"), json!({})).await.ok();
    let since = "2026-11-22T07:00:00+00:00";
    assert_eq!(
        (&after["status"], &after["reasons"], &after["since"]),
        (&json!("active"), &json!([]), &json!(since))
    );
    let changes: Vec<_> = after["history"].as_array().unwrap().iter().map(|change| &change["to"]).collect();
    assert_eq!(changes, ["active", "paused", "active"]);
}

#[tokio::test]
async fn calls_are_listed_page_by_page_and_narrowed_down() {
    let server = Server::set_up().await;
    server.webhook(TWO_CALLS).await.ok();
    let first = server.get("/admin/v1/calls?limit=1").await.ok();
    assert_eq!(first["items"][0]["external_id"], "c2");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server.get(&format!("/admin/v1/calls?limit=1&cursor={cursor}")).await.ok();
    assert_eq!((&second["items"][0]["external_id"], &second["next_cursor"]), (&json!("c1"), &json!(null)));
    let found = async |query: &str| {
        let calls = server.get(&format!("/admin/v1/calls?{query}")).await.ok();
        calls["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["external_id"].to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(found("state=active").await, "\"c2\"");
    assert_eq!(found("state=finished").await, "\"c1\"");
    assert_eq!(found("state=missed").await, "");
    assert_eq!(found("workspace=acme&phone=8%20(999)%20777-55-33").await, "\"c2\" \"c1\"");
    assert_eq!(found("phone=%2B79997775533").await, "\"c2\" \"c1\"");
    assert_eq!(found("phone=79990000000").await, "");
    assert_eq!(found("from=2026-11-22T10:00:30+03:00").await, "\"c2\"");
    assert_eq!(found("to=2026-11-22T07:00:30Z").await, "\"c1\"");
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let server = Server::start().await;
    let wrong = [
        ("/calls?state=gone", "state", "\"gone\""),
        ("/calls?from=yesterday", "from", "yesterday"),
        ("/calls?limit=501", "limit", "501"),
        ("/calls?cursor=x", "cursor", "next_cursor"),
        ("/calls?phone=nobody", "phone", "digits"),
        ("/calls?workspace=nobody", "workspace", "no integration"),
        ("/calls/first", "path", "digit"),
        ("/deliveries?destination=mail", "destination", "kontur, workonflow, metabot"),
        ("/deliveries?state=lost", "state", "pending, delivered, expired, dead"),
    ];
    for (path, field, named) in wrong {
        let reply = server.get(&format!("/admin/v1{path}")).await;
        assert_eq!(reply.problem(), (400, "invalid"), "{path}");
        let error = &reply.body["errors"][0];
        assert_eq!(error["field"], field, "{path}");
        assert!(error["message"].as_str().unwrap().contains(named), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_timeline_tells_all_of_a_call() {
    let server = Server::set_up().await;
    server.webhook(TWO_CALLS).await.ok();
    let calls = server.get("/admin/v1/calls").await.ok();
    let call = server.get(&format!("/admin/v1/calls/{}", calls["items"][1]["id"])).await.ok();
    assert_eq!((&call["state"], &call["client_phone"]), (&json!("answered"), &json!("79997775533")));
    assert_eq!(call["legs"][0]["to"], json!({"type": "user", "extension": "101"}));
    let events: Vec<_> = call["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(events, ["call.started", "leg.ringing", "leg.answered", "call.finished"]);
    assert_eq!(call["deliveries"][0]["kind"], "call-started");
    assert_eq!(server.get("/admin/v1/calls/999").await.problem(), (404, "not-found"));
}

#[tokio::test]
async fn a_sync_is_begun_and_looked_at() {
    let server = Server::set_up().await;
    let path = "/admin/v1/integrations/acme/sync";
    let begun = server.post(path, json!({"from": "2026-11-01T00:00:00+03:00"})).await;
    assert_eq!((begun.status, &begun.body["from"]), (202, &json!("2026-10-31T21:00:00+00:00")));
    assert_eq!(begun.body["to"], "2026-11-22T07:00:00+00:00");
    let job = server.get(&format!("{path}/{}", begun.body["id"])).await.ok();
    assert_eq!(job["id"], begun.body["id"]);
    for (body, field) in [
        (json!({"from": "today"}), "from"),
        (json!({"to": "2026-11-01T00:00:00Z"}), "from"),
        (json!({"until": "2026-11-01T00:00:00Z"}), "until"),
    ] {
        assert_eq!(server.post(path, body).await.body["errors"][0]["field"], field);
    }
    let backwards = json!({"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"});
    assert_eq!(server.post(path, backwards).await.problem(), (400, "invalid"));
}

#[tokio::test]
async fn dead_letters_are_sent_again() {
    use domain::outbox::{Cause, Outcome};
    let server = Server::set_up().await;
    let dead = || Outcome::Dead { cause: Cause::Validation, reason: "made to fail".to_owned() };
    server.rig.remote.kontur.answer_next([dead(), dead()]);
    server.webhook(TWO_CALLS).await.ok();
    let letters =
        async || server.get("/admin/v1/deliveries?state=dead&destination=kontur").await.ok()["items"].clone();
    let dead =
        eventually(async || Some(letters().await).filter(|found| found.as_array().unwrap().len() == 2)).await;
    assert_eq!((&dead[0]["cause"], &dead[0]["workspace"]), (&json!("validation"), &json!("acme")));
    let retried = server.post(&format!("/admin/v1/deliveries/{}/retry", dead[0]["id"]), json!({})).await;
    assert_eq!(retried.ok()["id"], dead[0]["id"]);
    let replayed = server.post("/admin/v1/deliveries/replay", json!({"workspace": "acme"})).await;
    assert_eq!(replayed.ok(), json!({"replayed": 1}));
    eventually(async || (letters().await == json!([])).then_some(())).await;
    let wrong = server.post("/admin/v1/deliveries/replay", json!({"state": "lost", "to": "never"})).await;
    assert_eq!(wrong.body["errors"].as_array().unwrap().len(), 2, "{wrong:?}");
    assert_eq!(server.post("/admin/v1/deliveries/9999/retry", json!({})).await.problem(), (404, "not-found"));
}

/// What `look` finds, as soon as it finds something.
async fn eventually<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.expect("it comes about in time")
}
