//! The store: one writer, some readers.

mod readers;
pub(crate) mod stepper;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::CallId;
use domain::port::crash::CrashPoints;
use tokio::sync::{mpsc, oneshot};

use self::readers::Readers;
use self::stepper::Look;
use crate::calls::{RecentCalls, StoredCall};
use crate::error::StorageError;
use crate::sqlite::{self, Job, LARGEST_BATCH, Writer};
use crate::tx::Tx;

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The database file.
    pub path: PathBuf,
    /// Changes that may wait for the writer; beyond that [`StorageError::Busy`].
    pub queue: usize,
    /// Changes that one transaction takes at most.
    pub largest_batch: usize,
    /// Refuses to open what another process has opened so: two that deliver would deliver everything twice.
    pub alone: bool,
    /// Whoever listens at the points that a change passes.
    pub crash_points: CrashPoints,
}

impl StoreOptions {
    /// The database file `path` with a queue for a busy machine.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let crash_points = CrashPoints::default();
        Self { path, queue: 16_384, largest_batch: LARGEST_BATCH, alone: false, crash_points }
    }

    /// The same, for the one process that serves.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}

/// The database. Cheap to clone. The writer ends when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    writer: mpsc::Sender<Box<dyn Job>>,
    reading: Reading,
    recent_calls: Arc<RecentCalls>,
    /// None if its steps are taken by hand.
    thread: Option<Arc<WriterThread>>,
    /// Held as long as the store is open; the system lets go of it however the process ends.
    _lock: Option<Arc<File>>,
}

/// Who looks.
#[derive(Clone)]
enum Reading {
    /// Connections of their own, at once.
    Pooled(Arc<Readers>),
    /// A [`stepper::Stepper`], when it is told to.
    Stepped(mpsc::UnboundedSender<Look>),
}

struct WriterThread(Mutex<Option<std::thread::JoinHandle<()>>>);

impl Store {
    /// Opens the database, makes it if need be, and brings it up to date. Blocks: it is called before serving.
    pub fn open(options: &StoreOptions) -> Result<Self, StorageError> {
        let lock = if options.alone { Some(Arc::new(lock(&options.path)?)) } else { None };
        let connection = sqlite::open_writer(&options.path)?;
        let (writer, jobs) = mpsc::channel(options.queue);
        let largest_batch = options.largest_batch;
        let at_work = Writer::new(options.crash_points.clone());
        let recent_calls = at_work.recent_calls();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || sqlite::run_writer(&connection, jobs, largest_batch, &at_work))
            .map_err(|error| StorageError::Driver(format!("the writer thread cannot start: {error}")))?;
        let reading = Reading::Pooled(Arc::new(Readers::new(options.path.clone())));
        let thread = Some(Arc::new(WriterThread(Mutex::new(Some(thread)))));
        Ok(Self { writer, reading, recent_calls, thread, _lock: lock })
    }

    /// Makes a change. Returns once it is durable. `change` may run more than once and must depend on nothing but its
    /// captures and the transaction.
    pub async fn write<T, F>(&self, change: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.writer.try_send(Box::new(Change { make: change, result: None, reply })).map_err(|error| {
            match error {
                mpsc::error::TrySendError::Full(_) => StorageError::Busy,
                mpsc::error::TrySendError::Closed(_) => StorageError::Closed,
            }
        })?;
        answer.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Looks at the latest committed state.
    pub async fn read<T, F>(&self, look: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        match &self.reading {
            Reading::Pooled(readers) => Arc::clone(readers).read(look).await,
            Reading::Stepped(looks) => stepper::read(looks.clone(), look).await,
        }
    }

    /// A call as it was last committed, if it is one of those that were changed just now: at no cost. None says nothing.
    pub fn recent_call(&self, id: CallId) -> Option<Arc<StoredCall>> {
        self.recent_calls.committed_call(id)
    }

    /// Lets the file shrink to what is in use, as far as nobody stands in the way: pages that were given back are cut off
    /// only when the log of changes is taken over.
    pub async fn shrink(&self) -> Result<(), StorageError> {
        match &self.reading {
            Reading::Pooled(readers) => Arc::clone(readers).shrink().await,
            Reading::Stepped(_) => Ok(()),
        }
    }

    /// Waits until the writer has ended. All other clones have to be dropped before.
    pub async fn close(self) {
        let Self { writer, reading, thread, .. } = self;
        drop((writer, reading));
        let Some(thread) = thread else { return };
        let ended = tokio::task::spawn_blocking(move || {
            let thread = thread.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            thread.map(std::thread::JoinHandle::join)
        });
        drop(ended.await);
    }
}

fn lock(database: &Path) -> Result<File, StorageError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let failed = |error| StorageError::Driver(format!("{}: {error}", path.display()));
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::InUse),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

struct Change<F, T> {
    make: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StorageError>>,
}

impl<T, F> Job for Change<F, T>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StorageError> {
        self.result = Some((self.make)(tx)?);
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), StorageError>) {
        let Self { result, reply, .. } = *self;
        // The caller may have gone away; the change stands.
        drop(reply.send(committed.and_then(|()| result.ok_or(StorageError::Closed))));
    }
}
