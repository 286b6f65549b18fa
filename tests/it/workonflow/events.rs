//! Workonflow tells us something: only who knows the token is listened to, and unknown events do no harm.

use serde_json::json;
use simulators::sandbox::WORKSPACE;
use simulators::workonflow::{Event, EventTarget};

use crate::harness::{Company, Reply};

const TOKEN: &str = "sandbox-events-7f3a9c51d2e84b06";

fn target(company: &Company, workspace: &str, token: &str) -> EventTarget {
    EventTarget {
        server_url: company.server.url().to_owned(),
        workspace: workspace.to_owned(),
        events_token: token.to_owned(),
    }
}

#[tokio::test]
async fn events_with_the_token_are_taken_known_or_not() {
    let company = Company::start().await;
    let target = target(&company, WORKSPACE, TOKEN);
    let comment = Event::comment_created("5b0000000000000000000009", "5b0000000000000000000008", "text");
    for event in [
        comment.clone(),
        comment.with_cyrillic_letter(),
        Event::status_updated("5b01", "5b02", "5b03"),
        Event::bot_access_set(None),
        Event::new("Something.New", json!({"with": ["anything"]})),
    ] {
        let status = company.sandbox.workonflow.send_event(&target, event.clone()).await.expect("an answer");
        assert_eq!(status, 200, "{event:?}");
    }
}

#[tokio::test]
async fn a_wrong_token_and_an_unknown_workspace_look_the_same() {
    let company = Company::start().await;
    let mut answers = Vec::new();
    for (workspace, token) in [(WORKSPACE, "guessed"), ("nobody", TOKEN)] {
        let url = format!("{}/workonflow/{workspace}/{token}", company.server.url());
        answers.push(Reply::to(company.http.post(url).json(&json!({}))).await.problem(404, "not-found"));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let company = Company::start().await;
    let url = format!("{}/workonflow/{WORKSPACE}/{TOKEN}", company.server.url());
    Reply::to(company.http.post(url).body("{")).await.problem(400, "invalid");
}
