//! A run of the history sync as the admin API shows it.

use domain::sync::time_left;
use poem_openapi::Object;
use storage::sync_jobs::SyncJob;

use crate::api::admin::types::{Moment, Vocabulary, Word};
use crate::api::problem::Problem;

/// Where a run stands.
struct States;

impl Vocabulary for States {
    const WORDS: &'static [&'static str] = &["running", "paused", "done", "failed", "cancelled"];
}

/// What a run is for.
struct Purposes;

impl Vocabulary for Purposes {
    const WORDS: &'static [&'static str] = &["news", "again", "span"];
}

/// A run of the history sync.
#[derive(Debug, Object)]
pub(super) struct Job {
    /// Its number.
    id: i64,
    /// The workspace in Kontur.
    workspace: String,
    /// What for: what is new, the last day again, or a span that was asked for.
    purpose: Word<Purposes>,
    /// Where it stands. One that runs may wait for another of the same workspace to end.
    state: Word<States>,
    /// Calls that began at this time or later are read.
    from: Moment,
    /// Calls that began before this time are read.
    to: Moment,
    /// When it was asked for.
    created_at: Moment,
    /// When it ended.
    finished_at: Option<Moment>,
    /// All calls that began before this time are read.
    read_until: Moment,
    /// How much of the span is read, in percent.
    percent: u8,
    /// How many seconds the rest will take at this speed, as far as can be said.
    seconds_left: Option<u64>,
    /// Calls that the telephony told of so far.
    seen: u64,
    /// Calls among them that were not known before.
    added: u64,
    /// So many calls are taken in a minute at most.
    calls_per_minute: Option<u32>,
    /// Why it failed, or what it waits for.
    reason: Option<String>,
}

impl Job {
    pub(super) fn of(workspace: &str, job: SyncJob) -> Result<Self, Problem> {
        let share = if job.state == storage::sync_jobs::SyncState::Done {
            1.0
        } else {
            job.position.share(job.asked.window)
        };
        let left = time_left(share, job.worked).filter(|_| job.state.is_open());
        Ok(Self {
            id: job.id,
            workspace: workspace.to_owned(),
            purpose: Word::stored(job.asked.purpose.word())?,
            state: Word::stored(job.state.word())?,
            from: job.asked.window.from.into(),
            to: job.asked.window.to.into(),
            created_at: job.created_at.into(),
            finished_at: job.finished_at.map(Moment::from),
            read_until: job.position.read_until.into(),
            percent: percent(share),
            seconds_left: left.map(|left| left.as_secs()),
            seen: job.seen,
            added: job.added,
            calls_per_minute: job.asked.calls_per_minute,
            reason: job.reason,
        })
    }
}

/// A hundred only when all is done.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
fn percent(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).floor() as u8
}
