//! A reconciliation as the admin API shows it.

use domain::reconciliation as found;
use engine::reconcile::Repair;
use poem_openapi::Object;

use crate::api::admin::types::{Moment, Vocabulary, Word};
use crate::api::problem::Problem;

/// Where a reconciliation stands.
struct States;

impl Vocabulary for States {
    const WORDS: &'static [&'static str] = &["running", "done", "failed"];
}

/// A reconciliation.
#[derive(Debug, Object)]
pub(super) struct Reconciliation {
    /// Its number.
    id: i64,
    /// The workspace in Kontur.
    workspace: String,
    /// Where it stands.
    state: Word<States>,
    /// Calls that began at this time or later are compared.
    from: Moment,
    /// Calls that began before this time are compared.
    to: Moment,
    /// When it was asked for.
    created_at: Moment,
    /// When it ended.
    finished_at: Option<Moment>,
    /// Why it failed.
    reason: Option<String>,
    /// Each day on which there was something, by the workspace's clocks.
    days: Vec<Day>,
    /// How many differences there are of each cause.
    causes: Vec<CauseCount>,
    /// The differences, the first 1000 of them.
    differences: Vec<Difference>,
    /// How many differences a repair does something about.
    repairable: u64,
    /// What could not be compared, and why.
    notes: Vec<String>,
}

/// What was counted of a day.
#[derive(Debug, Object)]
struct Day {
    /// Such as `2026-11-22`.
    date: String,
    /// Finished calls in the telephony's history.
    telephony_calls: u64,
    /// Their recordings.
    telephony_recordings: u64,
    /// Calls that are here.
    journal_calls: u64,
    /// Of them, those that could not be placed: nobody is told of them.
    unplaced_calls: u64,
    /// Recordings of which the telephony told.
    journal_recordings: u64,
    /// Calls that Kontur has.
    kontur_calls: u64,
    /// Recordings that Kontur has.
    kontur_recordings: u64,
    /// Comments in Workonflow.
    workonflow_comments: u64,
    /// Differences.
    differences: u64,
}

/// How many differences a cause has.
#[derive(Debug, Object)]
struct CauseCount {
    /// The cause.
    cause: String,
    /// How many.
    count: u64,
    /// Whether a repair does something about it.
    repairable: bool,
}

/// A difference between two sides.
#[derive(Debug, Object)]
struct Difference {
    /// The telephony's id of the call.
    external_id: String,
    /// The call here, if it is.
    call_id: Option<i64>,
    /// When the call began.
    began_at: Moment,
    /// Why the sides differ.
    cause: String,
    /// More about why.
    reason: Option<String>,
}

/// What a repair set going.
#[derive(Debug, Object)]
pub(super) struct Repaired {
    /// The run of the history sync that reads what was not read; `null` if all was.
    sync: Option<i64>,
    /// Dead letters that are sent again.
    retried: u64,
    /// Calls that are registered again, since they were deleted in Kontur.
    restored: u64,
}

impl Reconciliation {
    pub(super) fn of(
        workspace: &str,
        reconciliation: storage::reconciliations::Reconciliation,
    ) -> Result<Self, Problem> {
        let report = reconciliation.report.unwrap_or_default();
        let causes = report.causes.iter().map(|(cause, count)| CauseCount {
            cause: cause.word().to_owned(),
            count: *count,
            repairable: cause.is_repairable(),
        });
        Ok(Self {
            id: reconciliation.id,
            workspace: workspace.to_owned(),
            state: Word::stored(&reconciliation.state)?,
            from: reconciliation.window.from.into(),
            to: reconciliation.window.to.into(),
            created_at: reconciliation.created_at.into(),
            finished_at: reconciliation.finished_at.map(Moment::from),
            reason: reconciliation.reason,
            causes: causes.collect(),
            repairable: report.repairable(),
            days: report.days.into_iter().map(|(day, counts)| Day::of(day, counts)).collect(),
            differences: report.differences.into_iter().map(Difference::of).collect(),
            notes: report.notes,
        })
    }
}

impl Day {
    const fn of(date: String, counts: found::Counts) -> Self {
        Self {
            date,
            telephony_calls: counts.telephony_calls,
            telephony_recordings: counts.telephony_recordings,
            journal_calls: counts.journal_calls,
            unplaced_calls: counts.unplaced_calls,
            journal_recordings: counts.journal_recordings,
            kontur_calls: counts.kontur_calls,
            kontur_recordings: counts.kontur_recordings,
            workonflow_comments: counts.workonflow_comments,
            differences: counts.differences,
        }
    }
}

impl Difference {
    fn of(difference: found::Difference) -> Self {
        Self {
            external_id: difference.external_id.to_string(),
            call_id: difference.call,
            began_at: difference.began_at.into(),
            cause: difference.cause.word().to_owned(),
            reason: difference.reason,
        }
    }
}

impl Repaired {
    pub(super) const fn of(repair: Repair) -> Self {
        Self { sync: repair.sync, retried: repair.retried, restored: repair.restored }
    }
}
