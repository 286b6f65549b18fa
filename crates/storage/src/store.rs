//! The store: one writer, some readers.

mod readers;
pub(crate) mod stepper;
pub(crate) mod writer;

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{CallId, InstanceId};
use domain::port::crash::CrashPoints;
use tokio::sync::{mpsc, oneshot};

use self::readers::Readers;
use self::stepper::Look;
use self::writer::{Job, LARGEST_BATCH, Writer};
use crate::calls::{Looked, RecentCalls, StoredCall};
use crate::cluster::Membership;
use crate::error::StorageError;
use crate::postgres::{Address, Writing};
use crate::session::About;
use crate::sqlite::{self, Statements};
use crate::tx::Tx;

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where the database is.
    pub place: Place,
    /// Changes that may wait for the writer; beyond that [`StorageError::Busy`].
    pub queue: usize,
    /// Changes that one transaction takes at most.
    pub largest_batch: usize,
    /// Refuses to open a file that another process has opened so: two that deliver would deliver everything twice.
    pub alone: bool,
    /// Whoever listens at the points that a change passes.
    pub crash_points: CrashPoints,
}

/// Where a database is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// In PostgreSQL.
    Postgres(Address),
}

/// Without user and password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

impl StoreOptions {
    /// The database file `path` with a queue for a busy machine.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self::in_place(Place::File(path.as_ref().to_owned()))
    }

    /// A database with a queue for a busy machine.
    pub fn in_place(place: Place) -> Self {
        let crash_points = CrashPoints::default();
        Self { place, queue: 16_384, largest_batch: LARGEST_BATCH, alone: false, crash_points }
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
    /// Where the database is, if others may change it at the same time.
    shared: Option<Shared>,
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

/// What a store has that is not the only one on its database.
#[derive(Clone)]
struct Shared {
    address: Address,
    /// Instances that were changed here, until somebody tells the others.
    changes: Arc<Mutex<Option<mpsc::UnboundedReceiver<InstanceId>>>>,
}

impl Shared {
    /// With where changes are to be told; none of a file.
    fn of(place: &Place) -> Option<(Self, mpsc::UnboundedSender<InstanceId>)> {
        let Place::Postgres(address) = place else { return None };
        let (sender, receiver) = mpsc::unbounded_channel();
        Some((Self { address: address.clone(), changes: Arc::new(Mutex::new(Some(receiver))) }, sender))
    }
}

struct WriterThread(Mutex<Option<std::thread::JoinHandle<()>>>);

impl Store {
    /// Opens the database, makes it if need be, and brings it up to date. Blocks: it is called before serving.
    pub fn open(options: &StoreOptions) -> Result<Self, StorageError> {
        let lock = match &options.place {
            Place::File(path) if options.alone => Some(Arc::new(lock(path)?)),
            _ => None,
        };
        let (writer, jobs) = mpsc::channel(options.queue);
        let (place, largest_batch) = (options.place.clone(), options.largest_batch);
        let (shared, changes) = Shared::of(&options.place).unzip();
        let at_work = Writer::new(options.crash_points.clone(), changes);
        let recent_calls = at_work.recent_calls();
        let (opened, is_open) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work(&place, jobs, largest_batch, &at_work, &opened))
            .map_err(|error| StorageError::Driver(format!("the writer thread cannot start: {error}")))?;
        is_open.recv().unwrap_or(Err(StorageError::Closed))?;
        let reading = Reading::Pooled(Arc::new(Readers::new(options.place.clone())));
        let thread = Some(Arc::new(WriterThread(Mutex::new(Some(thread)))));
        Ok(Self { writer, reading, recent_calls, thread, shared, _lock: lock })
    }

    /// Whether other processes may serve from the same database at the same time.
    pub const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// This process among the others that serve from the same database, which is going to join them; none of a file, which
    /// one serves from. `name` is what people see of it.
    /// To be asked for once.
    pub fn membership(&self, name: String) -> Option<Membership> {
        let shared = self.shared.as_ref()?;
        let changes = shared.changes.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Membership::new(shared.address.clone(), name, changes))
    }

    /// Makes a change. Returns once it is durable. `change` may run more than once and must depend on nothing but its
    /// captures and the transaction.
    pub async fn write<T, F>(&self, change: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        self.write_about(About::default, change).await
    }

    /// The same, of which it can be said in advance what it is `about`: many such changes cost little more than one. It is
    /// only asked for where that helps.
    pub async fn write_about<T, F>(&self, about: impl FnOnce() -> About, change: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let about = if self.is_shared() { about() } else { About::default() };
        let (reply, answer) = oneshot::channel();
        self.writer.try_send(Box::new(Change { about, make: change, result: None, reply })).map_err(
            |error| match error {
                mpsc::error::TrySendError::Full(_) => StorageError::Busy,
                mpsc::error::TrySendError::Closed(_) => StorageError::Closed,
            },
        )?;
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
    /// Where the store is shared another process may have changed it since.
    pub fn recent_call(&self, id: CallId) -> Option<Arc<StoredCall>> {
        self.recent_calls.committed_call(id)
    }

    /// Before calls are looked at that are to be among the recent ones.
    pub fn begin_to_look(&self) -> Looked {
        self.recent_calls.look()
    }

    /// Takes calls that were looked at for recent ones, but for those of which something later is known, or was.
    pub fn learn_calls(&self, calls: Vec<StoredCall>, looked: Looked) {
        self.recent_calls.learn(calls, looked);
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

/// The writer's life: opens the database, says whether that went well, and makes changes until every sender is gone.
fn work(
    place: &Place,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    largest_batch: usize,
    writer: &Writer,
    opened: &std::sync::mpsc::SyncSender<Result<(), StorageError>>,
) {
    // Whoever asked waits for the answer.
    let answer = |answer| drop(opened.send(answer));
    match place {
        Place::File(path) => match sqlite::open_writer(path) {
            Ok(connection) => {
                answer(Ok(()));
                writer::run(&Statements::new(&connection), jobs, largest_batch, writer);
            }
            Err(error) => answer(Err(error)),
        },
        Place::Postgres(address) => match Writing::open(address) {
            Ok(writing) => {
                answer(Ok(()));
                writer::run(&writing, jobs, largest_batch, writer);
            }
            Err(error) => answer(Err(error)),
        },
    }
}

struct Change<F, T> {
    about: About,
    make: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StorageError>>,
}

impl<T, F> Job for Change<F, T>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send,
{
    fn about(&self) -> &About {
        &self.about
    }

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
