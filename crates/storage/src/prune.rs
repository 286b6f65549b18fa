//! Pruning: finds rows that are old enough by walking from the oldest number on, and deletes them in small changes. No
//! statement here looks at more rows than it is told to.
//!
//! The newest row of each table stays whatever its age: numbers are given out from the largest on, and one that came
//! twice would be taken for what it was before.

mod calls;
mod deliveries;

use domain::clock::Timestamp;
use domain::id::InstanceId;
use domain::retention::{Age, Limit, Prunable};

use crate::error::StorageError;
use crate::session::Row;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    RAW_REQUESTS = "SELECT id, received_at FROM raw_request
                    WHERE id > $1 AND id < (SELECT MAX(id) FROM raw_request) ORDER BY id LIMIT $2";
    DELETE_RAW_REQUEST = "DELETE FROM raw_request WHERE id = $1";
    SYNC_JOBS = "SELECT id, created_at FROM sync_job
                 WHERE id > $1 AND id < (SELECT MAX(id) FROM sync_job) ORDER BY id LIMIT $2";
    DELETE_SYNC_JOB = "DELETE FROM sync_job WHERE id = $1 AND state NOT IN ('running', 'paused')";
}

#[cfg(test)]
pub(crate) const ALL_BELOW: [&[(&str, &str)]; 2] = [calls::ALL, deliveries::ALL];

/// The mark of [`Tx::pruned_until`]; it belongs to no instance.
const PRUNED_UNTIL: (InstanceId, &str) = (InstanceId(0), "calls-pruned-until");

/// What a look at the oldest rows found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oldest {
    /// What may go, for [`Tx::prune`]: numbers of rows; of deliveries, those of their calls.
    pub ids: Vec<i64>,
    /// The row that the next look goes on after; none if all that follows is young.
    pub next: Option<i64>,
}

impl Tx<'_> {
    /// Looks at so many `rows` after the row `after`, and tells which of them may go.
    pub fn oldest(
        &self,
        what: Prunable,
        limit: Limit,
        after: i64,
        rows: u32,
    ) -> Result<Oldest, StorageError> {
        let sql = match what {
            Prunable::RawRequests => RAW_REQUESTS,
            Prunable::SyncJobs => SYNC_JOBS,
            Prunable::Deliveries => return self.oldest_deliveries(limit, after, rows),
            Prunable::Calls => return self.oldest_calls(limit, after, rows),
        };
        let found = self.all(sql, &[after.into(), rows.into()], id_and_time)?;
        Ok(walk(&found, limit, rows))
    }

    /// Deletes what [`Self::oldest`] found, unless it must stay by now. Says how many rows of the kind went.
    pub fn prune(&self, what: Prunable, ids: &[i64], limit: Limit) -> Result<usize, StorageError> {
        let mut pruned = 0;
        for id in ids {
            pruned += match what {
                Prunable::RawRequests => self.execute(DELETE_RAW_REQUEST, &[(*id).into()])?,
                Prunable::SyncJobs => self.execute(DELETE_SYNC_JOB, &[(*id).into()])?,
                Prunable::Deliveries => self.prune_deliveries(*id, limit)?,
                Prunable::Calls => self.prune_call(*id, limit)?,
            };
        }
        Ok(pruned)
    }

    /// The time of the latest event of any call that was pruned; none if none was.
    pub fn pruned_until(&self) -> Result<Option<Timestamp>, StorageError> {
        let (instance, name) = PRUNED_UNTIL;
        Ok(self.mark(instance, name)?.and_then(|text| text.parse().ok()).map(Timestamp::from_micros))
    }

    fn move_pruned_until(&self, at: Timestamp) -> Result<(), StorageError> {
        let (instance, name) = PRUNED_UNTIL;
        if self.pruned_until()?.is_some_and(|until| at <= until) {
            return Ok(());
        }
        self.set_mark(instance, name, &at.micros().to_string())
    }
}

fn id_and_time(row: &Row<'_>) -> Result<(i64, Timestamp), StorageError> {
    Ok((row.int(0)?, row.time(1)?))
}

/// The old ones of `rows`, up to the first that is young.
fn walk(rows: &[(i64, Timestamp)], limit: Limit, asked: u32) -> Oldest {
    let mut ids = Vec::new();
    for (id, at) in rows {
        match limit.age(*at) {
            Age::Old => ids.push(*id),
            Age::Ahead => {}
            Age::Young => return Oldest { ids, next: None },
        }
    }
    let is_last = rows.len() < usize::try_from(asked).unwrap_or(usize::MAX);
    Oldest { ids, next: rows.last().map(|(id, _)| *id).filter(|_| !is_last) }
}
