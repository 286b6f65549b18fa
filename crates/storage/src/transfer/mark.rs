//! What a target says of the copy that it is: a table that only copying makes.

use tokio_postgres::Client;

use super::error::TransferError;
use super::source::Source;
use super::target::Target;
use crate::error::StorageError;

const IS_MARKED: &str = "SELECT to_regclass('copied') IS NOT NULL";
const MARK: &str = "CREATE TABLE copied (finished_at TIMESTAMPTZ); INSERT INTO copied VALUES (NULL)";
const IS_HALF: &str = "SELECT EXISTS (SELECT FROM copied WHERE finished_at IS NULL)";
const BEGIN: &str = "UPDATE copied SET finished_at = NULL";
const FINISH: &str = "SET synchronous_commit = on; UPDATE copied SET finished_at = now()";

/// Numbers of replicas are not used twice, so one that is gone has left its trace.
const WAS_SERVED: &str = "SELECT last_value IS NOT NULL FROM pg_sequences
                          WHERE format('%I.%I', schemaname, sequencename) = pg_get_serial_sequence('replica', 'id')";

/// Marks the target as what is being copied into; fails if anything would be lost by that.
pub(super) async fn begin(target: &Target, source: &Source) -> Result<(), TransferError> {
    if target.flag(WAS_SERVED).await? {
        return Err(TransferError::Served);
    }
    if target.flag(IS_MARKED).await? {
        check_source(target, source).await?;
        target.client.batch_execute(BEGIN).await.map_err(StorageError::from)?;
        return Ok(());
    }
    for table in &source.tables {
        if target.has_rows(table).await? {
            return Err(TransferError::Occupied);
        }
    }
    Ok(target.client.batch_execute(MARK).await.map_err(StorageError::from)?)
}

/// The target is whole. Returns when that is on its disk, and all that was copied with it.
pub(super) async fn finish(target: &Target) -> Result<(), StorageError> {
    Ok(target.client.batch_execute(FINISH).await?)
}

/// Fails if a database is the beginning of a copy.
pub(crate) async fn check_whole(client: &Client) -> Result<(), StorageError> {
    let is_marked: bool = client.query_one(IS_MARKED, &[]).await?.try_get(0)?;
    if is_marked && client.query_one(IS_HALF, &[]).await?.try_get(0)? {
        return Err(StorageError::HalfCopied);
    }
    Ok(())
}

/// Integrations keep their numbers, and are never deleted from the database.
async fn check_source(target: &Target, source: &Source) -> Result<(), TransferError> {
    let here = source.workspaces()?;
    let there = target.client.query("SELECT id, workspace FROM instance", &[]).await;
    for row in there.map_err(StorageError::from)? {
        let column = |error| TransferError::from(StorageError::from(error));
        let (number, target): (i64, String) =
            (row.try_get(0).map_err(column)?, row.try_get(1).map_err(column)?);
        let same = here.iter().find(|(known, _)| *known == number).map(|(_, workspace)| workspace);
        if same != Some(&target) {
            let source_has = same.map_or("missing", String::as_str).to_owned();
            return Err(TransferError::OtherSource { number, target, source_has });
        }
    }
    Ok(())
}
