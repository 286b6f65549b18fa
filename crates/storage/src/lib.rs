//! All SQL. One writer commits many changes at once (group commit); readers look on.
//!
//! The texts are written for SQLite and PostgreSQL alike (`$1` parameters, no `now()`, ids and times as
//! parameters); what differs is in the migrations' column types. Nothing is durable until `Store::write` returned.

pub mod backup;
pub mod calls;
pub mod cluster;
pub mod deliveries;
pub mod dials;
pub mod error;
pub mod filling;
pub mod instances;
pub mod migrate;
pub mod parked;
pub mod prune;
pub mod raw_requests;
pub mod reconciliations;
pub mod recordings;
pub mod space;
pub mod sync_jobs;
pub mod transfer;
pub mod unmapped;
pub mod unreturned;

mod postgres;
mod session;
mod sqlite;
mod statement;
mod store;
mod tx;

pub use postgres::Address;
pub use session::{About, Row, Value};
pub use store::stepper::{Asked, Look, Stepper};
pub use store::writer::Mishap;
pub use store::{Place, Store, StoreOptions};
pub use tx::Tx;
