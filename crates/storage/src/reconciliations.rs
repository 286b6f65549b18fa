//! Reconciliations, and what they compare: calls with what became of them.

use domain::clock::Timestamp;
use domain::id::{CallId, CommunicationId, DeliveryId, ExternalId, InstanceId};
use domain::port::provider::Window;
use domain::reconciliation::{Delivered, Report};

use crate::calls::{self, StoredCall};
use crate::deliveries;
use crate::error::StorageError;
use crate::recordings::RecordingRecord;
use crate::session::{Ids, Row};
use crate::statement::statements;
use crate::tx::{Tx, json};

statements! {
    INSERT = "INSERT INTO reconciliation (instance_id, from_at, to_at, state, created_at, id)
              VALUES ($1, $2, $3, 'running', $4, $5)";
    FINISH = "UPDATE reconciliation SET state = $1, finished_at = $2, report = $3, reason = $4 WHERE id = $5";
    GET = "SELECT id, instance_id, from_at, to_at, state, created_at, finished_at, report, reason FROM reconciliation
           WHERE id = $1";
    INTERRUPTED = "UPDATE reconciliation SET state = 'failed', finished_at = $1, reason = 'the server was stopped; begin again'
                   WHERE state = 'running' AND created_at <= $2";
    /// An instance keeps its latest ones.
    TIDY = "DELETE FROM reconciliation WHERE instance_id = $1
            AND id < (SELECT id FROM reconciliation WHERE instance_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
    BEGAN = concat!("SELECT ", calls::columns!(), " FROM call
             WHERE instance_id = $1 AND (began_at, id) > ($2, $3) AND began_at < $4 ORDER BY began_at, id LIMIT $5");
    DELIVERIES = "SELECT id, kind, state, reason FROM delivery
                  WHERE call_id = $1 AND kind IN ('register-call', 'comment') ORDER BY id";
    DEAD = "SELECT delivery.id FROM delivery JOIN call ON call.id = delivery.call_id
            WHERE delivery.instance_id = $1 AND delivery.destination = $2 AND delivery.state = 'dead' AND delivery.id > $3
              AND call.began_at >= $4 AND call.began_at < $5
            ORDER BY delivery.id LIMIT $6";
    CALL_NAMED = "SELECT id FROM call WHERE instance_id = $1 AND external_id = $2";
    CALL_OF_COMMUNICATION = "SELECT id FROM call WHERE instance_id = $1 AND communication_id = $2 AND began_at >= $3 LIMIT 1";
    NOTE_DELETED = "INSERT INTO deleted_in_kontur (instance_id, call_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    FORGET_DELETED = "DELETE FROM deleted_in_kontur WHERE instance_id = $1 AND call_id = $2";
    IS_DELETED = "SELECT 1 FROM deleted_in_kontur WHERE instance_id = $1 AND call_id = $2";
    DELETED = "SELECT deleted_in_kontur.call_id FROM deleted_in_kontur JOIN call ON call.id = deleted_in_kontur.call_id
               WHERE deleted_in_kontur.instance_id = $1 AND deleted_in_kontur.call_id > $2
                 AND call.began_at >= $3 AND call.began_at < $4
               ORDER BY deleted_in_kontur.call_id LIMIT $5";
    FORGET_COMMUNICATION = "UPDATE call SET communication_id = NULL, version = version + 1 WHERE id = $1";
}

/// Reconciliations of an instance that are kept.
const KEPT: u32 = 100;

/// A reconciliation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// Its row.
    pub id: i64,
    /// Whose.
    pub instance: InstanceId,
    /// Calls that began within are compared.
    pub window: Window,
    /// `running`, `done` or `failed`.
    pub state: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What it found, once it is done.
    pub report: Option<Report>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// A call with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The call.
    pub stored: StoredCall,
    /// Its communication was deleted in Kontur.
    pub is_deleted: bool,
    /// Its recordings of which the telephony told.
    pub recordings: Vec<RecordingRecord>,
    /// The latest registration, if it is kept.
    pub registered: Option<Delivered>,
    /// The latest comment, if there is one.
    pub commented: Option<Delivered>,
}

/// A place in the calls of an instance, in the order they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began {
    /// Calls that began at this time …
    pub at: Timestamp,
    /// … and have a larger number than this, or began later.
    pub after: CallId,
}

