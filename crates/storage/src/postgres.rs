//! PostgreSQL, which many servers may share.
//!
//! Statements are the same as for SQLite. What differs is when they run: what a transaction needs is locked and read at
//! once when it begins, and what it changes is sent at once when it ends ([`buffer`]), so that a batch of hundreds of
//! changes costs two waits for the network and one for the disk.

mod address;
mod batched;
mod blocks;
mod buffer;
mod connection;
mod error;
mod libpq;
mod look;
mod prefetch;
mod rows;
mod session;
mod value;

pub use address::Address;
pub(crate) use address::SETTINGS;
pub(crate) use look::Looking;
pub(crate) use session::Writing;
pub(crate) use value::INSTEAD_OF_NUL;

#[cfg(test)]
mod tests;
