//! Runs of the history sync.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::InstanceId;
use domain::port::provider::Window;
use domain::sync::{Position, Purpose};

use crate::error::StorageError;
use crate::session::{Ids, Row};
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    INSERT = "INSERT INTO sync_job (instance_id, purpose, from_at, to_at, state, created_at, read_until, taken, seen, added,
                                    worked, calls_per_minute, id)
              VALUES ($1, $2, $3, $4, 'running', $5, $3, 0, 0, 0, 0, $6, $7)";
    ADVANCE = "UPDATE sync_job SET read_until = $1, cursor = $2, taken = $3, seen = seen + $4, added = added + $5,
                                   worked = worked + $6, reason = NULL
               WHERE id = $7 AND state = 'running'";
    WAIT = "UPDATE sync_job SET reason = $1 WHERE id = $2 AND state = 'running'";
    FINISH = "UPDATE sync_job SET state = $1, finished_at = $2, reason = $3 WHERE id = $4 AND state = 'running'";
    PAUSE = "UPDATE sync_job SET state = 'paused' WHERE id = $1 AND state = 'running'";
    RESUME = "UPDATE sync_job SET state = 'running' WHERE id = $1 AND state = 'paused'";
    CANCEL = "UPDATE sync_job SET state = 'cancelled', finished_at = $1 WHERE id = $2 AND state IN ('running', 'paused')";
    GET = "SELECT id, instance_id, purpose, from_at, to_at, state, created_at, finished_at, read_until, cursor, taken, seen,
                  added, worked, calls_per_minute, reason
           FROM sync_job WHERE id = $1";
    RUNNING = "SELECT id, instance_id, purpose, from_at, to_at, state, created_at, finished_at, read_until, cursor, taken,
                      seen, added, worked, calls_per_minute, reason
               FROM sync_job WHERE state = 'running' ORDER BY instance_id, id";
    TIDY = "DELETE FROM sync_job
            WHERE instance_id = $1 AND purpose = 'news' AND state = 'done' AND added = 0 AND finished_at < $2";
    RUNNING_OF = "SELECT id, instance_id, purpose, from_at, to_at, state, created_at, finished_at, read_until, cursor, taken,
                         seen, added, worked, calls_per_minute, reason
                  FROM sync_job WHERE state = 'running' AND instance_id = $1 ORDER BY id";
    LIST = "SELECT id, instance_id, purpose, from_at, to_at, state, created_at, finished_at, read_until, cursor, taken, seen,
                   added, worked, calls_per_minute, reason
            FROM sync_job WHERE instance_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncState {
    /// Its turn is now, or comes.
    Running,
    /// An administrator stopped it, and may let it go on.
    Paused,
    /// All is read.
    Done,
    /// It was given up.
    Failed,
    /// An administrator ended it.
    Cancelled,
}

impl SyncState {
    const ALL: [Self; 5] = [Self::Running, Self::Paused, Self::Done, Self::Failed, Self::Cancelled];

    /// The word of API and database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it may go on.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// A run of the history sync that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSyncJob {
    /// Whose history.
    pub instance: InstanceId,
    /// What for.
    pub purpose: Purpose,
    /// The span to be read.
    pub window: Window,
    /// So many calls are taken in a minute at most.
    pub calls_per_minute: Option<u32>,
}

/// A run of the history sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncJob {
    /// Its row.
    pub id: i64,
    /// As it was asked for.
    pub asked: NewSyncJob,
    /// Where it stands.
    pub state: SyncState,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How far it has come.
    pub position: Position,
    /// Calls the provider told of.
    pub seen: u64,
    /// Calls that were not known before.
    pub added: u64,
    /// How long it was at work.
    pub worked: Duration,
    /// Why it failed, or what it waits for.
    pub reason: Option<String>,
}

/// How far a run has come since it was last noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncStep {
    /// Calls the provider told of.
    pub seen: u64,
    /// Calls that were not known before.
    pub added: u64,
    /// How long it took.
    pub worked: Duration,
}

