use std::collections::BTreeSet;

use testkit::postgres::Database;
use tokio_postgres::{Client, NoTls};

use super::*;

/// What a version that knows so many migrations does when it starts.
async fn start(database: &Database, known: usize) -> Result<Vec<&'static str>, StorageError> {
    postgres::apply(&mut client(database).await, &NEXT[..known]).await
}

async fn client(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn the_version_before_runs_on_what_the_newer_one_left_it_as_long_as_it_can() {
    let database = Database::fresh();
    assert_eq!(start(&database, 1).await.unwrap(), ["0001_first"]);
    assert_eq!(start(&database, 3).await.unwrap(), ["0002_more", "0003_index"]);
    assert_eq!(start(&database, 1).await, Ok(vec![]));
    assert_eq!(start(&database, 4).await.unwrap(), ["0004_less"]);
    assert_eq!(start(&database, 2).await, Ok(vec![]));
    assert_eq!(start(&database, 1).await, Err(StorageError::Newer("0004_less".into())));
}

/// One of them makes an index meanwhile, which waits for all who are under way: nobody may wait for it in the database.
#[tokio::test]
async fn ten_that_start_at_once_apply_each_once() {
    let database = Database::fresh();
    let mut applied = Vec::new();
    for started in futures_util::future::join_all((0..10).map(|_| start(&database, NEXT.len()))).await {
        applied.extend(started.unwrap());
    }
    applied.sort_unstable();
    assert_eq!(applied, names(NEXT));
}

/// A long look, such as a backup, holds the tables that a migration changes.
#[tokio::test]
async fn whoever_serves_is_not_stopped_by_a_migration_that_has_to_wait() {
    let database = Database::fresh();
    start(&database, 1).await.unwrap();
    let (backup, server) = (client(&database).await, client(&database).await);
    backup.batch_execute("BEGIN; LOCK TABLE thing IN ACCESS SHARE MODE").await.unwrap();
    server.batch_execute("SET statement_timeout = '10s'").await.unwrap();
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'thing'::regclass)";
    let serving = async {
        while !server.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {}
        // It stands behind the migration, which gives up before this does.
        server.batch_execute("INSERT INTO thing VALUES (1, 1)").await.unwrap();
        backup.batch_execute("COMMIT").await.unwrap();
    };
    let (upgraded, ()) = tokio::join!(start(&database, 2), serving);
    assert_eq!(upgraded.unwrap(), ["0002_more"]);
}

#[tokio::test]
async fn a_session_has_the_limits_afterwards_that_it_had_before() {
    let database = Database::fresh();
    let mut client = client(&database).await;
    client.batch_execute("SET lock_timeout = '4s'; SET statement_timeout = '10s'").await.unwrap();
    postgres::apply(&mut client, NEXT).await.unwrap();
    let limits = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')";
    let limits = client.query_one(limits, &[]).await.unwrap();
    assert_eq!((limits.get(0), limits.get(1)), ("4s", "10s"));
}

#[tokio::test]
async fn an_index_whose_making_was_cut_off_is_made_again() {
    let database = Database::fresh();
    start(&database, 2).await.unwrap();
    let client = client(&database).await;
    // As a kill leaves it.
    client.batch_execute("CREATE INDEX thing_size ON thing (size)").await.unwrap();
    client
        .batch_execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_size'::regclass")
        .await
        .unwrap();
    assert_eq!(start(&database, 3).await.unwrap(), ["0003_index"]);
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'thing_size'::regclass";
    assert!(client.query_one(valid, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn what_fails_leaves_nothing_and_is_told_without_what_is_stored() {
    let database = Database::fresh();
    let [first, mut wrong] = [FIRST_ALONE, FIRST_ALONE];
    wrong.name = "0002_wrong";
    wrong.postgres = Postgres::AtOnce(
        "CREATE TABLE half (phone TEXT UNIQUE); INSERT INTO half VALUES ('79997775533'), ('79997775533')",
    );
    let mut client = client(&database).await;
    let error = postgres::apply(&mut client, &[first, wrong]).await.unwrap_err().to_string();
    assert!(error.contains("0002_wrong") && error.contains("unique constraint"), "{error}");
    assert!(!error.contains("79997775533"), "{error}");
    let left =
        client.query_one("SELECT to_regclass('half') IS NULL, to_regclass('thing') IS NULL", &[]).await;
    let left = left.unwrap();
    assert!(left.get::<_, bool>(0) && !left.get::<_, bool>(1));
    assert_eq!(start(&database, 1).await, Ok(vec![]), "the lock is free");
}

/// Each column there is in one is in the other, so that everything can be moved. What several replicas agree on is only
/// where there can be several.
#[tokio::test]
async fn both_databases_have_the_same_columns_and_order_keys_alike() {
    let sqlite = crate::sqlite::fresh_for_tests();
    let database = Database::fresh();
    let mut client = client(&database).await;
    postgres::migrate(&mut client).await.unwrap();
    let sql = "SELECT t.name || '.' || c.name,
                      CASE c.type WHEN 'INTEGER' THEN 'BIGINT' WHEN 'BLOB' THEN 'BYTEA' ELSE c.type END,
                      c.\"notnull\" OR c.pk > 0, c.pk
               FROM sqlite_master t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name <> 'migration'";
    let mut statement = sqlite.prepare(sql).unwrap();
    let in_sqlite = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    let in_sqlite: BTreeSet<Column> = in_sqlite.unwrap().collect::<Result<_, _>>().unwrap();
    let rows = client.query(COLUMNS, &[]).await.unwrap();
    let in_postgres: BTreeSet<Column> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get::<_, i32>(3).into())).collect();
    assert_eq!(in_sqlite, in_postgres);
    let otherwise: Vec<String> =
        rows.iter().filter(|row| !row.get::<_, bool>(4)).map(|row| row.get(0)).collect();
    assert_eq!(otherwise, [""; 0], "COLLATE \"C\" is missing");
}

/// And whether it is compared byte by byte, which texts of keys have to be.
const COLUMNS: &str = "SELECT c.relname || '.' || a.attname, upper(format_type(a.atttypid, NULL)), a.attnotnull,
                              coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1,
                              a.attcollation = 0 OR a.attcollation = '\"C\"'::regcollation OR NOT a.attnum = ANY (i.indkey)
                       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                       JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
                       WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
                       AND c.relname NOT IN ('replica', 'claim', 'writer', 'migration')";

/// Its table and name, its type, whether there is always a value, and its place in the primary key.
type Column = (String, String, bool, i64);
