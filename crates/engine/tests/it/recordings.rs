//! Recordings over hours, by a clock moved by hand: what a destination found out, and what becomes of the state.

use std::time::Duration;

use domain::instance::status::Status;
use domain::outbox::{Cause, Outcome};
use domain::port::destination::Effect;
use domain::recording::{Fault, News, RecordingState, Tracked};
use storage::calls::CallFilter;

use super::company::{Company, eventually};

/// An answered call that is over by now.
async fn answered(company: &Company) {
    let at = company.second();
    company
        .send(&format!(
            "{at} e1 c1 call.started\n{at} e2 c1 leg.answered l1\n{at} e3 c1 leg.ended l1\n{at} e4 c1 call.finished"
        ))
        .await;
    company.settle().await;
}

async fn recorded(company: &Company) {
    company.send(&format!("{} e5 c1 recording.ready l1", company.second())).await;
}

/// What is known of the only recording of the only call.
async fn tracked(company: &Company) -> Option<Tracked> {
    let filter = CallFilter { limit: 1, ..CallFilter::default() };
    let call = company.rig.engine.list_calls(filter).await.unwrap().remove(0).id;
    let timeline = company.rig.engine.timeline(call).await.unwrap();
    timeline.recordings.into_iter().next().map(|record| record.tracked)
}

fn news(news: News) -> Effect {
    Effect::Recording { leg: "l1".into(), news }
}

fn hindered(fault: Fault) -> Effect {
    news(News::Hindered { fault, reason: "made to fail".to_owned() })
}

fn again() -> Outcome {
    Outcome::Retry { reason: "made to fail".to_owned(), retry_after: None, ambiguous: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_two_hours_late_is_attached() {
    let company = Company::start().await;
    answered(&company).await;
    assert_eq!(tracked(&company).await, None, "what is only expected has no row");
    company.rig.clock.advance(Duration::from_hours(2));
    let fetched = news(News::Fetched { size: 9, content_type: "audio/mpeg".to_owned() });
    let found = vec![fetched, news(News::Attached)];
    company.rig.remote.kontur.answer_next_with(Outcome::Delivered, found);
    recorded(&company).await;
    company.settle().await;
    let shown = tracked(&company).await.unwrap();
    assert_eq!((shown.state, shown.size), (RecordingState::Attached, Some(9)));
    assert_eq!(company.told().last().unwrap().1, "call-recording");
    // Nobody needs the file any more.
    eventually(async || (company.rig.remote.recordings.discarded() == ["l1".into()]).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_does_not_come_for_a_day_has_failed_and_the_call_is_registered() {
    let company = Company::start().await;
    answered(&company).await;
    let kontur = &company.rig.remote.kontur;
    kontur.answer_next_with(again(), vec![hindered(Fault::NotThere)]);
    kontur.answer_next_with(again(), vec![hindered(Fault::Empty)]);
    recorded(&company).await;
    let waiting = eventually(async || tracked(&company).await.filter(|known| known.fault.is_some())).await;
    assert_eq!((waiting.state, waiting.fault), (RecordingState::Available, Some(Fault::NotThere)));
    company.rig.clock.advance(Duration::from_hours(25));
    company.settle().await;
    let failed = tracked(&company).await.unwrap();
    assert_eq!((failed.state, failed.fault), (RecordingState::Failed, Some(Fault::Empty)));
    assert!(company.told().iter().any(|(_, word)| *word == "register-call"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_kontur_refuses_was_not_taken_and_one_too_large_is_nobodys_fault() {
    for (outcome, found, fault, active) in [
        (Outcome::Dead { cause: Cause::Validation, reason: "no".to_owned() }, vec![], Fault::NotTaken, false),
        (
            Outcome::Skipped { reason: "too large".to_owned() },
            vec![hindered(Fault::TooLarge)],
            Fault::TooLarge,
            true,
        ),
    ] {
        let company = Company::start().await;
        answered(&company).await;
        company.rig.remote.kontur.answer_next_with(outcome, found);
        recorded(&company).await;
        company.settle().await;
        let failed = tracked(&company).await.unwrap();
        assert_eq!((failed.state, failed.fault), (RecordingState::Failed, Some(fault)));
        let status = if active { Status::Active } else { Status::HasErrors };
        eventually(async || (company.acme().status() == status).then_some(())).await;
    }
}
