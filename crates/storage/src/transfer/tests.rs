use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::error::StorageError;

mod real_postgres;

/// A SQLite database of an office.
struct Office {
    folder: TempDir,
    connection: Connection,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = crate::sqlite::open_writer(&folder.path().join("office.db")).unwrap();
        // Nothing of these tests has to survive the machine.
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        let office = Self { folder, connection };
        office.run(
            "INSERT INTO instance (workspace, declared, settings, condition, status, status_since, deleted)
             VALUES ('acme', 1, x'00ff10', 'working', 4, 7, 0), ('other', 0, NULL, 'paused', 3, 8, 1);
             INSERT INTO status_change (instance_id, at, from_status, to_status, reason) VALUES (1, 7, 0, 4, 'set up');
             INSERT INTO user_mapping VALUES (1, 0, 'u', '101', NULL, NULL, -5)",
        );
        office
    }

    /// An office with calls `first` to `last`, two legs each.
    fn with_calls(first: u32, last: u32) -> Self {
        let office = Self::new();
        office.add_calls(first, last);
        office
    }

    fn add_calls(&self, first: u32, last: u32) {
        self.run(&format!(
            "BEGIN;
             CREATE TEMP TABLE n AS WITH RECURSIVE n(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n WHERE n < {last})
                 SELECT n FROM n;
             INSERT INTO call SELECT n, 1 + n % 2, 'c-' || n, NULL, '7999' || n, 'inbound', 'answered', n * 1000, n * 1001,
                 NULL, NULL, '{{\"n\":\"→ ' || n || '\"}}', '{{}}', n % 7 FROM n;
             INSERT INTO call_leg SELECT 1 + n % 2, 'l-' || (n * 7919 % 100003) || '-' || leg.column1, n FROM n, (VALUES (1), (2)) leg;
             INSERT INTO raw_request (instance_id, provider, received_at, body) SELECT 1, 'generic', n, CAST('b' || n AS BLOB) FROM n;
             DROP TABLE n;
             COMMIT"
        ));
    }

    fn run(&self, statements: &str) {
        self.connection.execute_batch(statements).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("office.db")
    }
}
