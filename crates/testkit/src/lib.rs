//! Fakes with state of everything the engine reaches through a port, a clock moved by hand, and a fresh database.
//! Put together: [`Rig`]. Beside them a real PostgreSQL, and ports for servers.

#![expect(clippy::expect_used, reason = "a test's helpers may fail the test")]
#![expect(clippy::missing_panics_doc, reason = "they do so by panicking")]

mod clock;
mod connect;
mod crm;
mod destination;
mod port;
pub mod postgres;
mod provider;
mod recordings;
mod rig;
mod settings;
mod store;

pub use clock::{ManualClock, START};
pub use connect::FakeConnect;
pub use crm::FakeCrm;
pub use destination::FakeDestination;
pub use port::free_port;
pub use provider::{FakeHistory, FakeProvider, SIGNATURE, SIGNED, past};
pub use recordings::FakeRecordings;
pub use rig::{ACCESS_KEY, Rig, options};
pub use settings::{settings, settings_with};
pub use store::TempStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A test that failed while it held the lock has said so already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
