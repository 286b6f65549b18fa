//! The store from outside: durability, group commit, and each table's rules.

#![cfg(test)]

mod calls;
mod deliveries;
mod filling;
mod group_commit;
mod instances;
mod parked;
mod prune;
mod readers;
mod recent;
mod recordings;
mod stepper;

use domain::call::event::{CallEvent, Direction, Happening};
use domain::clock::Timestamp;
use domain::phone::{Country, Phone};
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

fn client() -> Phone {
    Phone::normalise("+79997775533", Country::RU)
}

/// An event of an inbound call of [`client`].
fn event(second: i64, call: &str, happening: Happening) -> CallEvent {
    CallEvent {
        id: format!("{call}-{second}").into(),
        at: at(second),
        call: call.into(),
        direction: Some(Direction::Inbound),
        client_phone: Some(client()),
        vats_phone: None,
        request: None,
        happening,
    }
}
