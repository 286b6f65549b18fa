//! Deliveries as callbacks, and what each answer makes of them.

use std::time::Duration;

use domain::call::event::Happening;
use domain::outbox::{Cause, Notice, Outcome};
use domain::port::destination::{Effect, Report};
use serde_json::{Value, json};
use simulators::journal::System;

use super::story::Story;
use super::{CALLBACKS, START, Scripted, Simulated, USER};

const STARTED: Notice = Notice::CallStarted { at: START };
const FINISHED: Notice = Notice::CallFinished { at: START };

#[tokio::test]
async fn a_whole_call_is_told_in_legal_order() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    for notice in story.untold() {
        story.tell(&at, &notice).await;
    }
    story.tell(&at, &Notice::Register).await;
    let told = at.communication();
    assert_eq!(told.event_types(), ["appeared", "connected", "disconnected"]);
    assert!(told.finished);
    assert_eq!((told.registered, told.recordings.len()), (1, 1));
    assert_eq!(told.items[0]["to"]["userId"], USER);
    assert_eq!(told.items[0]["recordings"][0]["contentLength"], "5");
    at.assert_legal();
}

#[tokio::test]
async fn a_call_of_a_user_keeps_its_communication() {
    let at = Simulated::start().await;
    let pressed = at.kontur.crm("acme").press_call(USER.parse().unwrap(), "79997775533").await;
    at.journal.clear();
    let mut story = Story::new("pbx-42");
    let id = pressed.communication_id.to_string();
    story.asked_for(Happening::CallStarted, Some(id.as_str().into()));
    let report = story.tell(&at, &STARTED).await;
    assert_eq!(report.effects, vec![Effect::Communication(id.as_str().into())]);
    story.tell(&at, &Notice::CallFailed { at: START }).await;
    assert!(at.communication().failed);
    at.assert_legal();
}

#[tokio::test]
async fn what_is_known_to_be_accepted_is_not_sent_again() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    story.tell(&at, &STARTED).await;
    let again = story.tell(&at, &STARTED).await;
    assert_eq!(at.journal.count(System::Kontur, "call-started"), 1);
    assert_eq!((again.status, again.effects), (None, vec![]));
}

#[tokio::test]
async fn a_report_says_what_kontur_said() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    let started = story.tell(&at, &STARTED).await;
    let answer = started.answer.unwrap();
    assert_eq!(started.status, Some(200));
    assert!(answer.contains("Telephony/pbx-42") && !answer.contains("79997775533"), "{answer}");
    let finished = story.tell(&at, &FINISHED).await;
    assert_eq!((finished.status, finished.answer.as_deref()), (Some(200), Some("\"OK\"")));
}

#[tokio::test]
async fn without_a_communication_the_rest_of_a_call_is_dead() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    for notice in story.untold().iter().skip(1) {
        let report = story.attempt(&at, notice, false, &Value::Null).await;
        assert!(matches!(report.outcome, Outcome::Dead { cause: Cause::Prerequisite, .. }), "{report:?}");
    }
    assert!(at.journal.entries().is_empty());
}

#[tokio::test]
async fn a_communication_that_was_deleted_is_dead() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    story.tell(&at, &STARTED).await;
    at.kontur.delete_communication("acme", at.communication().id);
    let report = story.attempt(&at, &FINISHED, false, &Value::Null).await;
    let Outcome::Dead { cause: Cause::NotFound, reason } = report.outcome else { panic!("{report:?}") };
    assert!(reason.contains("Communication not found"), "{reason}");
}

/// One attempt at call-started against one answer.
async fn attempt(status: usize, headers: &[(&str, &str)], body: &str) -> Report {
    let mut kontur = Scripted::start().await;
    kontur.authorises(2);
    let path = format!("{CALLBACKS}/call-started");
    let mut mock = kontur.server.mock("POST", &*path).with_status(status).with_body(body);
    for (name, value) in headers {
        mock = mock.with_header(*name, value);
    }
    mock.create();
    Story::answered("pbx-42").attempt_at(&kontur.instance(), &STARTED, false, &Value::Null).await
}

#[tokio::test]
async fn retry_after_is_passed_on() {
    let report = attempt(429, &[("retry-after", "7")], "").await;
    let Outcome::Retry { retry_after, ambiguous, .. } = report.outcome else { panic!("{report:?}") };
    assert_eq!((retry_after, ambiguous, report.status), (Some(Duration::from_secs(7)), false, Some(429)));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_leaves_a_doubt() {
    for (status, body) in [
        (200, "<html>maintenance</html>"),
        (200, r#"{"status":"internalError","message":"Oops"}"#),
        (200, r#"{"isSuccessful":false}"#),
        (200, r#"{"externalId":"no id"}"#),
        (502, "bad gateway"),
    ] {
        let report = attempt(status, &[], body).await;
        assert!(matches!(report.outcome, Outcome::Retry { ambiguous: true, .. }), "{body}: {report:?}");
        assert!(!report.credentials_refused);
    }
}

#[tokio::test]
async fn a_body_found_wrong_is_dead_with_konturs_reason() {
    let problem =
        json!({"errors": {"clientPhone": ["79997775533 is too short"]}, "title": "Invalid.", "status": 400});
    let report = attempt(400, &[], &problem.to_string()).await;
    let Outcome::Dead { cause: Cause::Validation, reason } = report.outcome else { panic!("{report:?}") };
    assert!(reason.contains("clientPhone: …5533 is too short"), "{reason}");
}

#[tokio::test]
async fn refused_credentials_are_told_apart_and_nothing_is_lost() {
    let report = attempt(401, &[], "\"Unauthorized\"").await;
    assert!(report.credentials_refused);
    assert!(matches!(report.outcome, Outcome::Retry { ambiguous: false, .. }), "{report:?}");
}
