//! Kontur as the caller.

use poem::listener::{Listener, TcpListener};
use poem::{Endpoint, IntoResponse, Request, Response, Server};
use serde_json::{Value, json};
use simulators::journal::System;
use simulators::kontur::{Key, Spelling};
use uuid::Uuid;

use super::{USER, World};

/// An integration that answers every call the same way.
#[derive(Clone)]
struct Integration {
    status: u16,
    body: &'static str,
    /// What it does with the echo header.
    echo: Echo,
}

#[derive(Clone, Copy)]
enum Echo {
    Returned,
    Missing,
    Changed,
}

impl Endpoint for Integration {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let status = poem::http::StatusCode::from_u16(self.status).expect("a status");
        let mut response = self.body.with_status(status).into_response();
        let echo = match self.echo {
            Echo::Returned => request.headers().get("X-XCOM-Integration-Echo").cloned(),
            Echo::Changed => Some("other".parse().expect("a value")),
            Echo::Missing => None,
        };
        if let Some(echo) = echo {
            response.headers_mut().insert("X-XCOM-Integration-Echo", echo);
        }
        Ok(response)
    }
}

async fn world(integration: Integration) -> World {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.expect("a port");
    let address =
        poem::listener::Acceptor::local_addr(&acceptor)[0].as_socket_addr().copied().expect("an address");
    tokio::spawn(Server::new_with_acceptor(acceptor).run(integration));
    World::start_for(&format!("http://{address}/kontur/acme")).await
}

fn good() -> Integration {
    Integration { status: 200, body: "\"OK\"", echo: Echo::Returned }
}

#[tokio::test]
async fn calls_carry_a_good_key_and_the_documented_bodies() {
    let world = world(good()).await;
    let crm = world.kontur.crm("acme");
    assert!(crm.setup(json!({"SecretKey": null})).await.is_ok());
    assert_eq!(world.kontur.instance("acme").expect("there")["status"], "active");
    assert!(crm.upgrade().await.is_ok());
    assert!(crm.sync().await.is_ok());
    let pressed = crm.press_call(USER, "79997775533").await;
    assert!(pressed.reply.is_ok());
    let [call] = &world.journal.of(System::Kontur, "→ call")[..] else { panic!("one call") };
    let body = json!({"communicationId": pressed.communication_id, "fromUserId": USER, "clientPhone": "79997775533"});
    assert_eq!(call.body, body);
    assert!(world.kontur.communication("acme", pressed.communication_id).expect("made").requested_by_user);
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn every_documented_spelling_of_a_path_can_be_chosen() {
    let world = world(good()).await;
    let id = Uuid::new_v4();
    for spelling in [
        Spelling::Base,
        Spelling::Communications,
        Spelling::CommunicationsById,
        Spelling::Api,
        Spelling::ApiById,
    ] {
        let crm = world.kontur.crm("acme").spelled(spelling);
        crm.press_hangup("ext-1-1", USER, id).await;
        crm.press_call(USER, "79997775533").await;
    }
    let paths = |operation: &str| -> Vec<String> {
        let entries = world.journal.of(System::Kontur, operation);
        entries.iter().map(|entry| entry.path.splitn(4, '/').nth(3).expect("a path").to_owned()).collect()
    };
    let by_id = format!("communications/{id}/hangup");
    let hangups = [
        "kontur/acme/hangup".to_owned(),
        "kontur/acme/communications/hangup".to_owned(),
        format!("kontur/acme/{by_id}"),
        "api/v1/acme/communications/hangup".to_owned(),
        format!("api/v1/acme/{by_id}"),
    ];
    assert_eq!(paths("→ hangup"), hangups);
    assert_eq!(
        paths("→ call")[1..4],
        [
            "kontur/acme/communications/call",
            "kontur/acme/communications/call",
            "api/v1/acme/communications/call"
        ]
    );
}

#[tokio::test]
async fn an_answer_without_the_right_echo_or_an_undocumented_one_is_a_violation() {
    let cases = [
        (Integration { echo: Echo::Missing, ..good() }, Some("has no X-XCOM-Integration-Echo")),
        (Integration { echo: Echo::Changed, ..good() }, Some("another X-XCOM-Integration-Echo")),
        (Integration { body: "OK", ..good() }, None),
        (Integration { body: "{}", ..good() }, Some("is not documented")),
        (Integration { status: 500, ..good() }, Some("is not documented")),
        (Integration { status: 409, body: r#"{"status":"notSupported","message":"no"}"#, ..good() }, None),
        (Integration { status: 409, body: r#"{"message":"no"}"#, ..good() }, Some("is not documented")),
        (Integration { status: 401, body: "{}", ..good() }, Some("is not documented")),
    ];
    for (integration, expected) in cases {
        let body = integration.body;
        let world = world(integration).await;
        world.kontur.crm("acme").sync().await;
        let violations = world.journal.violations();
        match expected {
            Some(words) => {
                assert!(violations.iter().any(|text| text.contains(words)), "{body}: {violations:?}");
            }
            None => assert_eq!(violations, Vec::<String>::new(), "{body}"),
        }
    }
}

#[tokio::test]
async fn a_wrong_key_may_be_refused() {
    let world = world(Integration { status: 401, body: "\"Unauthorized\"", ..good() }).await;
    let reply = world.kontur.crm("acme").with_key(Key::Own("stolen".to_owned())).sync().await;
    assert_eq!(reply.status, 401);
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn the_schedule_calls_the_webhooks_that_the_instance_has() {
    let world = world(good()).await;
    let hook = |url: &str, disabled: bool| json!({"id": Uuid::new_v4(), "relativeUrl": url, "triggerType": "schedule", "disabled": disabled});
    let hooks = json!([hook("communications/sync", false), hook("setup/upgrade", true)]);
    world.kontur.set_instance("acme", "webHooks", hooks);
    let urls: Vec<String> =
        world.kontur.crm("acme").run_schedule().await.into_iter().map(|(url, _)| url).collect();
    assert_eq!(urls, ["communications/sync"]);
}

#[tokio::test]
async fn the_buttons_can_be_pressed_from_outside() {
    let world = world(good()).await;
    let url = format!("{}/_sim/workspaces/acme/call", world.kontur.url());
    let body = json!({"userId": USER, "phone": "79997775533"});
    let pressed: Value =
        world.http.post(url).json(&body).send().await.expect("answer").json().await.expect("JSON");
    assert_eq!(pressed["reply"]["body"], "OK");
    let url = format!("{}/_sim/state", world.kontur.url());
    let state: Value = world.http.get(url).send().await.expect("answer").json().await.expect("JSON");
    assert_eq!(state["workspaces"]["acme"]["communications"][0]["id"], pressed["communication_id"]);
}
