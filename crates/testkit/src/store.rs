//! A fresh database.

use storage::{Store, StoreOptions};
use tempfile::TempDir;

/// A database in a folder of its own, which goes when this is dropped.
#[derive(Debug)]
pub struct TempStore {
    folder: TempDir,
}

impl Default for TempStore {
    fn default() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }
}

impl TempStore {
    /// Opens it; again for what a restart would find.
    pub fn open(&self) -> Store {
        Store::open(&StoreOptions::at(self.folder.path().join("test.db"))).expect("a database")
    }
}
