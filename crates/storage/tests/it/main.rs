//! The store from outside: durability, group commit, and each table's rules.

#![cfg(test)]

mod calls;
mod deliveries;
mod filling;
mod group_commit;
mod prune;
mod stepper;

use domain::clock::Timestamp;
use storage::{Store, StoreOptions};
use tempfile::TempDir;

/// A store on a file of its own.
fn store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreOptions::at(folder.path().join("test.db"))).unwrap();
    (store, folder)
}

const fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}
