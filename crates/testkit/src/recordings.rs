//! Recordings that are here.

use std::sync::Mutex;

use async_trait::async_trait;
use domain::call::event::Recording;
use domain::id::{ExternalId, LegId};
use domain::port::recordings::{FetchError, Recordings, Spooled};
use domain::recording::Fault;

use crate::lock;

/// Has none, and notes those that nobody needs any more.
#[derive(Debug, Default)]
pub struct FakeRecordings(Mutex<Vec<LegId>>);

impl FakeRecordings {
    /// The legs whose recordings were let go of.
    pub fn discarded(&self) -> Vec<LegId> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl Recordings for FakeRecordings {
    async fn obtain(&self, _: &ExternalId, _: &Recording) -> Result<Spooled, FetchError> {
        Err(FetchError::new(Fault::NotThere, "there are none"))
    }

    async fn discard(&self, _: &ExternalId, leg: &LegId) {
        lock(&self.0).push(leg.clone());
    }
}
