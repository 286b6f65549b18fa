//! Calls of a database that others change as well: read to be changed, which nobody else does until the transaction ends, or
//! many at once.

use domain::id::CallId;

use super::{StoredCall, columns, read};
use crate::error::StorageError;
use crate::session::Value;
use crate::tx::Tx;

/// For PostgreSQL alone; SQLite has one who writes.
pub(super) const FIND: &str =
    concat!("SELECT ", columns!(), " FROM call WHERE instance_id = $1 AND external_id = $2 FOR UPDATE");
pub(super) const GET: &str = concat!("SELECT ", columns!(), " FROM call WHERE id = $1 FOR UPDATE");

/// By their numbers with commas between them.
const OF_ROWS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM UNNEST(string_to_array($1, ',')::bigint[]) AS of_call JOIN call ON id = of_call"
);

#[cfg(test)]
pub(crate) const ALL: &[&str] = &[FIND, GET, OF_ROWS];

impl Tx<'_> {
    /// The calls of those rows that are there.
    pub fn calls(&self, ids: &[CallId]) -> Result<Vec<StoredCall>, StorageError> {
        if !self.is_postgres() {
            return ids.iter().filter_map(|id| self.call(*id).transpose()).collect();
        }
        self.all(OF_ROWS, &[numbers(ids).as_str().into()], read)
    }

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

/// With commas between them.
pub(crate) fn numbers(ids: &[CallId]) -> String {
    let numbers: Vec<_> = ids.iter().map(|id| id.0.to_string()).collect();
    numbers.join(",")
}
