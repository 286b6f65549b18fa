//! Calls that are read to be changed, where others may want to change them as well: nobody else does until the transaction
//! ends.

use super::{StoredCall, columns, read};
use crate::error::StorageError;
use crate::session::Value;
use crate::tx::Tx;

/// For PostgreSQL alone; SQLite has one who writes.
pub(super) const FIND: &str =
    concat!("SELECT ", columns!(), " FROM call WHERE instance_id = $1 AND external_id = $2 FOR UPDATE");
pub(super) const GET: &str = concat!("SELECT ", columns!(), " FROM call WHERE id = $1 FOR UPDATE");

#[cfg(test)]
pub(crate) const ALL: &[&str] = &[FIND, GET];

impl Tx<'_> {
    /// A call by `sql`, or by `holding` where that is needed.
    pub(super) fn held(
        &self,
        sql: &'static str,
        holding: &'static str,
        parameters: &[Value<'_>],
    ) -> Result<Option<StoredCall>, StorageError> {
        let Some(unit) = self.unit() else { return self.one(sql, parameters, read) };
        let stored = self.one(holding, parameters, read)?;
        if let Some(stored) = &stored {
            unit.hold_late(stored.id);
        }
        Ok(stored)
    }
}
