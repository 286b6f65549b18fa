//! The calls that deliveries are about, many read in one look: whoever wants one while a look is under way waits for the
//! next. The more there is to deliver, the less each of them costs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::id::CallId;
use storage::Store;
use storage::calls::StoredCall;
use storage::error::StorageError;
use tokio::sync::oneshot;

/// Looks under way at once. The store has more readers, for everybody else.
const LOOKS: usize = 2;

/// None if there is no such call.
type Found = Result<Option<Arc<StoredCall>>, StorageError>;

/// Reads calls.
#[derive(Clone)]
pub(crate) struct CallReader {
    store: Store,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    wanted: Vec<(CallId, oneshot::Sender<Found>)>,
    looks: usize,
}

impl CallReader {
    /// Of that store.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, state: Arc::default() }
    }

    /// The call as it is committed now, or later.
    pub(super) async fn read(&self, call: CallId) -> Found {
        let (reply, answer) = oneshot::channel();
        if self.want(call, reply) {
            tokio::spawn(self.clone().work());
        }
        answer.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Whether one more is to look.
    fn want(&self, call: CallId, reply: oneshot::Sender<Found>) -> bool {
        let mut state = self.lock();
        state.wanted.push((call, reply));
        let is_needed = state.looks < LOOKS;
        state.looks += usize::from(is_needed);
        is_needed
    }

    /// Looks as long as anybody waits.
    async fn work(self) {
        while let Some(wanted) = self.next() {
            let ids: Vec<_> = wanted.iter().map(|(call, _)| *call).collect();
            let found = self.store.read(move |tx| tx.calls(&ids)).await;
            let found = found.map(|found| {
                found.into_iter().map(|stored| (stored.id, Arc::new(stored))).collect::<HashMap<_, _>>()
            });
            for (call, reply) in wanted {
                let found = found.as_ref().map(|found| found.get(&call).cloned());
                // Nobody waits who was stopped meanwhile.
                drop(reply.send(found.map_err(StorageError::clone)));
            }
        }
    }

    /// What was wanted since the last look; if nothing was, one less is looking.
    fn next(&self) -> Option<Vec<(CallId, oneshot::Sender<Found>)>> {
        let mut state = self.lock();
        if state.wanted.is_empty() {
            state.looks -= 1;
            return None;
        }
        Some(std::mem::take(&mut state.wanted))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::call::Call;
    use domain::id::InstanceId;
    use domain::plan::Told;
    use futures_util::future::join_all;
    use storage::calls::NewCall;
    use testkit::TempStore;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn everybody_gets_the_call_that_was_wanted() {
        let file = TempStore::default();
        let store = file.open();
        let inserted = store.write(|tx| {
            let new = |number: usize| NewCall {
                instance: InstanceId(1),
                external_id: format!("call-{number}").as_str().into(),
                call: Call::default(),
                told: Told::default(),
                settle_at: None,
                look_at: None,
            };
            (0..50)
                .map(|number| tx.insert_call(new(number)).map(|stored| stored.id))
                .collect::<Result<Vec<_>, _>>()
        });
        let mut ids = inserted.await.unwrap();
        ids.push(CallId(i64::MAX));
        let reader = CallReader::new(store);
        let read = join_all(ids.iter().cycle().take(500).map(|id| reader.read(*id))).await;
        for (id, read) in ids.iter().cycle().zip(read) {
            let found = read.unwrap().map(|stored| stored.id);
            assert_eq!(found, Some(*id).filter(|id| id.0 != i64::MAX));
        }
    }
}
