//! The side of the store that looks: read-only connections on threads of the runtime's pool. A thread that is there
//! goes on with the next look: under load most looks wake none.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Place;
use crate::error::StorageError;
use crate::postgres::Looking;
use crate::sqlite;
use crate::tx::Tx;

/// Looks at the store that run at once: each costs a thread and a cache of pages, and more would only wait for the same
/// disk and processors.
const READERS: usize = 4;

/// Readers of one database.
pub(super) struct Readers {
    place: Place,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Looks that wait for a reader.
    waiting: VecDeque<Box<dyn Look>>,
    /// Threads that look.
    at_work: usize,
    idle: Vec<Reader>,
}

/// A connection of somebody who looks.
enum Reader {
    File(Connection),
    Postgres(Box<Looking>),
}

impl Reader {
    fn open(place: &Place) -> Result<Self, StorageError> {
        match place {
            Place::File(path) => sqlite::open_reader(path).map(Self::File),
            Place::Postgres(address) => {
                Looking::open(address).map(|looking| Self::Postgres(Box::new(looking)))
            }
        }
    }

    /// Whether it can be looked through again.
    fn is_open(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Postgres(looking) => !looking.is_closed(),
        }
    }

    /// Makes a look. It may take several statements; they all see the same state. There is nothing to commit.
    fn look(&self, look: Box<dyn Look>) {
        match self {
            Self::File(connection) => match connection.unchecked_transaction() {
                Ok(_transaction) => look.run(Ok(&Tx::reader(connection))),
                Err(error) => look.run(Err(error.into())),
            },
            Self::Postgres(looking) => {
                look.run(Ok(&Tx::reader(&**looking)));
                looking.end();
            }
        }
    }
}

/// A look, with whoever waits for what it finds.
trait Look: Send {
    fn run(self: Box<Self>, tx: Result<&Tx<'_>, StorageError>);
}

struct Asked<F, T> {
    look: F,
    reply: oneshot::Sender<Result<T, StorageError>>,
}

impl<T, F> Look for Asked<F, T>
where
    T: Send,
    F: FnOnce(&Tx<'_>) -> Result<T, StorageError> + Send,
{
    fn run(self: Box<Self>, tx: Result<&Tx<'_>, StorageError>) {
        let Self { look, reply } = *self;
        // Nobody looks for somebody who has gone away.
        if !reply.is_closed() {
            drop(reply.send(tx.and_then(look)));
        }
    }
}

impl Readers {
    pub(super) fn new(place: Place) -> Self {
        Self { place, state: Mutex::default() }
    }

    /// Looks at the latest committed state.
    pub(super) async fn read<T, F>(self: Arc<Self>, look: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        if self.queue(Box::new(Asked { look, reply })) {
            let readers = Arc::clone(&self);
            // It ends by itself when nobody waits any more.
            drop(tokio::task::spawn_blocking(move || readers.work()));
        }
        answer.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Takes the log over into the file.
    pub(super) async fn shrink(self: Arc<Self>) -> Result<(), StorageError> {
        let take_over = tokio::task::spawn_blocking(move || match &self.place {
            Place::File(path) => sqlite::take_log_over(path),
            // It looks after its files itself.
            Place::Postgres(_) => Ok(()),
        });
        take_over.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Whether one more thread is to look.
    fn queue(&self, look: Box<dyn Look>) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(look);
        let is_needed = state.at_work < READERS;
        state.at_work += usize::from(is_needed);
        is_needed
    }

    /// Looks as long as anybody waits.
    fn work(&self) {
        let mut connection = None;
        while let Some(look) = self.next(&mut connection) {
            // Whoever asked for a look that panics hears that it came to nothing; the others must not.
            let looked = std::panic::catch_unwind(AssertUnwindSafe(|| self.look(look, connection.take())));
            connection = looked.unwrap_or_default();
        }
    }

    /// What is waited for the longest, or nothing, and then a thread less is at work.
    fn next(&self, connection: &mut Option<Reader>) -> Option<Box<dyn Look>> {
        let mut state = self.lock();
        let look = state.waiting.pop_front();
        match (&look, &connection) {
            (Some(_), None) => *connection = state.idle.pop(),
            (Some(_), Some(_)) => {}
            (None, _) => {
                state.at_work -= 1;
                state.idle.extend(connection.take());
            }
        }
        look
    }

    /// Makes a look; gives the connection, if there is one.
    fn look(&self, look: Box<dyn Look>, reader: Option<Reader>) -> Option<Reader> {
        let reader = reader.filter(Reader::is_open);
        let reader = match reader.map_or_else(|| Reader::open(&self.place), Ok) {
            Ok(reader) => reader,
            Err(error) => {
                look.run(Err(error));
                return None;
            }
        };
        reader.look(look);
        Some(reader).filter(Reader::is_open)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
