//! Recordings: with the registration where they can be had, by themselves where not.

use domain::call::event::Recording;
use domain::outbox::{Cause, Notice, Outcome};
use domain::port::destination::{Effect, Report};
use domain::recording::{Fault, News};
use serde_json::Value;
use simulators::faults::{Fault as Failure, FaultKind};
use simulators::journal::System;

use super::story::Story;
use super::{Simulated, instance_at};

fn recording() -> Notice {
    let url = "https://pbx.example.ru/r/1.mp3".to_owned();
    Notice::Recording { recording: Recording { leg: "leg-1".into(), url, content_type: None, size: None } }
}

/// Tells the whole call, and the recording by itself.
async fn told_later(at: &Simulated, story: &mut Story) {
    for notice in story.untold().into_iter().chain([Notice::Register]) {
        story.tell(at, &notice).await;
    }
    assert_eq!((at.communication().registered, at.communication().recordings.len()), (1, 0));
    assert_eq!(story.follow, vec![recording()]);
}

#[tokio::test]
async fn a_recording_that_cannot_be_fetched_does_not_hold_the_registration_back() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    at.shelf.fail(Some(Fault::Refused));
    told_later(&at, &mut story).await;
    let torn = story.attempt(&at, &recording(), false, &Value::Null).await;
    assert!(matches!(torn.outcome, Outcome::Retry { ambiguous: false, .. }), "{torn:?}");
    assert!(!torn.credentials_refused, "the provider refused, not Kontur");
    at.shelf.fail(None);
    story.tell(&at, &recording()).await;
    assert_eq!(at.communication().recordings.len(), 1);
    at.assert_legal();
}

#[tokio::test]
async fn neither_does_one_that_cannot_be_uploaded() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    at.kontur.faults().set(Failure::times(FaultKind::status(503), 1).on("files/upload"));
    told_later(&at, &mut story).await;
    at.kontur.faults().set(Failure::times(FaultKind::status(503), 1).on("files/upload"));
    let report = story.attempt(&at, &recording(), false, &Value::Null).await;
    assert_eq!(news(&report), [fetched()], "the trouble is Kontur's");
    story.tell(&at, &recording()).await;
    assert_eq!(at.communication().recordings.len(), 1);
}

#[tokio::test]
async fn an_uploaded_file_is_used_by_the_next_attempt() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    at.shelf.fail(Some(Fault::Refused));
    told_later(&at, &mut story).await;
    at.shelf.fail(None);
    at.kontur.faults().set(Failure::times(FaultKind::status(503), 1).on("call-recording"));
    assert_eq!(story.insist(&at, &recording()).await, 2);
    assert_eq!(at.journal.count(System::Kontur, "files/upload"), 1);
    at.assert_legal();
}

#[tokio::test]
async fn a_call_registered_from_history_is_looked_up_for_its_recording() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    at.shelf.fail(Some(Fault::Refused));
    story.tell(&at, &Notice::Register).await;
    at.shelf.fail(None);
    story.tell(&at, &recording()).await;
    assert_eq!(story.communication, Some(at.communication().id.to_string().as_str().into()));
    assert_eq!(at.communication().recordings.len(), 1);
    at.assert_legal();
}

#[tokio::test]
async fn a_recording_of_a_call_that_kontur_does_not_have_is_dead() {
    let at = Simulated::start().await;
    let report = Story::answered("pbx-42").attempt(&at, &recording(), false, &Value::Null).await;
    assert!(matches!(report.outcome, Outcome::Dead { cause: Cause::Prerequisite, .. }), "{report:?}");
}

#[tokio::test]
async fn without_a_provider_a_recording_is_a_matter_of_configuration() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    story.communication = Some("c-1".into());
    let adapter = instance_at(at.kontur.url(), None);
    let report = story.attempt_at(&adapter, &recording(), false, &Value::Null).await;
    assert!(matches!(report.outcome, Outcome::Dead { cause: Cause::Configuration, .. }), "{report:?}");
}

/// What a report says of the recording.
fn news(report: &Report) -> Vec<News> {
    let news = |effect: &Effect| match effect {
        Effect::Recording { leg, news } if leg.as_str() == "leg-1" => Some(news.clone()),
        _ => None,
    };
    report.effects.iter().filter_map(news).collect()
}

fn fetched() -> News {
    News::Fetched { size: 5, content_type: "audio/mpeg".to_owned() }
}

#[tokio::test]
async fn one_that_got_into_the_registration_is_told_by_nothing_else() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    let report = story.tell(&at, &Notice::Register).await;
    assert_eq!((news(&report), story.follow.len()), (vec![fetched(), News::Attached], 0));
}

#[tokio::test]
async fn one_that_is_told_later_says_how_far_it_got() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    at.shelf.fail(Some(Fault::NotThere));
    told_later(&at, &mut story).await;
    let report = story.attempt(&at, &recording(), false, &Value::Null).await;
    let reason = "made to fail".to_owned();
    assert_eq!(news(&report), [News::Hindered { fault: Fault::NotThere, reason }]);
    at.shelf.fail(None);
    let report = story.tell(&at, &recording()).await;
    assert_eq!(news(&report), [fetched(), News::Attached]);
}

#[tokio::test]
async fn what_nobody_can_bring_is_given_up_at_once() {
    let at = Simulated::start().await;
    let mut story = Story::answered("pbx-42");
    at.shelf.fail(Some(Fault::TooLarge));
    told_later(&at, &mut story).await;
    let large = story.attempt(&at, &recording(), false, &Value::Null).await;
    assert!(matches!(large.outcome, Outcome::Skipped { .. }), "{large:?}");
    at.shelf.fail(Some(Fault::Forbidden));
    let forbidden = story.attempt(&at, &recording(), false, &Value::Null).await;
    assert!(matches!(forbidden.outcome, Outcome::Dead { cause: Cause::Configuration, .. }), "{forbidden:?}");
}
