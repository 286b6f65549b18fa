//! What was deleted in Kontur, by its feed of changes. Read on from where it was last read, and noted with the calls.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::InstanceId;
use domain::port::crm::CommunicationChange;
use domain::retention::days;
use storage::Tx;
use storage::error::StorageError;

use crate::Engine;
use crate::error::EngineError;
use crate::instance::Instance;

/// Where the feed was read to.
const MARK: &str = "kontur-changes-until";

/// A deletion that does not say which call it was is looked for among calls that are not older.
const LOOKED_FOR: Duration = days(90);

impl Engine {
    /// Reads the feed to its end. Says so if there is none.
    pub(super) async fn read_deletions(&self, instance: &Instance) -> Result<Option<String>, EngineError> {
        let id = instance.id;
        let mut place = self.store.read(move |tx| tx.mark(id, MARK)).await?;
        loop {
            let crm = Arc::clone(&instance.live().connections.crm);
            let page = match crm.communication_changes(place.as_deref()).await {
                Ok(page) => page,
                // The feed does not know the place any more: what it has is read again, which changes nothing.
                Err(error) if error.is_refusal() && place.is_some() => {
                    place = None;
                    continue;
                }
                Err(error) if error.is_refusal() => {
                    return Ok(Some(format!("what was deleted in Kontur cannot be known: {error}")));
                }
                Err(error) => return Err(error.into()),
            };
            self.note_changes(id, page.changes, page.next.clone()).await?;
            if !page.has_more {
                return Ok(None);
            }
            place = page.next;
        }
    }

    async fn note_changes(
        &self,
        id: InstanceId,
        changes: Vec<CommunicationChange>,
        place: Option<String>,
    ) -> Result<(), StorageError> {
        let now = self.clock.now();
        let noted = self.store.write(move |tx| {
            for change in &changes {
                note(tx, id, change, now)?;
            }
            place.iter().try_for_each(|place| tx.set_mark(id, MARK, place))
        });
        noted.await
    }
}

fn note(
    tx: &Tx<'_>,
    instance: InstanceId,
    change: &CommunicationChange,
    now: Timestamp,
) -> Result<(), StorageError> {
    if !change.is_deleted && !change.is_registered {
        return Ok(());
    }
    let since = now.minus(LOOKED_FOR);
    let call = tx.call_of_communication(instance, change.call.as_ref(), &change.communication, since)?;
    match call {
        Some(call) if change.is_deleted => tx.note_deleted_in_kontur(instance, call, now),
        Some(call) => tx.forget_deleted_in_kontur(instance, call).map(drop),
        None => Ok(()),
    }
}
