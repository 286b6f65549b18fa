//! The sandbox and its page, in front of a server that only says yes.

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::Json;
use poem::{Endpoint, IntoResponse, Request, Response, Route, Server, handler, post};
use serde_json::{Value, json};
use simulators::journal::System;
use simulators::page::{Link, PageState, page};
use simulators::sandbox::{Sandbox, SandboxOptions, WORKSPACE};

const SOON: Duration = Duration::from_secs(5);

/// Answers webhooks and system calls as a healthy server would.
async fn yes_man() -> String {
    #[handler]
    fn webhook() -> Json<Value> {
        Json(json!({"accepted": 1, "duplicates": 0}))
    }
    #[handler]
    fn system_call(request: &Request) -> Response {
        let echo = request.header("x-xcom-integration-echo").unwrap_or_default().to_owned();
        Json("OK").with_header("x-xcom-integration-echo", echo).into_response()
    }
    let app = Route::new().at("/telephony/*path", post(webhook)).at("/kontur/*path", post(system_call));
    serve(app).await
}

async fn serve(app: impl Endpoint + 'static) -> String {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.expect("a port");
    let address = acceptor.local_addr()[0].as_socket_addr().copied().expect("an address");
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app));
    format!("http://{address}")
}

/// The page of a sandbox, driven as the browser does.
struct Page {
    sandbox: Arc<Sandbox>,
    url: String,
    http: reqwest::Client,
}

