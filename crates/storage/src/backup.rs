//! A copy of a database file, to be put away.

use std::path::Path;

use crate::error::StorageError;
use crate::sqlite;

/// Writes what the database file `from` has now into `to`, which is empty or not there, while others may go on serving
/// from it. Blocks. The disk may not have all of it yet.
pub fn back_up(from: &Path, to: &Path) -> Result<(), StorageError> {
    let unknown = || StorageError::Driver(format!("the name of {} is not UTF-8", to.display()));
    let to = to.to_str().ok_or_else(unknown)?;
    sqlite::open_reader(from)?.execute("VACUUM INTO $1", [to])?;
    Ok(())
}
