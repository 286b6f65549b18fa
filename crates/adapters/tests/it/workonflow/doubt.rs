//! Attempts that end in the middle: the next goes on, and nothing is made twice.

use domain::instance::settings::WorkonflowDialect;
use domain::outbox::{Cause, Outcome};
use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::workonflow::Priority;

use super::{BOTH, Team, a_missed_call, an_answered_call};
use crate::calls::CLIENT;

const UNKNOWN_ID: &str = "5b4484384e3e54001e267eff";

#[tokio::test]
async fn a_comment_with_an_unknown_outcome_is_looked_for_before_it_is_sent_again() {
    for dialect in BOTH {
        let team = Team::start(dialect).await;
        team.simulated.faults().set(Fault::times(FaultKind::CutAfter, 1).on("comment/create"));
        let mut call = a_missed_call("pbx-1", CLIENT, 0);

        let report = call.attempt(&team.ours).await;
        assert!(matches!(report.outcome, Outcome::Retry { ambiguous: true, .. }), "{report:?}");
        call.delivered(&team.ours).await;

        team.expect(1, 1, 1);
        assert_eq!(team.journal.count(System::Workonflow, "comment/create"), 1);
        assert_eq!(team.simulated.threads()[0].priority, Priority::High);
    }
}

#[tokio::test]
async fn a_comment_that_never_arrived_is_sent_again() {
    let team = Team::start(WorkonflowDialect::Query).await;
    for kind in [FaultKind::CutBefore, FaultKind::ErrorInside, FaultKind::Garbage, FaultKind::status(503)] {
        team.simulated.faults().set(Fault::times(kind, 1).on("comment/create"));
    }
    let mut call = a_missed_call("pbx-1", CLIENT, 0);
    for _ in 0..4 {
        let report = call.attempt(&team.ours).await;
        assert!(matches!(report.outcome, Outcome::Retry { ambiguous: true, .. }), "{report:?}");
    }
    call.delivered(&team.ours).await;
    team.expect(1, 1, 1);
}

#[tokio::test]
async fn a_crash_that_lost_every_trace_of_the_attempt_makes_no_second_comment() {
    for dialect in BOTH {
        let team = Team::start(dialect).await;
        an_answered_call("pbx-1", CLIENT, 0).delivered(&team.ours).await;
        let mut again = an_answered_call("pbx-1", CLIENT, 0);
        again.suspect = true;
        again.delivered(&team.restarted()).await;
        team.expect(1, 1, 1);
    }
}

#[tokio::test]
async fn a_crash_before_the_first_request_is_no_different_from_the_beginning() {
    let team = Team::start(WorkonflowDialect::Query).await;
    for phone in [CLIENT, "anonymous"] {
        let mut call = an_answered_call(phone, phone, 0);
        call.suspect = true;
        call.delivered(&team.ours).await;
    }
    team.expect(1, 2, 2);
}

#[tokio::test]
async fn contact_and_thread_are_looked_up_after_an_unknown_outcome() {
    for operation in ["contact/create", "thread/create"] {
        let team = Team::start(WorkonflowDialect::Query).await;
        team.simulated.faults().set(Fault::times(FaultKind::CutAfter, 1).on(operation));
        let mut call = a_missed_call("pbx-1", CLIENT, 0);
        let report = call.attempt(&team.ours).await;
        assert!(matches!(report.outcome, Outcome::Retry { ambiguous: false, .. }), "{report:?}");
        call.delivered(&team.ours).await;
        team.expect(1, 1, 1);
    }
}

#[tokio::test]
async fn a_retry_goes_on_where_the_attempt_before_it_stopped() {
    let team = Team::start(WorkonflowDialect::Query).await;
    team.simulated.faults().set(Fault::times(FaultKind::status(503), 1).on("thread.fields.priority"));
    let mut call = a_missed_call("pbx-1", CLIENT, 0);
    let report = call.attempt(&team.ours).await;
    assert!(matches!(report.outcome, Outcome::Retry { ambiguous: false, .. }), "{report:?}");
    let requests = team.journal.entries().len();
    call.delivered(&team.restarted()).await;
    assert_eq!(team.journal.entries().len(), requests + 1, "only the priority was left");
    team.expect(1, 1, 1);
}

#[tokio::test]
async fn what_is_remembered_and_gone_is_looked_up_again_in_the_same_attempt() {
    let gone = [
        json!({"thread_id": UNKNOWN_ID, "contact_id": UNKNOWN_ID}),
        json!({"thread_id": UNKNOWN_ID, "comment_id": UNKNOWN_ID}),
        json!({"thread_id": UNKNOWN_ID, "doubtful": true}),
        json!({"contact_id": UNKNOWN_ID}),
    ];
    for progress in gone {
        let team = Team::start(WorkonflowDialect::Query).await;
        let mut call = a_missed_call("pbx-1", CLIENT, 0);
        call.progress = progress.clone();
        call.delivered(&team.ours).await;
        let threads = team.simulated.threads();
        assert_eq!((threads.len(), team.simulated.all_comments().len()), (1, 1), "{progress}");
        assert_eq!(threads[0].priority, Priority::High);
    }
}

#[tokio::test]
async fn a_refusal_of_the_content_is_a_dead_letter_and_names_what_was_asked() {
    let team = Team::start(WorkonflowDialect::Query).await;
    let mut call = an_answered_call("pbx-1", CLIENT, 0).with_employee(UNKNOWN_ID);
    let report = call.attempt(&team.ours).await;
    let Outcome::Dead { cause: Cause::Validation, reason } = report.outcome else { panic!("{report:?}") };
    assert!(reason.starts_with("workonflow thread/create: answered 400: contact "), "{reason}");
}

#[tokio::test]
async fn refused_credentials_are_retried_and_the_clock_is_named() {
    for dialect in BOTH {
        let team = Team::start(dialect).await;
        team.simulated.set_clock_offset(-600_000);
        let mut call = a_missed_call("pbx-1", CLIENT, 0);
        let report = call.attempt(&team.ours).await;
        assert!(report.credentials_refused);
        let Outcome::Retry { ambiguous: false, reason, .. } = &report.outcome else { panic!("{report:?}") };
        assert!(reason.contains("clock"), "{reason}");
        team.simulated.set_clock_offset(0);
        call.delivered(&team.ours).await;
        team.expect(1, 1, 1);
    }
}
