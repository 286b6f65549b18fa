//! The side of the store that looks: read-only connections on threads of the runtime's pool.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::error::StorageError;
use crate::sqlite;
use crate::tx::Tx;

/// Looks at the store that run at once.
const READERS: usize = 4;

/// Readers of one database file.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Each reader costs a thread and a cache of pages; more would only wait for the same disk and processors.
    turns: Semaphore,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), turns: Semaphore::new(READERS) }
    }

    /// Looks at the latest committed state.
    pub(super) async fn read<T, F>(self: Arc<Self>, look: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let readers = Arc::clone(&self);
        let _turn = self.turns.acquire().await.map_err(|_| StorageError::Closed)?;
        let look =
            tokio::task::spawn_blocking(move || readers.with(|connection| look(&Tx::reader(connection))));
        look.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Takes the log over into the file.
    pub(super) async fn shrink(self: Arc<Self>) -> Result<(), StorageError> {
        let take_over = tokio::task::spawn_blocking(move || sqlite::take_log_over(&self.path));
        take_over.await.unwrap_or(Err(StorageError::Closed))
    }

    fn with<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| sqlite::open_reader(&self.path), Ok)?;
        // A look may take several statements; they all see the same state.
        let transaction = connection.unchecked_transaction()?;
        let found = look(&connection);
        transaction.finish()?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        found
    }
}
