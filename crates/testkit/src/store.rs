//! A fresh database.

use std::path::PathBuf;

use domain::secret::Secret;
use storage::{Address, Place, Store, StoreOptions};
use tempfile::TempDir;

use crate::postgres::Database;

/// A database of its own, which goes when this is dropped: a file, or where `TEST_DATABASE` says `postgres`, one in
/// PostgreSQL.
#[derive(Debug)]
pub enum TempStore {
    /// A folder with the file.
    File(TempDir),
    /// In PostgreSQL.
    Postgres(Database),
}

impl Default for TempStore {
    fn default() -> Self {
        if std::env::var_os("TEST_DATABASE").is_some_and(|wanted| wanted == "postgres") {
            Self::Postgres(Database::fresh())
        } else {
            Self::file()
        }
    }
}

impl TempStore {
    /// One that is a file, for what only a file can do.
    pub fn file() -> Self {
        Self::File(TempDir::new().expect("a temporary folder"))
    }

    /// Opens it; again for what a restart would find.
    pub fn open(&self) -> Store {
        Store::open(&self.options()).expect("a database")
    }

    /// How it is opened.
    pub fn options(&self) -> StoreOptions {
        StoreOptions::in_place(match self {
            Self::File(_) => Place::File(self.path().unwrap_or_default()),
            Self::Postgres(database) => {
                Place::Postgres(Address::parse(&Secret::new(database.url())).expect("a URL"))
            }
        })
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::File(folder) => Some(folder.path().join("test.db")),
            Self::Postgres(_) => None,
        }
    }

    /// Asks for a number beside whoever works with it.
    pub fn number(&self, sql: &str) -> i64 {
        match self {
            Self::File(_) => {
                let connection = rusqlite::Connection::open(self.path().unwrap_or_default()).expect("a file");
                connection.query_row(sql, [], |row| row.get(0)).expect("a number")
            }
            Self::Postgres(database) => database.session().number(sql),
        }
    }
}