impl Tx<'_> {
    /// Begins a reconciliation; older ones than the latest hundred are forgotten.
    pub fn insert_reconciliation(
        &self,
        instance: InstanceId,
        window: Window,
        now: Timestamp,
    ) -> Result<i64, StorageError> {
        self.put(TIDY, &[instance.0.into(), KEPT.into()])?;
        self.insert(
            INSERT,
            Ids::Reconciliations,
            [instance.0.into(), window.from.into(), window.to.into(), now.into()],
        )
    }

    /// Ends a reconciliation with what it found, or with why it failed.
    pub fn finish_reconciliation(
        &self,
        id: i64,
        now: Timestamp,
        found: Result<&Report, &str>,
    ) -> Result<(), StorageError> {
        let report = found.ok().map(json);
        let state = if found.is_ok() { "done" } else { "failed" };
        let parameters = [state.into(), now.into(), report.as_deref().into(), found.err().into(), id.into()];
        self.put(FINISH, &parameters)?;
        Ok(())
    }

    /// Reconciliations that the end of a process cut short: those that were begun by then.
    pub fn interrupt_reconciliations(&self, now: Timestamp, begun: Timestamp) -> Result<usize, StorageError> {
        self.execute(INTERRUPTED, &[now.into(), begun.into()])
    }

    /// A reconciliation.
    pub fn reconciliation(&self, id: i64) -> Result<Option<Reconciliation>, StorageError> {
        self.one(GET, &[id.into()], |row| {
            let report = row.opt_text(7)?.map(|_| row.json(7, "reconciliation", "report")).transpose()?;
            Ok(Reconciliation {
                id: row.int(0)?,
                instance: InstanceId(row.int(1)?),
                window: Window { from: row.time(2)?, to: row.time(3)? },
                state: row.text(4)?,
                created_at: row.time(5)?,
                finished_at: row.opt_time(6)?,
                report,
                reason: row.opt_text(8)?,
            })
        })
    }

    /// A call by the provider's id of it, with what became of it.
    pub fn standing_of(
        &self,
        instance: InstanceId,
        call: &ExternalId,
    ) -> Result<Option<Standing>, StorageError> {
        self.find_call(instance, call)?.map(|stored| self.standing(stored)).transpose()
    }

    /// Calls after `place` that began before `until`, in the order they began, with what became of them.
    pub fn standings(
        &self,
        instance: InstanceId,
        place: Began,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, StorageError> {
        let parameters =
            [instance.0.into(), place.at.into(), place.after.0.into(), until.into(), limit.into()];
        let calls = self.all(BEGAN, &parameters, calls::read)?;
        calls.into_iter().map(|stored| self.standing(stored)).collect()
    }

    fn standing(&self, stored: StoredCall) -> Result<Standing, StorageError> {
        let rows = self.all(DELIVERIES, &[stored.id.0.into()], |row| {
            Ok((row.text(1)?, Delivered { state: deliveries::state(row, 2)?, reason: row.opt_text(3)? }))
        })?;
        let latest =
            |of: &str| rows.iter().rfind(|(kind, _)| kind == of).map(|(_, delivered)| delivered.clone());
        let (registered, commented) = (latest("register-call"), latest("comment"));
        let is_deleted = self.is_deleted_in_kontur(stored.instance, stored.id)?;
        let recordings = self.recordings_of(stored.id)?;
        Ok(Standing { stored, is_deleted, recordings, registered, commented })
    }

    /// Dead letters to a destination about calls that began within `window`, after the row `after`, in order.
    pub fn dead_deliveries(
        &self,
        instance: InstanceId,
        to: domain::outbox::DestinationKind,
        window: Window,
        after: DeliveryId,
        limit: u32,
    ) -> Result<Vec<DeliveryId>, StorageError> {
        let parameters = [
            instance.0.into(),
            to.word().into(),
            after.0.into(),
            window.from.into(),
            window.to.into(),
            limit.into(),
        ];
        self.all(DEAD, &parameters, |row| row.int(0).map(DeliveryId))
    }

    /// The call that a communication is about: by the provider's id if that is known, else among those that began since.
    pub fn call_of_communication(
        &self,
        instance: InstanceId,
        call: Option<&ExternalId>,
        communication: &CommunicationId,
        since: Timestamp,
    ) -> Result<Option<CallId>, StorageError> {
        let id = |row: &Row<'_>| row.int(0).map(CallId);
        if let Some(call) = call {
            return self.one(CALL_NAMED, &[instance.0.into(), call.as_str().into()], id);
        }
        let parameters = [instance.0.into(), communication.as_str().into(), since.into()];
        self.one(CALL_OF_COMMUNICATION, &parameters, id)
    }

    /// The communication of a call was deleted in Kontur.
    pub fn note_deleted_in_kontur(
        &self,
        instance: InstanceId,
        call: CallId,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.put(NOTE_DELETED, &[instance.0.into(), call.0.into(), now.into()])?;
        Ok(())
    }

    /// Kontur has the call again, or is told of it again. False if it had not been deleted.
    pub fn forget_deleted_in_kontur(&self, instance: InstanceId, call: CallId) -> Result<bool, StorageError> {
        Ok(self.execute(FORGET_DELETED, &[instance.0.into(), call.0.into()])? == 1)
    }

    /// Whether the communication of a call was deleted in Kontur.
    pub fn is_deleted_in_kontur(&self, instance: InstanceId, call: CallId) -> Result<bool, StorageError> {
        Ok(self.one(IS_DELETED, &[instance.0.into(), call.0.into()], |row| row.int(0))?.is_some())
    }

    /// Calls that began within `window` and were deleted in Kontur, after the row `after`, in order.
    pub fn deleted_in_kontur(
        &self,
        instance: InstanceId,
        window: Window,
        after: CallId,
        limit: u32,
    ) -> Result<Vec<CallId>, StorageError> {
        let parameters =
            [instance.0.into(), after.0.into(), window.from.into(), window.to.into(), limit.into()];
        self.all(DELETED, &parameters, |row| row.int(0).map(CallId))
    }

    /// The communication of a call is gone: the call has none until it gets another one.
    pub fn forget_communication(&self, call: CallId) -> Result<(), StorageError> {
        self.put(FORGET_COMMUNICATION, &[call.0.into()])?;
        if let Some(recent) = self.recent_calls() {
            recent.forget(call);
        }
        Ok(())
    }
}
