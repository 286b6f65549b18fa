//! Room in the spool: what goes because it is old, and what has to go for something new.

use std::io;
use std::sync::Arc;

use domain::clock::Timestamp;
use domain::port::recordings::FetchError;
use domain::recording::{Fault, LARGEST};

use super::files::{Found, Key, blocking};
use super::{AT_ONCE, Spool};

impl Spool {
    /// Deletes what is old.
    pub(super) async fn sweep(&self) -> io::Result<()> {
        let found = self.look().await?;
        let old = old(&found, self.oldest_kept());
        self.delete_all(old.iter().map(|found| found.key.clone()).collect()).await
    }

    /// Makes room for one more of the largest recordings, by deleting the oldest that nobody uses.
    pub(super) async fn make_room(&self) -> Result<(), FetchError> {
        self.sweep().await?;
        let found = self.look().await?;
        let lent: u64 = found.iter().filter(|found| self.is_lent(&found.key)).map(|found| found.bytes).sum();
        let idle: Vec<_> = found.into_iter().filter(|found| !self.is_in_use(&found.key)).collect();
        // This one among them: what is being written may yet grow.
        let under_way = (AT_ONCE - self.turns.available_permits()) as u64;
        let reserved = lent + under_way * LARGEST;
        let Some(go) = too_much(&idle, self.options.most_bytes.checked_sub(reserved)) else {
            let message = "the folder of recordings is full of what is in use; see recordings.max_total_mb";
            return Err(FetchError::new(Fault::Trouble, message));
        };
        Ok(self.delete_all(go.iter().map(|found| found.key.clone()).collect()).await?)
    }

    fn oldest_kept(&self) -> Timestamp {
        self.clock.now().minus(self.options.keep)
    }

    async fn look(&self) -> io::Result<Vec<Found>> {
        let files = self.files.clone();
        blocking(move || files.list()).await
    }

    async fn delete_all(&self, keys: Vec<Key>) -> io::Result<()> {
        let keys: Arc<[Key]> = keys.into_iter().filter(|key| !self.is_in_use(key)).collect();
        let files = self.files.clone();
        blocking(move || keys.iter().try_for_each(|key| files.delete_now(key))).await
    }
}

/// What was written to before that.
fn old(found: &[Found], before: Timestamp) -> &[Found] {
    &found[..found.partition_point(|found| found.written_at < before)]
}

/// The oldest of what is idle that have to go for the rest to fit into `room`; none if even nothing does not fit.
fn too_much(idle: &[Found], room: Option<u64>) -> Option<&[Found]> {
    let room = room?;
    let mut left: u64 = idle.iter().map(|found| found.bytes).sum();
    let mut go = 0;
    while left > room {
        left -= idle[go].bytes;
        go += 1;
    }
    Some(&idle[..go])
}
