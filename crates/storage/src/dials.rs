//! Calls that Kontur asked for.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{CommunicationId, Extension, ExternalId, InstanceId};
use domain::phone::Phone;

use crate::error::StorageError;
use crate::session::Row;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    INSERT = "INSERT INTO dial (instance_id, communication_id, extension, client_phone, requested_at, state)
              VALUES ($1, $2, $3, $4, $5, 'requested') ON CONFLICT DO NOTHING";
    GET = "SELECT instance_id, communication_id, extension, client_phone, requested_at, state, reason, external_id FROM dial
           WHERE instance_id = $1 AND communication_id = $2";
    OPEN = "SELECT instance_id, communication_id, extension, client_phone, requested_at, state, reason, external_id FROM dial
            WHERE state = 'requested'";
    SETTLE = "UPDATE dial SET state = $1, external_id = COALESCE($2, external_id), reason = $3, look_at = $4
              WHERE instance_id = $5 AND communication_id = $6";
    WAITING = "SELECT instance_id, communication_id, extension, client_phone, requested_at, state, reason, external_id
               FROM dial WHERE look_at <= $1 ORDER BY look_at LIMIT $2";
    LOOK_AGAIN = "UPDATE dial SET look_at = $1
                  WHERE instance_id = $2 AND communication_id = $3 AND look_at IS NOT NULL";
    LOOK_SOONER = "UPDATE dial SET look_at = look_at - $1 WHERE look_at IS NOT NULL";
}

/// Where a requested call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialState {
    /// The provider was asked, or is about to be.
    Requested,
    /// The provider places it.
    Accepted,
    /// It could not be placed, and Kontur was told so in the reply.
    Refused,
    /// It could not be placed, and Kontur is told by call-failed.
    Failed,
}

impl DialState {
    const ALL: [Self; 4] = [Self::Requested, Self::Accepted, Self::Refused, Self::Failed];

    const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// A requested call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialRecord {
    /// Whose.
    pub instance: InstanceId,
    /// Kontur's communication.
    pub request: CommunicationId,
    /// Who is rung first.
    pub extension: Extension,
    /// Who is called then.
    pub client_phone: Phone,
    /// When Kontur asked.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub state: DialState,
    /// Why it could not be placed.
    pub reason: Option<String>,
    /// The provider's id of it, once it is accepted.
    pub call: Option<ExternalId>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialOutcome {
    /// Where it stands now.
    pub state: DialState,
    /// The provider's id of the call, if it gave one.
    pub call: Option<ExternalId>,
    /// Why it could not be placed.
    pub reason: Option<String>,
    /// When it is looked for if its call has not shown up by then.
    pub look_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Notes a request. False if it was noted before: a repeat.
    pub fn insert_dial(&self, dial: &DialRecord) -> Result<bool, StorageError> {
        let inserted = self.execute(
            INSERT,
            &[
                dial.instance.0.into(),
                dial.request.as_str().into(),
                dial.extension.as_str().into(),
                dial.client_phone.as_str().into(),
                dial.requested_at.into(),
            ],
        )?;
        Ok(inserted == 1)
    }

    /// A noted request.
    pub fn dial(
        &self,
        instance: InstanceId,
        id: &CommunicationId,
    ) -> Result<Option<DialRecord>, StorageError> {
        self.one(GET, &[instance.0.into(), id.as_str().into()], read)
    }

    /// Requests of which it is not known what became of them.
    pub fn open_dials(&self) -> Result<Vec<DialRecord>, StorageError> {
        self.all(OPEN, &[], read)
    }

    /// Notes what became of a request.
    pub fn settle_dial(
        &self,
        instance: InstanceId,
        id: &CommunicationId,
        outcome: &DialOutcome,
    ) -> Result<(), StorageError> {
        let parameters = [
            outcome.state.word().into(),
            outcome.call.as_ref().map(ExternalId::as_str).into(),
            outcome.reason.as_deref().into(),
            outcome.look_at.into(),
            instance.0.into(),
            id.as_str().into(),
        ];
        self.put(SETTLE, &parameters)?;
        Ok(())
    }

    /// Accepted requests whose calls are due to be looked for, the most overdue first.
    pub fn waiting_dials(&self, due: Timestamp, limit: u32) -> Result<Vec<DialRecord>, StorageError> {
        self.all(WAITING, &[due.into(), limit.into()], read)
    }

    /// Sets when an accepted request's call is looked for next; none once it has shown up.
    pub fn look_for_dial(
        &self,
        instance: InstanceId,
        id: &CommunicationId,
        at: Option<Timestamp>,
    ) -> Result<(), StorageError> {
        self.put(LOOK_AGAIN, &[at.into(), instance.0.into(), id.as_str().into()])?;
        Ok(())
    }

    /// Brings all looks forward: the clock was set back.
    pub fn look_for_dials_sooner(&self, by: Duration) -> Result<(), StorageError> {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.put(LOOK_SOONER, &[micros.into()])?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<DialRecord, StorageError> {
    let word = row.text(5)?;
    let state = DialState::ALL.into_iter().find(|state| state.word() == word);
    Ok(DialRecord {
        instance: InstanceId(row.int(0)?),
        request: row.text(1)?.into(),
        extension: row.text(2)?.into(),
        client_phone: Phone::from_stored(&row.text(3)?),
        requested_at: row.time(4)?,
        state: state.unwrap_or(DialState::Requested),
        reason: row.opt_text(6)?,
        call: row.opt_text(7)?.map(Into::into),
    })
}
