//! Recordings that are here as files, or cannot be had.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::call::event::Recording;
use domain::id::{ExternalId, LegId};
use domain::port::recordings::{FetchError, Fetched, Recordings, Spooled};
use domain::recording::Fault;
use tempfile::TempDir;

/// What every recording here sounds like.
pub(crate) const SOUND: &[u8] = b"hello";

/// Gives every recording that is asked for, but while something is wrong.
pub(crate) struct Shelf {
    folder: TempDir,
    fault: Mutex<Option<Fault>>,
}

impl Shelf {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { folder: tempfile::tempdir().unwrap(), fault: Mutex::default() })
    }

    /// From now on nothing can be had for that reason; none: all can.
    pub(crate) fn fail(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    pub(crate) fn file(&self, file_name: &str, content_type: &str) -> Spooled {
        let path = self.folder.path().join("sound");
        std::fs::write(&path, SOUND).unwrap();
        let (content_type, file_name) = (content_type.to_owned(), file_name.to_owned());
        let fetched = Fetched { content_type, file_name, size: SOUND.len() as u64 };
        Spooled { path, fetched, lease: Arc::new(()) }
    }
}

#[async_trait]
impl Recordings for Shelf {
    async fn obtain(&self, _call: &ExternalId, recording: &Recording) -> Result<Spooled, FetchError> {
        match *self.fault.lock().unwrap() {
            Some(fault) => Err(FetchError::new(fault, "made to fail")),
            None => Ok(self.file(&format!("{}.mp3", recording.leg), "audio/mpeg")),
        }
    }

    async fn discard(&self, _call: &ExternalId, _leg: &LegId) {}
}
