//! The writer thread: takes whatever has queued up while the last commit waited for the disk, runs it in one
//! transaction, commits once, and only then tells everybody.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::port::crash::{CrashPoint, CrashPoints};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::mpsc::Receiver;

use super::prepared::{Prepare, Statements};
use crate::calls::RecentCalls;
use crate::error::StorageError;
use crate::tx::Tx;

/// More than this is not put into one transaction, so that the first in it does not wait for long.
pub(crate) const LARGEST_BATCH: usize = 1024;

/// One caller's change. It may run more than once: a batch in which another change failed is rolled back and each of
/// its changes is tried by itself.
pub(crate) trait Job: Send {
    /// Makes the change and keeps the result for [`Job::finish`].
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StorageError>;

    /// Tells the caller: committed, or why not.
    fn finish(self: Box<Self>, committed: Result<(), StorageError>);
}

/// Changes that go into one transaction.
pub(crate) type Batch = Vec<Box<dyn Job>>;

/// Runs until every sender is gone. No transaction takes more than `largest_batch` changes.
pub(crate) fn run(
    connection: &Connection,
    mut jobs: Receiver<Box<dyn Job>>,
    largest_batch: usize,
    writer: &Writer,
) {
    let statements = Statements::new(connection);
    let mut batch = Batch::with_capacity(largest_batch);
    while let Some(first) = jobs.blocking_recv() {
        batch.push(first);
        gather(&mut batch, &mut jobs, largest_batch);
        writer.commit_batch(&statements, &mut batch);
    }
}

/// Takes what has queued up, until there are `largest_batch`.
pub(crate) fn gather(batch: &mut Batch, jobs: &mut Receiver<Box<dyn Job>>, largest_batch: usize) {
    while batch.len() < largest_batch {
        let Ok(next) = jobs.try_recv() else { break };
        batch.push(next);
    }
}

/// What a simulation lets go wrong with a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// It does not begin.
    ToBegin(StorageError),
    /// Nothing of it is kept.
    ToCommit(StorageError),
}

/// Whoever holds it is the one that changes the database.
pub(crate) struct Writer {
    recent_calls: Arc<RecentCalls>,
    crash_points: CrashPoints,
    /// Of the next transactions; only simulations have any.
    mishap: RefCell<Option<Mishap>>,
}

impl Writer {
    pub(crate) fn new(crash_points: CrashPoints) -> Self {
        Self { recent_calls: Arc::new(RecentCalls::new()), crash_points, mishap: RefCell::default() }
    }

    /// The calls that it has just had in hand.
    pub(crate) fn recent_calls(&self) -> Arc<RecentCalls> {
        Arc::clone(&self.recent_calls)
    }

    /// What will go wrong with transactions from now on.
    pub(crate) fn expect(&self, mishap: Option<Mishap>) {
        self.mishap.replace(mishap);
    }

    /// Forgets all that is not in the database.
    pub(crate) fn forget(&self) {
        self.recent_calls.forget_all();
    }

    /// Runs the changes in one transaction and tells whoever waits for them.
    pub(crate) fn commit_batch(&self, statements: &dyn Prepare, batch: &mut Batch) {
        match self.commit(statements, batch) {
            Err(Failed::Changes(_)) if batch.len() > 1 => self.commit_each(statements, batch),
            committed => {
                let committed = committed.map_err(Failed::into_error);
                if let Err(error) = &committed {
                    tracing::error!(%error, changes = batch.len(), "changes could not be stored");
                }
                batch.drain(..).for_each(|job| job.finish(committed.clone()));
            }
        }
    }

    /// One change of a batch failed: the others must not fail with it.
    fn commit_each(&self, statements: &dyn Prepare, batch: &mut Batch) {
        for mut job in batch.drain(..) {
            let committed =
                self.commit(statements, std::slice::from_mut(&mut job)).map_err(Failed::into_error);
            if let Err(error) = &committed {
                tracing::error!(%error, "a change could not be stored");
            }
            job.finish(committed);
        }
    }

    fn commit(&self, statements: &dyn Prepare, jobs: &mut [Box<dyn Job>]) -> Result<(), Failed> {
        let transaction = self.begin(statements).map_err(Failed::ToBegin)?;
        let committed = self.run_and_commit(transaction, statements, jobs);
        if committed.is_err() {
            self.recent_calls.forget_all();
        }
        committed.map_err(Failed::Changes)
    }

    fn begin<'c>(&self, statements: &'c dyn Prepare) -> Result<Transaction<'c>, StorageError> {
        if let Some(Mishap::ToBegin(error)) = &*self.mishap.borrow() {
            return Err(error.clone());
        }
        Ok(Transaction::new_unchecked(statements.connection(), TransactionBehavior::Immediate)?)
    }

    fn run_and_commit(
        &self,
        transaction: Transaction<'_>,
        statements: &dyn Prepare,
        jobs: &mut [Box<dyn Job>],
    ) -> Result<(), StorageError> {
        let mut tx = Tx::writer(statements, &self.recent_calls, &self.crash_points);
        for job in jobs {
            // A panic in one change must not end the writer, which everybody depends on.
            std::panic::catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)))
                .unwrap_or_else(|_| Err(StorageError::Driver("a change panicked; see the log".to_owned())))?;
        }
        self.crash_points.pass(CrashPoint::Written);
        if let Some(Mishap::ToCommit(error)) = &*self.mishap.borrow() {
            return Err(error.clone());
        }
        transaction.commit()?;
        self.recent_calls.committed();
        self.crash_points.pass(CrashPoint::Committed);
        tx.into_hooks().into_iter().for_each(|hook| hook());
        Ok(())
    }
}

/// Why a transaction came to nothing.
enum Failed {
    /// Somebody else holds the database. Any other change would wait for it just as long, and everybody behind it.
    ToBegin(StorageError),
    /// One of the changes, or the commit.
    Changes(StorageError),
}

impl Failed {
    fn into_error(self) -> StorageError {
        match self {
            Self::ToBegin(error) | Self::Changes(error) => error,
        }
    }
}
