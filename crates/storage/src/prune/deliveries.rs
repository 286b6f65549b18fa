//! The deliveries of a call go together, when the last of them was settled long ago: while one is pending the others
//! say what may be in doubt.

use domain::clock::Timestamp;
use domain::retention::{Age, Limit};

use super::{Oldest, id_and_time, walk};
use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    WALK = "SELECT id, created_at, call_id FROM delivery
            WHERE id > $1 AND id < (SELECT MAX(id) FROM delivery) ORDER BY id LIMIT $2";
    NEWEST = "SELECT MAX(id) FROM delivery";
    OF_CALL = "SELECT id, settled_at, state = 'pending' FROM delivery WHERE call_id = $1";
    CALL_IS_OPEN = "SELECT 1 FROM call
                    WHERE id = $1 AND (state = 'active' OR settle_at IS NOT NULL OR EXISTS
                          (SELECT 1 FROM parked WHERE instance_id = call.instance_id AND call_id = call.id))";
    DELETE_ATTEMPTS = "DELETE FROM attempt WHERE delivery_id = $1";
    DELETE = "DELETE FROM delivery WHERE id = $1";
}

/// A delivery as pruning sees it.
pub(super) struct Settled {
    id: i64,
    /// None while it is pending.
    at: Option<Timestamp>,
}

impl Tx<'_> {
    pub(super) fn oldest_deliveries(
        &self,
        limit: Limit,
        after: i64,
        rows: u32,
    ) -> Result<Oldest, StorageError> {
        let found =
            self.all(WALK, &[after.into(), rows.into()], |row| Ok((id_and_time(row)?, row.int(2)?)))?;
        let (walked, calls): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let Oldest { ids: old, next } = walk(&walked, limit, rows);
        let of_old = walked.iter().zip(calls).filter(|((id, _), _)| old.binary_search(id).is_ok());
        let mut calls: Vec<i64> = of_old.map(|(_, call)| call).collect();
        calls.sort_unstable();
        calls.dedup();
        let mut ids = Vec::new();
        for call in calls {
            if self.old_deliveries(call, limit)?.is_some() {
                ids.push(call);
            }
        }
        Ok(Oldest { ids, next })
    }

    pub(super) fn prune_deliveries(&self, call: i64, limit: Limit) -> Result<usize, StorageError> {
        let Some(old) = self.old_deliveries(call, limit)? else { return Ok(0) };
        self.delete_deliveries(&old)
    }

    /// A call's deliveries, if all of them may go by themselves.
    fn old_deliveries(&self, call: i64, limit: Limit) -> Result<Option<Vec<Settled>>, StorageError> {
        let Some(settled) = self.settled_deliveries(call)? else { return Ok(None) };
        let old = settled.iter().all(|one| one.at.is_some_and(|at| limit.age(at) == Age::Old));
        let is_open = self.one(CALL_IS_OPEN, &[call.into()], |row| row.int(0))?.is_some();
        Ok((old && !is_open).then_some(settled))
    }

    /// A call's deliveries, if none is pending and none is the newest of all.
    pub(super) fn settled_deliveries(&self, call: i64) -> Result<Option<Vec<Settled>>, StorageError> {
        let newest = self.one(NEWEST, &[], |row| row.opt_int(0))?.flatten();
        let mut pending = false;
        let all = self.all(OF_CALL, &[call.into()], |row| {
            pending |= row.flag(2)?;
            Ok(Settled { id: row.int(0)?, at: row.opt_time(1)? })
        })?;
        let stays = pending || all.iter().any(|one| Some(one.id) == newest);
        Ok((!stays).then_some(all))
    }

    pub(super) fn delete_deliveries(&self, old: &[Settled]) -> Result<usize, StorageError> {
        for one in old {
            self.put(DELETE_ATTEMPTS, &[one.id.into()])?;
            self.put(DELETE, &[one.id.into()])?;
        }
        Ok(old.len())
    }
}
