//! Repair: reads what was not read, sends what was given up, registers again what was deleted in Kontur. What is whole is
//! left alone, so that a second repair changes nothing.

use std::sync::Arc;

use domain::id::{CallId, DeliveryId};
use domain::outbox::{DestinationKind, Notice};
use domain::port::provider::Window;
use domain::reconciliation::Cause;
use domain::recording::Tracked;
use storage::calls::Knowledge;
use storage::deliveries::NewDelivery;

use crate::Engine;
use crate::cluster;
use crate::error::EngineError;
use crate::instance::Instance;
use crate::outbox::Planned;
use crate::sync::SyncRequest;

/// Rows changed in one go.
const AT_ONCE: u32 = 64;

/// What a repair set going.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repair {
    /// The run of the history sync that reads what was not read; none if all was.
    pub sync: Option<i64>,
    /// Dead letters that are sent again.
    pub retried: u64,
    /// Calls that are registered again, since they were deleted in Kontur.
    pub restored: u64,
}

impl Engine {
    /// Makes whole what a reconciliation found. What was deleted since it was made is found as well.
    pub async fn repair(self: &Arc<Self>, instance: &Arc<Instance>, id: i64) -> Result<Repair, EngineError> {
        let found = self.reconciliation(instance, id).await?;
        let Some(report) = found.report else {
            return Err(EngineError::Conflict(format!("reconciliation {id} is {}, not done", found.state)));
        };
        let unread = [Cause::NotRead, Cause::RecordingNotRead];
        let sync = if unread.iter().any(|cause| report.causes.contains_key(cause)) {
            let request = SyncRequest::Span { window: found.window, calls_per_minute: None };
            Some(self.begin_sync(instance, request).await?)
        } else {
            None
        };
        let retried = self.retry_dead(instance, found.window).await?;
        let restored = self.restore_deleted(instance, found.window).await?;
        Ok(Repair { sync, retried, restored })
    }

    async fn retry_dead(&self, instance: &Instance, window: Window) -> Result<u64, EngineError> {
        let (id, mut retried) = (instance.id, 0);
        for destination in DestinationKind::ALL {
            let mut after = DeliveryId(0);
            loop {
                let look =
                    move |tx: &storage::Tx<'_>| tx.dead_deliveries(id, destination, window, after, AT_ONCE);
                let dead = self.store.read(look).await?;
                for delivery in &dead {
                    retried += u64::from(self.send_again(*delivery).await?);
                }
                match dead.last() {
                    Some(last) if dead.len() >= AT_ONCE as usize => after = *last,
                    _ => break,
                }
            }
        }
        Ok(retried)
    }

    async fn restore_deleted(&self, instance: &Instance, window: Window) -> Result<u64, EngineError> {
        let (id, mut restored, mut after) = (instance.id, 0, CallId(0));
        loop {
            let deleted = self.store.read(move |tx| tx.deleted_in_kontur(id, window, after, AT_ONCE)).await?;
            let Some(last) = deleted.last().copied() else { return Ok(restored) };
            restored += self.restore(instance, deleted).await?;
            after = last;
        }
    }

    /// Registers calls again that were deleted in Kontur, each once: noted and planned in one change.
    async fn restore(&self, instance: &Instance, calls: Vec<CallId>) -> Result<u64, EngineError> {
        let (id, now) = (instance.id, self.clock.now());
        let (claims, outbox, others) = (self.claims.clone(), self.outbox.clone(), self.others.clone());
        let planned = self.store.write(move |tx| {
            let mut planned = Vec::new();
            for call in &calls {
                if !tx.forget_deleted_in_kontur(id, *call)? {
                    continue;
                }
                tx.forget_communication(*call)?;
                for recording in tx.recordings_of(*call)? {
                    // The file went with the communication.
                    tx.change_recording(*call, &recording.leg, now, |tracked| {
                        *tracked = Tracked::available(tracked.size, tracked.content_type.take());
                    })?;
                }
                let delivery = tx.insert_delivery(NewDelivery {
                    instance: id,
                    destination: DestinationKind::Kontur,
                    call: *call,
                    notice: Notice::Restore,
                    created_at: now,
                    expires_at: None,
                    background: true,
                })?;
                planned.push(Planned { delivery, knowledge: Knowledge::Read });
            }
            let count = planned.len() as u64;
            let (claims, outbox, others) = (claims.clone(), outbox.clone(), others.clone());
            tx.after_commit(move || cluster::planned(planned, &claims, &outbox, &others));
            Ok(count)
        });
        Ok(planned.await?)
    }
}
