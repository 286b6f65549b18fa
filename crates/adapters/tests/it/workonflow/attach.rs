//! Recordings beside the comments of their calls.

use std::sync::Arc;

use adapters::destination::workonflow::Workonflow;
use domain::call::event::Recording;
use domain::clock::SystemClock;
use domain::instance::settings::WorkonflowDialect;
use domain::outbox::{Cause, Notice, Outcome};
use domain::port::destination::Effect;
use domain::recording::Fault;
use simulators::faults::{Fault as Failure, FaultKind};
use simulators::journal::System;

use super::{BOTH, Team, a_missed_call, an_answered_call, workonflow_with};
use crate::calls::{CLIENT, Case, answered, at};
use crate::shelf::Shelf;

/// A team, our client of it, and what was recorded.
struct Office {
    team: Team,
    shelf: Arc<Shelf>,
    ours: Workonflow,
}

impl Office {
    async fn start(dialect: WorkonflowDialect) -> Self {
        let (team, shelf) = (Team::start(dialect).await, Shelf::new());
        let ours = ours(&team, &shelf);
        Self { team, shelf, ours }
    }

    /// How many comments there are, how many of them are files, and that no contract was broken on the way.
    #[track_caller]
    fn expect(&self, comments: usize, files: usize) {
        let all = self.team.simulated.all_comments();
        let of_files = all.iter().filter(|comment| comment.kind == "file").count();
        assert_eq!((all.len(), of_files), (comments, files), "{all:?}");
        self.team.expect(1, 1, comments);
    }
}

fn ours(team: &Team, shelf: &Arc<Shelf>) -> Workonflow {
    workonflow_with(&team.settings, Arc::new(SystemClock), Some(Arc::clone(shelf) as _))
}

/// The recording of [`an_answered_call`].
fn recording_of(id: &str, url: &str) -> Case {
    let recording = Recording { leg: "leg-1".into(), url: url.to_owned(), content_type: None, size: None };
    Case::new(Notice::Attach { recording }, id, answered(CLIENT, at(0)))
}

const URL: &str = "https://pbx.test/r/1.mp3";

#[tokio::test]
async fn a_recording_is_a_file_in_the_thread_of_its_call() {
    for dialect in BOTH {
        let office = Office::start(dialect).await;
        an_answered_call("pbx-1", CLIENT, 0).delivered(&office.ours).await;
        recording_of("pbx-1", URL).delivered(&office.ours).await;
        office.expect(2, 1);
        let threads = office.team.simulated.threads();
        let files = office.team.simulated.thread_files(&threads[0].id);
        assert_eq!(files.len(), 1, "{files:?}");
    }
}

#[tokio::test]
async fn it_follows_its_call_although_the_client_has_another_thread_by_now() {
    let office = Office::start(WorkonflowDialect::Query).await;
    let effects = a_missed_call("pbx-0", CLIENT, 0).delivered(&office.ours).await;
    let [Effect::Missed(waiting)] = effects.as_slice() else { panic!("{effects:?}") };
    let mut returned = an_answered_call("pbx-1", CLIENT, 60);
    returned.customer.unreturned = vec![waiting.clone()];
    returned.delivered(&office.ours).await;
    let first = office.team.simulated.threads()[0].id.clone();
    an_answered_call("pbx-2", CLIENT, 100).delivered(&office.ours).await;
    office.team.expect(1, 2, 3);
    recording_of("pbx-1", URL).delivered(&office.ours).await;
    let comments = office.team.simulated.comments(&first);
    assert_eq!(comments.iter().filter(|comment| comment.kind == "file").count(), 1, "{comments:?}");
}

#[tokio::test]
async fn a_file_whose_comment_is_in_doubt_is_looked_for() {
    for dialect in BOTH {
        let office = Office::start(dialect).await;
        an_answered_call("pbx-1", CLIENT, 0).delivered(&office.ours).await;
        office.team.simulated.faults().set(Failure::times(FaultKind::CutAfter, 1).on("comment/create"));
        let mut attach = recording_of("pbx-1", URL);
        let report = attach.attempt(&office.ours).await;
        assert!(matches!(report.outcome, Outcome::Retry { ambiguous: true, .. }), "{report:?}");
        attach.delivered(&office.ours).await;
        office.expect(2, 1);
    }
}

#[tokio::test]
async fn a_crash_that_lost_every_trace_attaches_nothing_twice() {
    for dialect in BOTH {
        let office = Office::start(dialect).await;
        an_answered_call("pbx-1", CLIENT, 0).delivered(&office.ours).await;
        recording_of("pbx-1", URL).delivered(&office.ours).await;
        let mut again = recording_of("pbx-1", URL);
        again.suspect = true;
        again.delivered(&ours(&office.team, &office.shelf)).await;
        office.expect(2, 1);
    }
}

#[tokio::test]
async fn what_could_not_be_put_is_announced_anew() {
    let office = Office::start(WorkonflowDialect::Query).await;
    an_answered_call("pbx-1", CLIENT, 0).delivered(&office.ours).await;
    for operation in ["file/put.url", "storage/put", "comment/create"] {
        office.team.simulated.faults().set(Failure::times(FaultKind::status(503), 1).on(operation));
    }
    let mut attach = recording_of("pbx-1", URL);
    for ambiguous in [false, false, true] {
        let report = attach.attempt(&office.ours).await;
        let Outcome::Retry { ambiguous: found, .. } = report.outcome else { panic!("{report:?}") };
        assert_eq!(found, ambiguous, "{report:?}");
    }
    attach.delivered(&office.ours).await;
    office.expect(2, 1);
    assert_eq!(office.team.journal.count(System::Workonflow, "file/put.url"), 3, "not after it was put");
}

#[tokio::test]
async fn a_recording_that_is_too_large_is_a_link() {
    for (url, shown) in [(URL, true), ("https://pbx.test/r/1.mp3?token=t0ken", false)] {
        let office = Office::start(WorkonflowDialect::Body).await;
        an_answered_call("pbx-1", CLIENT, 0).delivered(&office.ours).await;
        office.shelf.fail(Some(Fault::TooLarge));
        recording_of("pbx-1", url).delivered(&office.ours).await;
        let mut again = recording_of("pbx-1", url);
        again.suspect = true;
        again.delivered(&office.ours).await;
        office.expect(2, 0);
        let texts: Vec<_> = office.team.simulated.all_comments().into_iter().map(|one| one.text).collect();
        let text = texts.iter().find(|text| text.contains("больше 100 МБ")).unwrap();
        assert_eq!((text.contains(url), text.contains("t0ken")), (shown, false), "{text}");
    }
}

#[tokio::test]
async fn a_recording_that_cannot_be_had_says_nothing_of_workonflow() {
    let office = Office::start(WorkonflowDialect::Query).await;
    office.shelf.fail(Some(Fault::Refused));
    let report = recording_of("pbx-1", URL).attempt(&office.ours).await;
    assert!(matches!(report.outcome, Outcome::Retry { ambiguous: false, .. }), "{report:?}");
    assert!(!report.credentials_refused && !report.sign.is_ill());
    office.shelf.fail(Some(Fault::Forbidden));
    let report = recording_of("pbx-1", URL).attempt(&office.ours).await;
    assert!(matches!(report.outcome, Outcome::Dead { cause: Cause::Configuration, .. }), "{report:?}");
    assert!(office.team.simulated.files().is_empty());
}
