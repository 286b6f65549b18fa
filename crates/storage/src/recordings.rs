//! Recordings of which the telephony told: how far each is. What is only expected has no row.

use domain::clock::Timestamp;
use domain::id::{CallId, InstanceId, LegId};
use domain::recording::{Fault, RecordingState, Tracked};

use crate::error::StorageError;
use crate::session::Row;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    INSERT = "INSERT INTO recording (call_id, leg_id, instance_id, state, size, content_type, updated_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    GET = "SELECT call_id, leg_id, state, fault, reason, size, content_type, updated_at FROM recording
           WHERE call_id = $1 AND leg_id = $2";
    OF_CALL = "SELECT call_id, leg_id, state, fault, reason, size, content_type, updated_at FROM recording
               WHERE call_id = $1 ORDER BY leg_id";
    UPDATE = "UPDATE recording SET state = $1, fault = $2, reason = $3, size = $4, content_type = $5, updated_at = $6
              WHERE call_id = $7 AND leg_id = $8";
    COUNT = "SELECT state, COUNT(*) FROM recording WHERE instance_id = $1 GROUP BY state";
}

/// A recording with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRecord {
    /// The leg that was recorded.
    pub leg: LegId,
    /// How far it is.
    pub tracked: Tracked,
    /// Since when.
    pub updated_at: Timestamp,
}

impl Tx<'_> {
    /// The telephony told of a recording. One that is known stays as it is.
    pub fn insert_recording(
        &self,
        instance: InstanceId,
        call: CallId,
        leg: &LegId,
        tracked: &Tracked,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.put(
            INSERT,
            &[
                call.0.into(),
                leg.as_str().into(),
                instance.0.into(),
                tracked.state.word().into(),
                size(tracked).into(),
                tracked.content_type.as_deref().into(),
                now.into(),
            ],
        )?;
        Ok(())
    }

    /// Changes what is known of a recording. Gives the state that it entered; none if that is as before, or nothing is
    /// known of it.
    pub fn change_recording(
        &self,
        call: CallId,
        leg: &LegId,
        now: Timestamp,
        change: impl FnOnce(&mut Tracked),
    ) -> Result<Option<RecordingState>, StorageError> {
        let known = self.one(GET, &[call.0.into(), leg.as_str().into()], read)?;
        let Some(RecordingRecord { tracked: before, .. }) = known else { return Ok(None) };
        let mut tracked = before.clone();
        change(&mut tracked);
        if tracked == before {
            return Ok(None);
        }
        self.put(
            UPDATE,
            &[
                tracked.state.word().into(),
                tracked.fault.map(Fault::word).into(),
                tracked.reason.as_deref().into(),
                size(&tracked).into(),
                tracked.content_type.as_deref().into(),
                now.into(),
                call.0.into(),
                leg.as_str().into(),
            ],
        )?;
        Ok((tracked.state != before.state).then_some(tracked.state))
    }

    /// The recordings of a call of which the telephony told, by leg.
    pub fn recordings_of(&self, call: CallId) -> Result<Vec<RecordingRecord>, StorageError> {
        self.all(OF_CALL, &[call.0.into()], read)
    }

    /// How many recordings of an instance are in each state; states that none is in are left out.
    pub fn count_recordings(&self, of: InstanceId) -> Result<Vec<(RecordingState, u64)>, StorageError> {
        self.all(COUNT, &[of.0.into()], |row| Ok((state(row, 0)?, row.int(1)?.unsigned_abs())))
    }
}

fn size(tracked: &Tracked) -> Option<i64> {
    tracked.size.and_then(|size| i64::try_from(size).ok())
}

fn read(row: &Row<'_>) -> Result<RecordingRecord, StorageError> {
    let fault = row.opt_text(3)?;
    let tracked = Tracked {
        state: state(row, 2)?,
        fault: fault.map(|word| row.known(("recording", "fault"), &word, Fault::parse(&word))).transpose()?,
        reason: row.opt_text(4)?,
        size: row.opt_int(5)?.map(i64::unsigned_abs),
        content_type: row.opt_text(6)?,
    };
    Ok(RecordingRecord { leg: row.text(1)?.as_str().into(), tracked, updated_at: row.time(7)? })
}

fn state(row: &Row<'_>, column: usize) -> Result<RecordingState, StorageError> {
    let word = row.text(column)?;
    row.known(("recording", "state"), &word, RecordingState::parse(&word))
}
