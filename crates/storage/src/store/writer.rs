//! The writer thread: takes whatever has queued up while the last commit waited for the disk, runs it in one
//! transaction, commits once, and only then tells everybody.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::id::InstanceId;
use domain::port::crash::{CrashPoint, CrashPoints};
use tokio::sync::mpsc::{Receiver, UnboundedSender};

use crate::calls::RecentCalls;
use crate::error::StorageError;
use crate::session::{About, Session};
use crate::tx::Tx;

/// More than this is not put into one transaction, so that the first in it does not wait for long.
pub(crate) const LARGEST_BATCH: usize = 1024;

/// A batch in whose way another writer stood is run again so often.
const RUNS: u32 = 4;

/// It is not begun again after so long: whoever sent the event, or Kontur (3 s), waits as well, and everybody behind it.
const RUN_AGAIN_FOR: Duration = Duration::from_secs(1);

/// What transactions are made on.
pub(crate) trait Database: Session {
    /// Begins a transaction of changes that are about this. Waits for a database that is away for a while, if that helps.
    fn begin(
        &self,
        about: &mut dyn Iterator<Item = &About>,
        recent: &RecentCalls,
    ) -> Result<(), StorageError>;

    /// Makes the transaction durable.
    fn commit(&self) -> Result<(), StorageError>;

    /// Leaves nothing of it.
    fn roll_back(&self);
}

/// One caller's change. It may run more than once: a batch in which another change failed is rolled back and each of
/// its changes is tried by itself.
pub(crate) trait Job: Send {
    /// What it is about.
    fn about(&self) -> &About;

    /// Makes the change and keeps the result for [`Job::finish`].
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StorageError>;

    /// Tells the caller: committed, or why not.
    fn finish(self: Box<Self>, committed: Result<(), StorageError>);
}

/// Changes that go into one transaction.
pub(crate) type Batch = Vec<Box<dyn Job>>;

/// Runs until every sender is gone. No transaction takes more than `largest_batch` changes.
pub(super) fn run(
    database: &dyn Database,
    mut jobs: Receiver<Box<dyn Job>>,
    largest_batch: usize,
    writer: &Writer,
) {
    let mut batch = Batch::with_capacity(largest_batch);
    while let Some(first) = jobs.blocking_recv() {
        batch.push(first);
        gather(&mut batch, &mut jobs, largest_batch);
        writer.commit_batch(database, &mut batch);
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
    /// Where it is told which instances were changed, if there are others to be told.
    changes: Option<UnboundedSender<InstanceId>>,
    /// Of the next transactions; only simulations have any.
    mishap: RefCell<Option<Mishap>>,
}

impl Writer {
    pub(crate) fn new(crash_points: CrashPoints, changes: Option<UnboundedSender<InstanceId>>) -> Self {
        let recent_calls = Arc::new(RecentCalls::new());
        Self { recent_calls, crash_points, changes, mishap: RefCell::default() }
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
    pub(crate) fn commit_batch(&self, database: &dyn Database, batch: &mut Batch) {
        match self.commit_in_some_run(database, batch) {
            Err(Failed::Changes(error)) if batch.len() > 1 && !error.is_of_the_database() => {
                self.commit_each(database, batch);
            }
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
    fn commit_each(&self, database: &dyn Database, batch: &mut Batch) {
        for mut job in batch.drain(..) {
            let committed =
                self.commit_in_some_run(database, std::slice::from_mut(&mut job)).map_err(Failed::into_error);
            if let Err(error) = &committed {
                tracing::error!(%error, "a change could not be stored");
            }
            job.finish(committed);
        }
    }

    /// Others that change the same, or a database that is started again, end a transaction for no fault of its changes.
    fn commit_in_some_run(&self, database: &dyn Database, jobs: &mut [Box<dyn Job>]) -> Result<(), Failed> {
        let (mut runs, until) = (1, Instant::now() + RUN_AGAIN_FOR);
        loop {
            match self.commit(database, jobs) {
                Err(Failed::Changes(error)) if error.may_pass() && runs < RUNS && Instant::now() < until => {
                    runs += 1;
                }
                committed => return committed,
            }
        }
    }

    fn commit(&self, database: &dyn Database, jobs: &mut [Box<dyn Job>]) -> Result<(), Failed> {
        self.begin(database, jobs).map_err(Failed::ToBegin)?;
        let mut begun = Begun { database, is_committed: false };
        let committed = self.run_and_commit(&mut begun, jobs);
        if committed.is_err() {
            self.recent_calls.forget_all();
        }
        committed.map_err(Failed::Changes)
    }

    fn begin(&self, database: &dyn Database, jobs: &[Box<dyn Job>]) -> Result<(), StorageError> {
        if let Some(Mishap::ToBegin(error)) = &*self.mishap.borrow() {
            return Err(error.clone());
        }
        database.begin(&mut jobs.iter().map(|job| job.about()), &self.recent_calls)
    }

    fn run_and_commit(&self, begun: &mut Begun<'_>, jobs: &mut [Box<dyn Job>]) -> Result<(), StorageError> {
        let mut tx = Tx::writer(begun.database, &self.recent_calls, &self.crash_points);
        for job in jobs {
            // A panic in one change must not end the writer, which everybody depends on.
            std::panic::catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)))
                .unwrap_or_else(|_| Err(StorageError::Driver("a change panicked; see the log".to_owned())))?;
        }
        self.crash_points.pass(CrashPoint::Written);
        if let Some(Mishap::ToCommit(error)) = &*self.mishap.borrow() {
            return Err(error.clone());
        }
        begun.commit()?;
        if let Some(unit) = begun.database.unit() {
            // Else the next transaction would take them for calls that nobody else has changed.
            unit.only_read().into_iter().for_each(|call| self.recent_calls.forget(call));
        }
        self.recent_calls.committed();
        self.crash_points.pass(CrashPoint::Committed);
        let (hooks, touched) = tx.into_hooks();
        for hook in hooks {
            hook();
        }
        if let Some(changes) = &self.changes {
            for instance in touched {
                // Nobody tells the others any more: they find it out.
                changes.send(instance).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// A transaction that leaves nothing behind unless it is committed, whatever happens meanwhile.
struct Begun<'d> {
    database: &'d dyn Database,
    is_committed: bool,
}

impl Begun<'_> {
    fn commit(&mut self) -> Result<(), StorageError> {
        self.database.commit()?;
        self.is_committed = true;
        Ok(())
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.is_committed {
            self.database.roll_back();
        }
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