impl Tx<'_> {
    /// Begins a run.
    pub fn insert_sync_job(&self, new: NewSyncJob, now: Timestamp) -> Result<i64, StorageError> {
        let NewSyncJob { instance, purpose, window, calls_per_minute } = new;
        let parameters = [
            instance.0.into(),
            purpose.word().into(),
            window.from.into(),
            window.to.into(),
            now.into(),
            calls_per_minute.into(),
        ];
        self.insert(INSERT, Ids::SyncJobs, parameters)
    }

    /// Forgets the runs of an instance that ended before and found nothing new: there is one every few minutes.
    pub fn tidy_sync_jobs(&self, instance: InstanceId, before: Timestamp) -> Result<(), StorageError> {
        self.put(TIDY, &[instance.0.into(), before.into()])?;
        Ok(())
    }

    /// Notes how far a run has come.
    pub fn advance_sync_job(&self, id: i64, to: &Position, step: SyncStep) -> Result<(), StorageError> {
        let parameters = [
            to.read_until.into(),
            to.cursor.as_deref().into(),
            to.taken.into(),
            number(step.seen).into(),
            number(step.added).into(),
            i64::try_from(step.worked.as_micros()).unwrap_or(i64::MAX).into(),
            id.into(),
        ];
        self.put(ADVANCE, &parameters)?;
        Ok(())
    }

    /// Notes what a run waits for. False if it does not run any more.
    pub fn hold_sync_job(&self, id: i64, reason: &str) -> Result<bool, StorageError> {
        Ok(self.execute(WAIT, &[reason.into(), id.into()])? == 1)
    }

    /// Ends a run; `reason` says why it failed.
    pub fn finish_sync_job(&self, id: i64, now: Timestamp, reason: Option<&str>) -> Result<(), StorageError> {
        let state = if reason.is_some() { SyncState::Failed } else { SyncState::Done };
        self.put(FINISH, &[state.word().into(), now.into(), reason.into(), id.into()])?;
        Ok(())
    }

    /// Stops a run for a while. False if it does not run.
    pub fn pause_sync_job(&self, id: i64) -> Result<bool, StorageError> {
        Ok(self.execute(PAUSE, &[id.into()])? == 1)
    }

    /// Lets a run go on. False if it is not paused.
    pub fn resume_sync_job(&self, id: i64) -> Result<bool, StorageError> {
        Ok(self.execute(RESUME, &[id.into()])? == 1)
    }

    /// Ends a run before its end. False if it has ended.
    pub fn cancel_sync_job(&self, id: i64, now: Timestamp) -> Result<bool, StorageError> {
        Ok(self.execute(CANCEL, &[now.into(), id.into()])? == 1)
    }

    /// A run.
    pub fn sync_job(&self, id: i64) -> Result<Option<SyncJob>, StorageError> {
        self.one(GET, &[id.into()], read)
    }

    /// All that run, those of each instance in the order they were asked for.
    pub fn running_sync_jobs(&self) -> Result<Vec<SyncJob>, StorageError> {
        self.all(RUNNING, &[], read)
    }

    /// Those of an instance that run, in the order they were asked for.
    pub fn running_sync_jobs_of(&self, instance: InstanceId) -> Result<Vec<SyncJob>, StorageError> {
        self.all(RUNNING_OF, &[instance.0.into()], read)
    }

    /// The runs of an instance before `before`, the latest first.
    pub fn list_sync_jobs(
        &self,
        instance: InstanceId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<SyncJob>, StorageError> {
        self.all(LIST, &[instance.0.into(), before.unwrap_or(i64::MAX).into(), limit.into()], read)
    }
}

fn read(row: &Row<'_>) -> Result<SyncJob, StorageError> {
    let count = |column| row.int(column).map(|count| u64::try_from(count).unwrap_or(0));
    let small = |count: i64| u32::try_from(count).unwrap_or(0);
    let (purpose, state) = (row.text(2)?, row.text(5)?);
    let known = SyncState::ALL.into_iter().find(|known| known.word() == state);
    Ok(SyncJob {
        id: row.int(0)?,
        asked: NewSyncJob {
            instance: InstanceId(row.int(1)?),
            purpose: row.known(("sync_job", "purpose"), &purpose, Purpose::parse(&purpose))?,
            window: Window { from: row.time(3)?, to: row.time(4)? },
            calls_per_minute: row.opt_int(14)?.map(small),
        },
        state: row.known(("sync_job", "state"), &state, known)?,
        created_at: row.time(6)?,
        finished_at: row.opt_time(7)?,
        position: Position { read_until: row.time(8)?, cursor: row.opt_text(9)?, taken: small(row.int(10)?) },
        seen: count(11)?,
        added: count(12)?,
        worked: Duration::from_micros(count(13)?),
        reason: row.opt_text(15)?,
    })
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
