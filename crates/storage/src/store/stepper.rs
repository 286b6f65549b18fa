//! A store without threads: whoever holds its [`Stepper`] says when what was asked of it is done, and what goes wrong
//! with it. For simulations, in which the order of everything follows from a seed.
//!
//! It is the same store: the same transactions in the same batches, on a connection in place of the writer's thread.

use domain::port::crash::CrashPoints;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::writer::{self, Batch, Job, Mishap, Writer};
use super::{Reading, Store};
use crate::error::StorageError;
use crate::sqlite;
use crate::tx::Tx;

/// Does what is asked of the stores that it gave out, one step at a time.
pub struct Stepper {
    connection: Connection,
    writer: Writer,
    changes: mpsc::Receiver<Box<dyn Job>>,
    looks: mpsc::UnboundedReceiver<Look>,
    batch: Batch,
}

/// A look that waits to be answered.
pub struct Look(Box<Answer>);

type Answer = dyn FnOnce(Result<&Tx<'_>, StorageError>) + Send;

/// What was asked of the store.
pub enum Asked {
    /// A change came up; it and those that come after it wait for [`Stepper::commit`].
    Change,
    /// A look, to be answered by [`Stepper::answer`].
    Look(Look),
    /// Nothing more: the store was dropped.
    Nothing,
}

impl Stepper {
    /// A database in memory, which lives as long as this does.
    pub fn in_memory(crash_points: CrashPoints) -> Result<Self, StorageError> {
        let connection = sqlite::open_writer(":memory:".as_ref())?;
        let writer = Writer::new(crash_points, None);
        let ((_, changes), (_, looks)) = (mpsc::channel(1), mpsc::unbounded_channel());
        Ok(Self { connection, writer, changes, looks, batch: Batch::new() })
    }

    /// A store on the database, with a queue of that many changes. What an earlier one was asked and had not done is
    /// forgotten, as by the death of its process.
    pub fn store(&mut self, queue: usize) -> Store {
        let (changes, looks);
        (changes, self.changes) = mpsc::channel(queue);
        (looks, self.looks) = mpsc::unbounded_channel();
        self.batch.clear();
        self.writer.forget();
        let recent_calls = self.writer.recent_calls();
        let reading = Reading::Stepped(looks);
        Store { writer: changes, reading, recent_calls, thread: None, shared: None, _lock: None }
    }

    /// Waits until something is asked. Changes are told of once until they are committed.
    pub async fn asked(&mut self) -> Asked {
        let Self { changes, looks, batch, .. } = self;
        tokio::select! {
            biased;
            look = looks.recv() => look.map_or(Asked::Nothing, Asked::Look),
            Some(change) = changes.recv(), if batch.is_empty() => {
                batch.push(change);
                Asked::Change
            }
        }
    }

    /// Commits all changes that have queued up, as the writer's thread would; says how many they were. If whoever
    /// listens at a crash point panics, this does, and the next [`Self::store`] finds what was committed.
    pub fn commit(&mut self, mishap: Option<Mishap>) -> usize {
        writer::gather(&mut self.batch, &mut self.changes, writer::LARGEST_BATCH);
        let changes = self.batch.len();
        self.writer.expect(mishap);
        self.writer.commit_batch(&self.connection, &mut self.batch);
        self.writer.expect(None);
        changes
    }

    /// Answers a look from the latest committed state, or with an error.
    pub fn answer(&self, look: Look, error: Option<StorageError>) {
        let tx = Tx::reader(&self.connection);
        (look.0)(error.map_or(Ok(&tx), Err));
    }
}

/// Asks for a look and waits for the answer.
pub(super) async fn read<T, F>(looks: mpsc::UnboundedSender<Look>, look: F) -> Result<T, StorageError>
where
    T: Send + 'static,
    F: FnOnce(&Tx<'_>) -> Result<T, StorageError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let answered = Look(Box::new(move |tx| drop(reply.send(tx.and_then(look)))));
    looks.send(answered).map_err(|_| StorageError::Closed)?;
    answer.await.unwrap_or(Err(StorageError::Closed))
}
