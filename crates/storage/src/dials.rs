//! Calls that Kontur asked for.

use domain::clock::Timestamp;
use domain::id::{CommunicationId, Extension, ExternalId, InstanceId};
use domain::phone::Phone;

use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::{Row, Tx};

statements! {
    INSERT = "INSERT INTO dial (instance_id, communication_id, extension, client_phone, requested_at, state)
              VALUES ($1, $2, $3, $4, $5, 'requested') ON CONFLICT DO NOTHING";
    GET = "SELECT instance_id, communication_id, extension, client_phone, requested_at, state, reason FROM dial
           WHERE instance_id = $1 AND communication_id = $2";
    OPEN = "SELECT instance_id, communication_id, extension, client_phone, requested_at, state, reason FROM dial
            WHERE state = 'requested'";
    SETTLE = "UPDATE dial SET state = $1, external_id = $2, reason = $3
              WHERE instance_id = $4 AND communication_id = $5";
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
        state: DialState,
        call: Option<&ExternalId>,
        reason: Option<&str>,
    ) -> Result<(), StorageError> {
        let call = call.map(ExternalId::as_str).into();
        self.execute(
            SETTLE,
            &[state.word().into(), call, reason.into(), instance.0.into(), id.as_str().into()],
        )?;
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
    })
}
