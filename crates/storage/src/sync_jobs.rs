//! Runs of the history sync.

use domain::clock::Timestamp;
use domain::id::InstanceId;
use domain::port::provider::Window;

use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    INSERT = "INSERT INTO sync_job (instance_id, from_at, to_at, state, created_at, seen, added)
              VALUES ($1, $2, $3, 'running', $4, 0, 0)";
    PROGRESS = "UPDATE sync_job SET seen = $1, added = $2 WHERE id = $3";
    FINISH = "UPDATE sync_job SET state = $1, finished_at = $2, seen = $3, added = $4, reason = $5 WHERE id = $6";
    GET = "SELECT id, from_at, to_at, state, created_at, finished_at, seen, added, reason FROM sync_job WHERE id = $1";
    INTERRUPTED = "UPDATE sync_job SET state = 'failed', finished_at = $1, reason = 'the server was stopped'
                   WHERE state = 'running'";
}

/// A run of the history sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncJob {
    /// Its row.
    pub id: i64,
    /// The span asked for.
    pub window: Window,
    /// `running`, `done` or `failed`.
    pub state: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Calls the provider told of.
    pub seen: u64,
    /// Calls that were not known before.
    pub added: u64,
    /// Why it failed.
    pub reason: Option<String>,
}

impl Tx<'_> {
    /// Begins a run.
    pub fn insert_sync_job(
        &self,
        instance: InstanceId,
        window: Window,
        now: Timestamp,
    ) -> Result<i64, StorageError> {
        self.insert(INSERT, &[instance.0.into(), window.from.into(), window.to.into(), now.into()])
    }

    /// Notes how far a run is.
    pub fn progress_sync_job(&self, id: i64, seen: u64, added: u64) -> Result<(), StorageError> {
        self.execute(PROGRESS, &[number(seen).into(), number(added).into(), id.into()])?;
        Ok(())
    }

    /// Ends a run; `reason` says why it failed.
    pub fn finish_sync_job(
        &self,
        id: i64,
        now: Timestamp,
        seen: u64,
        added: u64,
        reason: Option<&str>,
    ) -> Result<(), StorageError> {
        let state = if reason.is_some() { "failed" } else { "done" };
        let counts = [number(seen).into(), number(added).into()];
        self.execute(FINISH, &[state.into(), now.into(), counts[0], counts[1], reason.into(), id.into()])?;
        Ok(())
    }

    /// After a start: runs that the end of the process cut short.
    pub fn interrupt_sync_jobs(&self, now: Timestamp) -> Result<usize, StorageError> {
        self.execute(INTERRUPTED, &[now.into()])
    }

    /// A run.
    pub fn sync_job(&self, id: i64) -> Result<Option<SyncJob>, StorageError> {
        self.one(GET, &[id.into()], |row| {
            let count = |column| row.int(column).map(|count| u64::try_from(count).unwrap_or(0));
            Ok(SyncJob {
                id: row.int(0)?,
                window: Window { from: row.time(1)?, to: row.time(2)? },
                state: row.text(3)?,
                created_at: row.time(4)?,
                finished_at: row.opt_time(5)?,
                seen: count(6)?,
                added: count(7)?,
                reason: row.opt_text(8)?,
            })
        })
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
