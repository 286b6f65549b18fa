//! Attempts that ended in doubt: exactly one of everything, whatever was cut.

use domain::outbox::{Notice, Outcome};
use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;

use super::story::Story;
use super::{START, Simulated, install};

const STARTED: Notice = Notice::CallStarted { at: START };

async fn cut(operation: &str, kind: FaultKind) -> (Simulated, Story, usize) {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    at.kontur.faults().set(Fault::times(kind, 1).on(operation));
    let mut attempts = 0;
    for notice in story.untold().into_iter().chain([Notice::Register]) {
        attempts += story.insist(&at, &notice).await - 1;
    }
    let told = at.communication();
    assert_eq!((told.registered, told.recordings.len()), (1, 1));
    at.assert_legal();
    (at, story, attempts)
}

#[tokio::test]
async fn a_call_started_whose_answer_was_lost_is_found() {
    let (at, story, retries) = cut("call-started", FaultKind::CutAfter).await;
    assert_eq!((retries, at.journal.count(System::Kontur, "call-started")), (1, 1));
    assert_eq!(story.communication, Some(at.communication().id.to_string().as_str().into()));
}

#[tokio::test]
async fn a_call_started_that_never_arrived_is_sent_again() {
    let (at, _, retries) = cut("call-started", FaultKind::CutBefore).await;
    assert_eq!((retries, at.journal.count(System::Kontur, "call-started")), (1, 2));
}

#[tokio::test]
async fn a_registration_whose_answer_was_lost_is_found() {
    let (at, _, retries) = cut("register-call", FaultKind::CutAfter).await;
    assert_eq!((retries, at.journal.count(System::Kontur, "register-call")), (1, 1));
}

#[tokio::test]
async fn a_call_that_is_started_but_not_registered_is_registered() {
    let (at, _, retries) = cut("register-call", FaultKind::CutBefore).await;
    assert_eq!((retries, at.journal.count(System::Kontur, "register-call")), (1, 2));
    assert_eq!(at.journal.count(System::Kontur, "files/upload"), 1, "the file is not uploaded again");
}

#[tokio::test]
async fn where_there_is_no_feed_the_call_is_sent_again() {
    let missing = FaultKind::Status { status: 409, body: json!({"status": "notFound"}), retry_after: None };
    for no_feed in [FaultKind::status(404), missing, FaultKind::Garbage] {
        let at = Simulated::start().await;
        let mut story = Story::answered("pbx-42");
        at.kontur.faults().set(Fault::times(FaultKind::CutBefore, 1).on("call-started"));
        at.kontur.faults().set(Fault::always(no_feed).on("events"));
        assert_eq!(story.insist(&at, &STARTED).await, 2);
        assert_eq!(at.journal.count(System::Kontur, "call-started"), 2);
    }
}

#[tokio::test]
async fn while_the_feed_is_down_nothing_is_sent() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    let down = FaultKind::Status { status: 503, body: Value::Null, retry_after: Some(9) };
    at.kontur.faults().set(Fault::times(down, 1).on("events"));
    let report = story.attempt(&at, &STARTED, true, &Value::Null).await;
    let Outcome::Retry { retry_after, ambiguous: true, .. } = report.outcome else { panic!("{report:?}") };
    assert_eq!(retry_after.map(|wait| wait.as_secs()), Some(9));
    assert_eq!(at.journal.count(System::Kontur, "call-started"), 0);
}

#[tokio::test]
async fn the_feed_is_read_on_from_where_it_was() {
    let at = Simulated::start().await;
    for n in 0..600 {
        Story::answered(&format!("other-{n}")).tell(&at, &STARTED).await;
    }
    let mut story = Story::answered("pbx-42");
    story.attempt(&at, &STARTED, true, &Value::Null).await;
    assert_eq!(at.journal.count(System::Kontur, "events"), 2, "two pages of 500");
    let again = Story::answered("pbx-42").attempt(&at, &STARTED, true, &Value::Null).await;
    assert_eq!(again.outcome, Outcome::Delivered);
    assert_eq!(at.journal.count(System::Kontur, "events"), 3, "one page with what came since");
    assert_eq!(at.journal.count(System::Kontur, "call-started"), 601);
}

#[tokio::test]
async fn a_feed_that_began_anew_is_read_from_its_beginning() {
    let at = Simulated::start().await;
    Story::answered("pbx-42").tell(&at, &STARTED).await;
    Story::answered("pbx-42").attempt(&at, &STARTED, true, &Value::Null).await;
    install(&at.kontur);
    Story::answered("pbx-43").tell(&at, &STARTED).await;
    let found = Story::answered("pbx-43").attempt(&at, &STARTED, true, &Value::Null).await;
    assert_eq!((found.outcome, found.status), (Outcome::Delivered, None));
    assert_eq!(at.journal.count(System::Kontur, "call-started"), 2);
}
