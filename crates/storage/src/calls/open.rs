//! Calls that have not ended: which of them are to be looked at, and for how long they have been quiet.

use std::time::Duration;

use domain::call::healing::Quiet;
use domain::clock::Timestamp;
use domain::id::{CallId, InstanceId};

use super::{StoredCall, columns, read};
use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    DUE = concat!("SELECT ", columns!(), " FROM call WHERE instance_id = $1 AND look_at <= $2 ORDER BY look_at LIMIT $3");
    /// Of one that has ended it stays null.
    LOOK_AGAIN = "UPDATE call SET look_at = CASE WHEN look_at IS NOT NULL THEN CAST($1 AS BIGINT) END WHERE id = $2";
    LOOK_SOONER = "UPDATE call SET look_at = look_at - $1 WHERE look_at IS NOT NULL";
    /// What was asked for and answered is no event that came by itself.
    QUIET = "SELECT COALESCE(MAX(CASE WHEN raw_request_id IS NOT NULL THEN received_at END), MIN(received_at)),
                    MAX(received_at)
             FROM call_event WHERE call_id = $1";
}

/// An open call that is due to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    /// The call.
    pub stored: StoredCall,
    /// For how long it has been quiet.
    pub quiet: Quiet,
}

impl Tx<'_> {
    /// Open calls that are due, the most overdue first.
    pub fn open_calls(
        &self,
        instance: InstanceId,
        due: Timestamp,
        limit: u32,
    ) -> Result<Vec<OpenCall>, StorageError> {
        let calls = self.all(DUE, &[instance.0.into(), due.into(), limit.into()], read)?;
        let with_quiet = |stored: StoredCall| Ok(OpenCall { quiet: self.quiet(stored.id)?, stored });
        calls.into_iter().map(with_quiet).collect()
    }

    /// For how long a call has been quiet.
    pub fn quiet(&self, call: CallId) -> Result<Quiet, StorageError> {
        let times = self.one(QUIET, &[call.0.into()], |row| Ok((row.opt_time(0)?, row.opt_time(1)?)))?;
        let (since, last) = times.unwrap_or_default();
        let since = since.unwrap_or_default();
        Ok(Quiet { since, last_sign_at: last.unwrap_or(since) })
    }

    /// Sets when an open call is looked at next. Without effect on one that has ended.
    pub fn look_again(&self, call: CallId, at: Timestamp) -> Result<(), StorageError> {
        self.put(LOOK_AGAIN, &[at.into(), call.0.into()])?;
        Ok(())
    }

    /// Brings all looks forward: the clock was set back.
    pub fn look_sooner(&self, by: Duration) -> Result<(), StorageError> {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.put(LOOK_SOONER, &[micros.into()])?;
        Ok(())
    }
}
