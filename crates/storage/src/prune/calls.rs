//! A call goes with its events, its legs, its recordings, its deliveries and what its client waited for, when nothing
//! came of it for long.

use domain::clock::Timestamp;
use domain::id::CallId;
use domain::retention::{Age, Limit};

use super::{Oldest, id_and_time, walk};
use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    WALK = "SELECT id, COALESCE((SELECT MIN(received_at) FROM call_event WHERE call_id = call.id), began_at)
            FROM call WHERE id > $1 AND id < (SELECT MAX(id) FROM call) ORDER BY id LIMIT $2";
    CLOSED = "SELECT instance_id, client_phone, began_at FROM call
              WHERE id = $1 AND state <> 'active' AND settle_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM parked WHERE instance_id = call.instance_id AND call_id = call.id)";
    LAST_AT = "SELECT MAX(at), MAX(received_at) FROM call_event WHERE call_id = $1";
    LEGS = "SELECT DISTINCT leg_id FROM call_event WHERE call_id = $1 AND leg_id IS NOT NULL";
    DELETE_LEG = "DELETE FROM call_leg WHERE instance_id = $1 AND leg_id = $2 AND call_id = $3";
    DELETE_EVENTS = "DELETE FROM call_event WHERE call_id = $1";
    DELETE_RECORDINGS = "DELETE FROM recording WHERE call_id = $1";
    DELETE_UNRETURNED = "DELETE FROM unreturned_thread
                         WHERE instance_id = $1 AND client_phone = $2 AND missed_at < $3";
    DELETE_DELETED = "DELETE FROM deleted_in_kontur WHERE instance_id = $1 AND call_id = $2";
    DELETE = "DELETE FROM call WHERE id = $1";
}

/// A call that may go.
struct Old {
    instance: i64,
    client_phone: String,
    /// The time of its last event.
    last_at: Timestamp,
}

impl Tx<'_> {
    pub(super) fn oldest_calls(&self, limit: Limit, after: i64, rows: u32) -> Result<Oldest, StorageError> {
        let found = self.all(WALK, &[after.into(), rows.into()], id_and_time)?;
        let Oldest { ids: candidates, next } = walk(&found, limit, rows);
        let mut ids = Vec::new();
        for call in candidates {
            if self.old_call(call, limit)?.is_some() && self.settled_deliveries(call)?.is_some() {
                ids.push(call);
            }
        }
        Ok(Oldest { ids, next })
    }

    pub(super) fn prune_call(&self, call: i64, limit: Limit) -> Result<usize, StorageError> {
        let Some(old) = self.old_call(call, limit)? else { return Ok(0) };
        let Some(deliveries) = self.settled_deliveries(call)? else { return Ok(0) };
        self.move_pruned_until(old.last_at)?;
        self.delete_deliveries(&deliveries)?;
        for leg in self.all(LEGS, &[call.into()], |row| row.text(0))? {
            self.put(DELETE_LEG, &[old.instance.into(), (&leg).into(), call.into()])?;
        }
        self.put(DELETE_EVENTS, &[call.into()])?;
        self.put(DELETE_DELETED, &[old.instance.into(), call.into()])?;
        self.put(DELETE_RECORDINGS, &[call.into()])?;
        let client = (&old.client_phone).into();
        self.put(DELETE_UNRETURNED, &[old.instance.into(), client, limit.before.into()])?;
        if let Some(recent) = self.recent_calls() {
            recent.forget(CallId(call));
        }
        self.execute(DELETE, &[call.into()])
    }

    /// What has to be known of a call that may go: it is over, was handed on and registered, and nothing of it is young, neither by its
    /// own time nor by when it came. A repeat can then be told by its time.
    fn old_call(&self, call: i64, limit: Limit) -> Result<Option<Old>, StorageError> {
        let closed = self.one(CLOSED, &[call.into()], |row| {
            Ok(Old { instance: row.int(0)?, client_phone: row.text(1)?, last_at: row.time(2)? })
        })?;
        let Some(mut old) = closed else { return Ok(None) };
        let last = self.one(LAST_AT, &[call.into()], |row| Ok((row.opt_time(0)?, row.opt_time(1)?)))?;
        let (last_at, received_at) = last.unwrap_or_default();
        old.last_at = last_at.unwrap_or(old.last_at).max(old.last_at);
        let received_at = received_at.unwrap_or(old.last_at);
        let is_old = [old.last_at, received_at].iter().all(|at| limit.age(*at) == Age::Old);
        Ok(is_old.then_some(old))
    }
}
