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
mod shared;
mod stepper;

use domain::call::event::{CallEvent, Direction, Happening};
use domain::clock::Timestamp;
use domain::phone::{Country, Phone};
use storage::Store;
use testkit::TempStore;

/// A store on a database of its own.
fn store() -> (Store, TempStore) {
    let database = TempStore::default();
    (database.open(), database)
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