impl Page {
    async fn open() -> Self {
        let options = SandboxOptions { server_url: yes_man().await };
        let sandbox = Arc::new(Sandbox::start(options).await.expect("starts"));
        let links = vec![Link { name: "docs".into(), url: "/docs".into() }];
        let url = serve(page(PageState { sandbox: Arc::clone(&sandbox), links })).await;
        Self { sandbox, url, http: simulators::http::client().expect("client") }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.url)).send().await.expect("answer")
    }

    async fn state(&self) -> Value {
        self.get("/_sandbox/state").await.json().await.expect("JSON")
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}/_sandbox/{path}", self.url)).json(&body);
        let answer = request.send().await.expect("answer");
        let status = StatusCode::from_u16(answer.status().as_u16()).expect("a status");
        (status, answer.json().await.expect("JSON"))
    }

    /// Rings in at these extensions and returns the call as the page shows it.
    async fn ring(&self, extensions: &[&str]) -> Value {
        let body = json!({"client_phone": "+7 999 777-55-33", "vats_phone": "79229929292", "extensions": extensions});
        let (status, _) = self.post("ring", body).await;
        assert_eq!(status, StatusCode::OK);
        self.state().await["calls"][0].clone()
    }

    /// The types of the first `count` events that the PBX sent.
    async fn events(&self, count: usize) -> Vec<String> {
        let sent = self.sandbox.journal.wait_for_count(SOON, System::Pbx, "→ webhook", count).await;
        let entries = sent.expect("events");
        entries.iter().map(|entry| entry.body["type"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let page = Page::open().await;
    let html = page.get("/").await.text().await.expect("text");
    for file in ["page.css", "page.js", "summary.js", "words.js"] {
        let answer = page.get(&format!("/_sandbox/{file}")).await;
        assert_eq!(answer.status(), 200, "{file}");
        let text = answer.text().await.expect("text");
        assert!(!text.contains("http://") && !text.contains("https://"), "{file} loads from elsewhere");
    }
    assert!(html.contains(r#"src="_sandbox/page.js""#), "addresses are relative");
    assert_eq!(page.get("/_sandbox/other.js").await.status(), 404);
}

#[tokio::test]
async fn a_call_is_answered_held_resumed_and_ended_by_the_client() {
    let page = Page::open().await;
    let call = page.ring(&["101", "102"]).await;
    assert_eq!((&call["state"], call["legs"].as_array().map(Vec::len)), (&json!("ringing"), Some(2)));
    let leg = json!({"call_id": call["id"], "leg_id": call["legs"][0]["id"]});
    for (button, state) in [("answer", "talking"), ("hold", "held"), ("resume", "talking")] {
        assert_eq!(page.post(button, leg.clone()).await.0, StatusCode::OK, "{button}");
        assert_eq!(page.state().await["calls"][0]["state"], state, "{button}");
    }
    page.post("hangup", json!({"call_id": call["id"]})).await;
    assert_eq!(page.state().await["calls"], json!([]));
    let events = page.events(9).await;
    assert_eq!(events.first().map(String::as_str), Some("call.started"));
    assert_eq!(events.last().map(String::as_str), Some("call.finished"));
}

#[tokio::test]
async fn a_transferred_call_is_ended_by_the_employee_and_recorded() {
    let page = Page::open().await;
    let call = page.ring(&["101"]).await;
    page.post("answer", json!({"call_id": call["id"], "leg_id": call["legs"][0]["id"]})).await;
    page.post("transfer", json!({"call_id": call["id"], "extension": "103"})).await;
    let leg = page.state().await["calls"][0]["legs"][1].clone();
    assert_eq!((&leg["extension"], &leg["title"]), (&json!("103"), &json!("103 Вера Ким")));
    page.post("answer", json!({"call_id": call["id"], "leg_id": leg["id"]})).await;
    page.post("hangup", json!({"call_id": call["id"], "leg_id": leg["id"], "record": true})).await;
    let events = page.events(10).await;
    let recordings = events.iter().filter(|event| *event == "recording.ready").count();
    assert_eq!(recordings, 2, "{events:?}");
}

#[tokio::test]
async fn missed_busy_and_internal_calls_end_as_they_should() {
    let page = Page::open().await;
    let call = page.ring(&["101"]).await;
    page.post("miss", json!({"call_id": call["id"]})).await;
    let body = json!({"client_phone": "79997775533", "vats_phone": "79229929292", "extensions": ["102"]});
    page.post("busy", body).await;
    page.post("internal", json!({"from": "101", "to": "102"})).await;
    let history = page.sandbox.pbx.history();
    let ended: Vec<bool> = history.iter().map(|call| call.finished_at.is_some()).collect();
    assert_eq!(ended, [true, true, false]);
    assert_eq!(page.state().await["calls"][0]["legs"][0]["title"], "101 → 102");
}

#[tokio::test]
async fn what_the_exchange_does_not_allow_is_said() {
    let page = Page::open().await;
    let call = page.ring(&["101"]).await;
    let leg = json!({"call_id": call["id"], "leg_id": call["legs"][0]["id"]});
    let (status, body) = page.post("hold", leg).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
}

#[tokio::test]
async fn the_crm_s_buttons_reach_the_server() {
    let page = Page::open().await;
    for button in ["crm/setup", "crm/upgrade", "crm/sync"] {
        let (_, reply) = page.post(button, json!({})).await;
        assert_eq!(reply, json!({"status": 200, "body": "OK"}), "{button}");
    }
    assert_eq!(page.state().await["integration"]["status"], "active");
    page.post("crm/call", json!({"extension": "102", "client_phone": "+7 999 777-55-33"})).await;
    let called = page.sandbox.journal.of(System::Kontur, "→ call");
    assert_eq!(called[0].body["clientPhone"], "79997775533");
    assert_eq!(called[0].body["fromUserId"], json!(page.sandbox.employees[1].kontur_user_id));
    assert_eq!(page.post("crm/call", json!({"extension": "9", "client_phone": "1"})).await.0, 400);
    assert_eq!(page.post("crm/hangup", json!({})).await.0, StatusCode::CONFLICT, "nobody is on the line");
    let call = page.ring(&["103"]).await;
    page.post("crm/hangup", json!({})).await;
    let hung_up = page.sandbox.journal.of(System::Kontur, "→ hangup");
    assert_eq!(hung_up[0].body["realtimeCallItemId"], call["legs"][0]["id"]);
}

#[tokio::test]
async fn fault_switches_break_and_mend() {
    let page = Page::open().await;
    for (system, fault) in
        [("kontur", "down"), ("workonflow", "error_inside"), ("metabot", "hang"), ("pbx", "slow")]
    {
        page.post("faults", json!({"system": system, "fault": fault})).await;
        assert_eq!(page.state().await["faults"][system], fault);
    }
    page.post("faults", json!({"silent": true})).await;
    assert_eq!(page.state().await["faults"]["silent"], true);
    page.ring(&["101"]).await;
    page.post("faults", json!({"all": "healthy"})).await;
    let healthy = json!({"kontur": "healthy", "workonflow": "healthy", "metabot": "healthy", "pbx": "healthy",
        "silent": false});
    assert_eq!(page.state().await["faults"], healthy);
    // What happened while the PBX was silent is told to nobody, not even afterwards.
    page.ring(&["102"]).await;
    page.events(1).await;
    let told = page.sandbox.journal.of(System::Pbx, "→ webhook")[0].body["call_id"].clone();
    assert_eq!(told, json!(page.sandbox.pbx.history()[1].call_id));
}

#[tokio::test]
async fn the_feed_begins_with_what_there_is_and_goes_on_after_the_last_seen() {
    let page = Page::open().await;
    page.post("crm/setup", json!({})).await;
    page.post("crm/upgrade", json!({})).await;
    let request = page.http.get(format!("{}/_sandbox/events", page.url)).header("last-event-id", "1");
    let mut feed = request.send().await.expect("answer");
    assert_eq!(feed.headers()["content-type"], "text/event-stream");
    let first = chunk(&mut feed).await;
    assert!(first.contains("id: 2\n") && first.contains("→ upgrade"), "{first}");
    assert!(!first.contains("accesskey"), "headers hold keys: {first}");
    page.post("crm/sync", json!({})).await;
    let live = chunk(&mut feed).await;
    assert!(live.contains("id: 3\n") && live.contains("→ sync"), "{live}");
}

async fn chunk(feed: &mut reqwest::Response) -> String {
    let next = tokio::time::timeout(SOON, feed.chunk()).await;
    let bytes = next.expect("in time").expect("a chunk").expect("an open feed");
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn clearing_empties_the_columns_only() {
    let page = Page::open().await;
    page.ring(&["101"]).await;
    page.events(2).await;
    page.post("clear", json!({})).await;
    assert_eq!(page.sandbox.journal.entries(), []);
    assert_eq!(page.state().await["calls"][0]["state"], "ringing");
}

#[tokio::test]
async fn the_configuration_names_every_system_and_id() {
    let page = Page::open().await;
    let sandbox = &page.sandbox;
    let toml = sandbox.configuration_toml("127.0.0.1:8080", "sqlite://sandbox.db");
    let seeds = sandbox.workonflow.seeds();
    let mut expected = vec![
        r#"listen = "127.0.0.1:8080""#.to_owned(),
        r#"database_url = "sqlite://sandbox.db""#.to_owned(),
        format!(r#"public_url = "{}""#, sandbox.server_url()),
        format!(r#"workspace = "{WORKSPACE}""#),
        format!(r#"control_url = "{}""#, sandbox.pbx.control_url()),
        format!(r#"stream_id = "{}""#, seeds.stream_id),
        format!(r#"status_id = "{}""#, seeds.wait_status_id),
        format!(r#"done_status_id = "{}""#, seeds.done_status_id),
    ];
    let systems = [sandbox.kontur.url(), sandbox.workonflow.url(), sandbox.metabot.url()];
    expected.extend(systems.map(|url| format!(r#"api_url = "{url}""#)));
    expected.extend(
        sandbox.employees.iter().map(|one| format!(r#"workonflow_user_id = "{}""#, one.workonflow_user_id)),
    );
    for line in expected {
        assert_eq!(toml.lines().filter(|known| **known == line).count(), 1, "{line} in\n{toml}");
    }
}
