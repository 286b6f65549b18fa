//! The spool: recordings on their way, as files. A file is fetched once, whoever asks how often; what broke off is gone
//! on from, also after a restart. Files go when nobody needs them, when they are old, and when there is no room.

mod files;
mod room;
mod sink;

use std::any::Any;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use domain::call::event::Recording;
use domain::clock::Clock;
use domain::id::{ExternalId, LegId, Workspace};
use domain::port::provider::SharedProvider;
use domain::port::recordings::{FetchError, Fetched, Recordings, Spooled};
use domain::recording::{Fault, LARGEST};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::Semaphore;

use self::files::{Files, Key};

/// Transfers under way at once, over all workspaces.
const AT_ONCE: usize = 8;

/// A delivery waits no longer for a transfer: it holds a place among those under way, and its lane.
const WAIT: Duration = Duration::from_secs(20);

/// How often it is looked for files that are old.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Where files are kept, and how long and how many.
#[derive(Debug, Clone)]
pub struct SpoolOptions {
    /// The folder; made when it is needed first.
    pub folder: PathBuf,
    /// A file goes this long after it was last written to.
    pub keep: Duration,
    /// All files together, in bytes. Each transfer reserves the room of the largest recording.
    pub most_bytes: u64,
}

/// All recordings that are here.
pub struct Spool {
    files: Files,
    options: SpoolOptions,
    clock: Arc<dyn Clock>,
    turns: Semaphore,
    state: Mutex<State>,
}

type Obtained = Result<Spooled, FetchError>;
type Transfer = Shared<BoxFuture<'static, Obtained>>;

/// What may not be deleted.
#[derive(Default)]
struct State {
    /// Transfers under way or waiting for their turn.
    transfers: HashMap<Key, Transfer>,
    leases: HashMap<Key, Weak<()>>,
}

/// What is fetched for whom.
#[derive(Clone)]
struct Wanted {
    provider: SharedProvider,
    call: ExternalId,
    recording: Recording,
}

impl Spool {
    /// A spool; nothing is touched before something is fetched.
    pub fn new(options: SpoolOptions, clock: Arc<dyn Clock>) -> Arc<Self> {
        let files = Files::new(options.folder.clone());
        Arc::new(Self { files, options, clock, turns: Semaphore::new(AT_ONCE), state: Mutex::default() })
    }

    /// From now on deletes what is old, until the spool is dropped.
    pub fn sweep_regularly(self: &Arc<Self>) {
        let spool = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(spool) = spool.upgrade() {
                if let Err(error) = spool.sweep().await {
                    tracing::warn!(%error, "old recordings could not be deleted");
                }
                drop(spool);
                tokio::time::sleep(SWEEP_EVERY).await;
            }
        });
    }

    /// The recordings of one workspace.
    pub fn of(self: &Arc<Self>, workspace: Workspace, provider: SharedProvider) -> WorkspaceSpool {
        WorkspaceSpool { spool: Arc::clone(self), workspace, provider }
    }

    /// The transfer of a recording: the one under way, else a new one that goes on even if nobody waits for it.
    fn transfer(self: &Arc<Self>, key: &Key, wanted: Wanted) -> Transfer {
        let mut state = self.state();
        if let Some(transfer) = state.transfers.get(key) {
            return transfer.clone();
        }
        let (spool, of) = (Arc::clone(self), key.clone());
        let task = tokio::spawn(async move {
            let obtained = spool.bring(&of, &wanted).await;
            spool.state().transfers.remove(&of);
            obtained
        });
        let broken = |_| Err(FetchError::new(Fault::Trouble, "fetching broke off; see the log"));
        let transfer = task.map(move |ended| ended.unwrap_or_else(broken)).boxed().shared();
        state.transfers.insert(key.clone(), transfer.clone());
        transfer
    }

    async fn bring(&self, key: &Key, wanted: &Wanted) -> Obtained {
        if let Some(fetched) = self.files.whole(key).await? {
            return Ok(self.lend(key, fetched));
        }
        let _turn = self.turns.acquire().await.map_err(io::Error::other)?;
        self.make_room().await?;
        let mut sink = self.files.open(key).await?;
        let fetched = wanted.provider.fetch(&wanted.call, &wanted.recording, &mut sink, LARGEST).await;
        match fetched {
            Ok(fetched) => {
                sink.finish(&fetched).await?;
                Ok(self.lend(key, fetched))
            }
            Err(error) => {
                sink.pause(error.fault == Fault::Trouble).await?;
                Err(error)
            }
        }
    }

    fn lend(&self, key: &Key, fetched: Fetched) -> Spooled {
        let mut state = self.state();
        let lease = state.leases.get(key).and_then(Weak::upgrade).unwrap_or_default();
        state.leases.insert(key.clone(), Arc::downgrade(&lease));
        state.leases.retain(|_, lease| lease.strong_count() > 0);
        Spooled { path: self.files.path(key), fetched, lease: lease as Arc<dyn Any + Send + Sync> }
    }

    fn is_in_use(&self, key: &Key) -> bool {
        self.is_lent(key) || self.state().transfers.contains_key(key)
    }

    fn is_lent(&self, key: &Key) -> bool {
        self.state().leases.get(key).is_some_and(|lease| lease.strong_count() > 0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The recordings of one workspace.
pub struct WorkspaceSpool {
    spool: Arc<Spool>,
    workspace: Workspace,
    provider: SharedProvider,
}

#[async_trait]
impl Recordings for WorkspaceSpool {
    async fn obtain(&self, call: &ExternalId, recording: &Recording) -> Obtained {
        let key = Key::of(&self.workspace, call, &recording.leg);
        let provider = Arc::clone(&self.provider);
        let wanted = Wanted { provider, call: call.clone(), recording: recording.clone() };
        let transfer = self.spool.transfer(&key, wanted);
        let waiting = || FetchError::new(Fault::Trouble, "the recording is still being fetched");
        tokio::time::timeout(WAIT, transfer).await.unwrap_or_else(|_| Err(waiting()))
    }

    async fn discard(&self, call: &ExternalId, leg: &LegId) {
        let key = Key::of(&self.workspace, call, leg);
        if !self.spool.is_in_use(&key)
            && let Err(error) = self.spool.files.delete(&key).await
        {
            tracing::warn!(%error, "a recording that nobody needs could not be deleted");
        }
    }
}
