//! Migrations of PostgreSQL, by one of the replicas that start while others serve.

use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::{HAD, Had, MIGRATIONS, Migration, NOTE, Postgres, TABLE, failed, names};
use crate::error::StorageError;

/// A lock of the session, by a number of ours. It is asked for again and again: whoever waits for it in the database keeps
/// CREATE INDEX CONCURRENTLY from ending, which waits for all who are under way.
const LOCK: &str = "SELECT pg_try_advisory_lock(7107021)";

/// A statement that waits for a table lets nobody pass behind it, so it gives up soon and comes again.
const HURRY: &str = "SET lock_timeout = '500ms'; SET statement_timeout = 0";
/// One that no transaction may contain lets everybody pass.
const NO_HURRY: &str = "SET lock_timeout = 0";

/// What the session has instead of that, and gets back with the lock's end.
const LIMITS: &str = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')";
const END: &str = "SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false),
                   pg_advisory_unlock(7107021)";

/// Until the lock, or a table, is asked for again.
const PAUSE: Duration = Duration::from_millis(250);

/// So often is a table asked for: for about a minute.
const TRIES: u32 = 80;

/// Applies what is missing, each migration in its own transaction; says what that was. Several replicas may do so at once:
/// one applies, the others wait for it. If this is not waited for to its end, the connection has to be closed.
pub(crate) async fn migrate(client: &mut Client) -> Result<Vec<&'static str>, StorageError> {
    apply(client, MIGRATIONS).await
}

/// What [`migrate`] would apply.
pub(crate) async fn missing(client: &Client) -> Result<Vec<&'static str>, StorageError> {
    Ok(names(super::left(MIGRATIONS, &had(client).await?)?))
}

pub(super) async fn apply(
    client: &mut Client,
    migrations: &[Migration],
) -> Result<Vec<&'static str>, StorageError> {
    if super::left(migrations, &had(client).await?)?.is_empty() {
        return Ok(Vec::new());
    }
    let limits = client.query_one(LIMITS, &[]).await?;
    let (lock_timeout, statement_timeout): (&str, &str) = (limits.try_get(0)?, limits.try_get(1)?);
    lock(client).await?;
    let applied = apply_locked(client, migrations).await;
    let ended = client.execute(END, &[&lock_timeout, &statement_timeout]).await;
    // What broke the connection has ended it all as well, and says more than that this cannot.
    let applied = applied?;
    ended?;
    Ok(applied)
}

async fn lock(client: &Client) -> Result<(), StorageError> {
    let mut has_waited = false;
    while !client.query_one(LOCK, &[]).await?.try_get::<_, bool>(0)? {
        if !has_waited {
            tracing::info!("another replica brings the database up to date; waiting for it");
            has_waited = true;
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn apply_locked(
    client: &mut Client,
    migrations: &[Migration],
) -> Result<Vec<&'static str>, StorageError> {
    client.batch_execute(&format!("{HURRY}; {TABLE}")).await?;
    let missing = super::left(migrations, &had(client).await?)?;
    for migration in &missing {
        let done = match migration.postgres {
            Postgres::AtOnce(statements) => at_once(client, migration, statements).await,
            Postgres::OneByOne(statements) => one_by_one(client, migration, statements).await,
        };
        done.map_err(|error| failed(migration, &error))?;
    }
    Ok(names(missing))
}

async fn at_once(client: &mut Client, migration: &Migration, statements: &str) -> Result<(), StorageError> {
    for _ in 1..TRIES {
        match attempt(client, migration, statements).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => sleep(PAUSE).await,
            done => return Ok(done?),
        }
    }
    Ok(attempt(client, migration, statements).await?)
}

async fn attempt(
    client: &mut Client,
    migration: &Migration,
    statements: &str,
) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(statements).await?;
    transaction.execute(NOTE, &[&migration.name, &migration.needs]).await?;
    transaction.commit().await
}

async fn one_by_one(client: &Client, migration: &Migration, statements: &[&str]) -> Result<(), StorageError> {
    client.batch_execute(NO_HURRY).await?;
    for statement in statements {
        client.batch_execute(statement).await?;
    }
    client.execute(NOTE, &[&migration.name, &migration.needs]).await?;
    Ok(client.batch_execute(HURRY).await?)
}

async fn had(client: &Client) -> Result<Vec<Had>, StorageError> {
    let is_there = client.query_one("SELECT to_regclass('migration') IS NOT NULL", &[]).await?;
    if !is_there.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let rows = client.query(HAD, &[]).await?;
    rows.iter().map(|row| Ok(Had { name: row.try_get(0)?, needs: row.try_get(1)? })).collect()
}
