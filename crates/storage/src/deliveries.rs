//! The outbox: deliveries and their attempts.

mod record;

use domain::clock::Timestamp;
use domain::id::{CallId, DeliveryId, InstanceId};
use domain::outbox::{DeliveryState, DestinationKind};

use crate::calls::numbers;
use crate::error::StorageError;
use crate::session::{Ids, Row, Value};
use crate::statement::statements;
use crate::tx::{Tx, json};

pub use record::{
    Attempt, AttemptRecord, DeliveryFilter, DeliveryRecord, NewDelivery, Opening, PendingDelivery, Settlement,
};

/// The columns that [`read_pending`] reads.
macro_rules! pending_columns {
    () => {
        "id, instance_id, destination, call_id, notice, due_at, expires_at, attempts, first_attempt_at, suspect, \
         progress, created_at, background"
    };
}

/// Of some calls, by their numbers with commas between them. For PostgreSQL alone: where one process plans it knows what it
/// has planned.
const PENDING_OF_CALLS: &str = concat!(
    "SELECT ",
    pending_columns!(),
    " FROM delivery WHERE call_id = ANY (string_to_array($1, ',')::bigint[]) AND state = 'pending' ORDER BY id"
);

#[cfg(test)]
pub(crate) const OF_POSTGRES: &[&str] = &[PENDING_OF_CALLS];

// What is pending is not settled. Whoever looks for all of that says so by `settled_at`, which leads to the index of just that;
// whoever names deliveries says it by `state`, so that he is led to those.
statements! {
    INSERT = "INSERT INTO delivery (instance_id, destination, call_id, kind, notice, state, created_at, due_at,
                                    expires_at, attempts, suspect, background, id)
              VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, 0, FALSE, $9, $10)";
    SELECT_PENDING = concat!("SELECT ", pending_columns!(), " FROM delivery
                      WHERE instance_id = $1 AND destination = $2 AND settled_at IS NULL AND id > $3
                      ORDER BY id LIMIT $4");
    MARK_SUSPECT = "UPDATE delivery SET suspect = TRUE
                    WHERE settled_at IS NULL AND suspect = FALSE
                      AND kind IN ('call-started', 'register-call', 'comment', 'file', 'job')";
    MARK_SUSPECT_OF = "UPDATE delivery SET suspect = TRUE
                       WHERE instance_id = $1 AND destination = $2 AND settled_at IS NULL AND suspect = FALSE
                         AND kind IN ('call-started', 'register-call', 'comment', 'file', 'job')";
    COUNT_PENDING = "SELECT instance_id, destination, COUNT(*) FROM delivery WHERE settled_at IS NULL
                     GROUP BY instance_id, destination";
    PENDING_BEYOND = "SELECT 1 FROM delivery WHERE instance_id = $1 AND destination = $2 AND settled_at IS NULL
                      LIMIT 1 OFFSET $3";
    PENDING_DESTINATIONS = "SELECT DISTINCT instance_id, destination FROM delivery WHERE settled_at IS NULL";
    DELIVERED = "UPDATE delivery SET state = 'delivered', attempts = attempts + 1,
                        first_attempt_at = COALESCE(first_attempt_at, $1), settled_at = $2, http_status = $3,
                        answer = $4, cause = NULL, reason = NULL, progress = $5
                 WHERE id = $6 AND state = 'pending'";
    RETRY = "UPDATE delivery SET attempts = attempts + 1, first_attempt_at = COALESCE(first_attempt_at, $1),
                    due_at = $2, http_status = $3, answer = $4, reason = $5, suspect = $6, progress = $7
             WHERE id = $8 AND state = 'pending'";
    DEAD = "UPDATE delivery SET state = 'dead', attempts = attempts + 1,
                   first_attempt_at = COALESCE(first_attempt_at, $1), settled_at = $2, http_status = $3, answer = $4,
                   cause = $5, reason = $6, suspect = $7, progress = $8
            WHERE id = $9 AND state = 'pending'";
    SKIPPED = "UPDATE delivery SET state = 'expired', attempts = attempts + 1,
                      first_attempt_at = COALESCE(first_attempt_at, $1), settled_at = $2, http_status = $3, answer = $4,
                      reason = $5, progress = $6
               WHERE id = $7 AND state = 'pending'";
    EXPIRED = "UPDATE delivery SET state = 'expired', settled_at = $1, reason = $2 WHERE id = $3 AND state = 'pending'";
    INSERT_ATTEMPT = "INSERT INTO attempt (delivery_id, number, at, took, http_status, outcome, answer)
                      VALUES ($1, (SELECT COUNT(*) + 1 FROM attempt WHERE delivery_id = $1), $2, $3, $4, $5, $6)
                      ON CONFLICT DO NOTHING";
    ATTEMPTS = "SELECT number, at, took, http_status, outcome, answer FROM attempt WHERE delivery_id = $1 ORDER BY number";
    OF_CALL = "SELECT id, instance_id, destination, call_id, kind, notice, state, created_at, due_at, expires_at,
                      attempts, first_attempt_at, settled_at, http_status, answer, cause, reason, suspect
               FROM delivery WHERE call_id = $1 ORDER BY id";
    OPENING = "SELECT state, suspect FROM delivery WHERE call_id = $1 AND kind = 'call-started' ORDER BY id LIMIT 1";
    NEEDS_RECORDINGS = "SELECT 1 FROM delivery WHERE call_id = $1 AND state = 'pending'
                          AND kind IN ('register-call', 'call-recording', 'file') LIMIT 1";
    GET = "SELECT id, instance_id, destination, call_id, kind, notice, state, created_at, due_at, expires_at, attempts,
                  first_attempt_at, settled_at, http_status, answer, cause, reason, suspect
           FROM delivery WHERE id = $1";
    LIST = "SELECT id, instance_id, destination, call_id, kind, notice, state, created_at, due_at, expires_at, attempts,
                   first_attempt_at, settled_at, http_status, answer, cause, reason, suspect
            FROM delivery
            WHERE id < $1 AND (CAST($2 AS BIGINT) IS NULL OR instance_id = $2)
              AND (CAST($3 AS TEXT) IS NULL OR destination = $3) AND (CAST($4 AS TEXT) IS NULL OR state = $4)
              AND (CAST($5 AS BIGINT) IS NULL OR created_at >= $5) AND (CAST($6 AS BIGINT) IS NULL OR created_at < $6)
            ORDER BY id DESC LIMIT $7";
    REVIVE = "UPDATE delivery SET state = 'pending', due_at = $1, attempts = 0, first_attempt_at = NULL,
                     settled_at = NULL, expires_at = NULL, cause = NULL, reason = NULL,
                     suspect = (kind IN ('call-started', 'register-call', 'comment', 'file', 'job'))
              WHERE id = $2 AND state IN ('dead', 'expired', 'pending')";
    HAS_DEAD = "SELECT 1 FROM delivery WHERE instance_id = $1 AND destination = $2 AND state = 'dead' LIMIT 1";
}

impl Tx<'_> {
    /// Plans a delivery.
    pub fn insert_delivery(&self, new: NewDelivery) -> Result<PendingDelivery, StorageError> {
        let notice = json(&new.notice);
        let id = self.insert(
            INSERT,
            Ids::Deliveries,
            [
                new.instance.0.into(),
                new.destination.word().into(),
                new.call.0.into(),
                new.notice.word().into(),
                (&notice).into(),
                new.created_at.into(),
                new.created_at.into(),
                new.expires_at.into(),
                new.background.into(),
            ],
        )?;
        Ok(PendingDelivery {
            id: DeliveryId(id),
            instance: new.instance,
            destination: new.destination,
            call: new.call,
            notice: new.notice,
            created_at: new.created_at,
            due_at: new.created_at,
            expires_at: new.expires_at,
            attempts: 0,
            first_attempt_at: None,
            suspect: false,
            background: new.background,
            progress: None,
            call_at_hand: true,
        })
    }

    /// Pending deliveries of a destination after row `after`, in order.
    pub fn pending_deliveries(
        &self,
        instance: InstanceId,
        destination: DestinationKind,
        after: DeliveryId,
        limit: u32,
    ) -> Result<Vec<PendingDelivery>, StorageError> {
        let parameters = [instance.0.into(), destination.word().into(), after.0.into(), limit.into()];
        self.all(SELECT_PENDING, &parameters, read_pending)
    }

    /// Pending deliveries of calls, in order. Only for PostgreSQL.
    pub fn pending_deliveries_of(&self, calls: &[CallId]) -> Result<Vec<PendingDelivery>, StorageError> {
        self.all(PENDING_OF_CALLS, &[numbers(calls).as_str().into()], read_pending)
    }

    /// How many deliveries each destination of each instance has pending; none are left out.
    pub fn count_pending(&self) -> Result<Vec<(InstanceId, DestinationKind, u64)>, StorageError> {
        let rows = self.all(COUNT_PENDING, &[], |row| {
            Ok((InstanceId(row.int(0)?), row.text(1)?, row.int(2)?.unsigned_abs()))
        })?;
        let known =
            |(id, word, count): (InstanceId, String, u64)| Some((id, DestinationKind::parse(&word)?, count));
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// After the process that delivered for an instance has died: whatever is pending may have been on its way.
    pub fn suspect_deliveries_of(&self, instance: InstanceId) -> Result<(), StorageError> {
        for destination in DestinationKind::ALL {
            self.execute(MARK_SUSPECT_OF, &[instance.0.into(), destination.word().into()])?;
        }
        Ok(())
    }

    /// Whether an instance has more than so many deliveries pending for some destination.
    pub fn has_pending_beyond(&self, instance: InstanceId, count: u32) -> Result<bool, StorageError> {
        for destination in DestinationKind::ALL {
            let parameters = [instance.0.into(), destination.word().into(), count.into()];
            if self.one(PENDING_BEYOND, &parameters, |row| row.int(0))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// After a start: whatever is pending may have been on its way when the process ended. Whether it was due says
    /// nothing, since the clock may have been set back meanwhile.
    pub fn suspect_deliveries(&self) -> Result<usize, StorageError> {
        self.execute(MARK_SUSPECT, &[])
    }

    /// Which destinations of which instances have pending deliveries.
    pub fn pending_destinations(&self) -> Result<Vec<(InstanceId, DestinationKind)>, StorageError> {
        let rows = self.all(PENDING_DESTINATIONS, &[], |row| Ok((InstanceId(row.int(0)?), row.text(1)?)))?;
        let known = |(id, word): (InstanceId, String)| Some((id, DestinationKind::parse(&word)?));
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Stores an attempt and what becomes of the delivery.
    pub fn settle_delivery(
        &self,
        id: DeliveryId,
        attempts_before: u32,
        attempt: &Attempt,
        settlement: &Settlement,
    ) -> Result<(), StorageError> {
        let (at, ended_at): (Value<'_>, Value<'_>) = (attempt.at.into(), attempt.ended_at.into());
        let status: Value<'_> = attempt.http_status.into();
        let answer: Value<'_> = attempt.answer.as_deref().into();
        let progress: Value<'_> = attempt.progress.as_deref().into();
        match settlement {
            Settlement::Delivered => {
                self.put(DELIVERED, &[at, ended_at, status, answer, progress, id.0.into()])?;
                // A first attempt that succeeds is wholly in the delivery's own row: the common case costs one write.
                if attempts_before == 0 { Ok(()) } else { self.insert_attempt(id, attempt, "delivered") }
            }
            Settlement::Retry { due_at, reason, suspect } => {
                let due_at = (*due_at).into();
                let parameters =
                    [at, due_at, status, answer, reason.into(), (*suspect).into(), progress, id.0.into()];
                self.put(RETRY, &parameters)?;
                self.insert_attempt(id, attempt, reason)
            }
            Settlement::Skipped { reason } => {
                let parameters = [at, ended_at, status, answer, reason.into(), progress, id.0.into()];
                self.put(SKIPPED, &parameters)?;
                self.insert_attempt(id, attempt, reason)
            }
            Settlement::Dead { cause, reason, suspect } => {
                let (cause, suspect) = (cause.word().into(), (*suspect).into());
                let parameters =
                    [at, ended_at, status, answer, cause, reason.into(), suspect, progress, id.0.into()];
                self.put(DEAD, &parameters)?;
                self.insert_attempt(id, attempt, reason)
            }
        }
    }

    fn insert_attempt(&self, id: DeliveryId, attempt: &Attempt, outcome: &str) -> Result<(), StorageError> {
        let took = attempt.ended_at.micros().saturating_sub(attempt.at.micros());
        self.put(
            INSERT_ATTEMPT,
            &[
                id.0.into(),
                attempt.at.into(),
                took.into(),
                attempt.http_status.into(),
                outcome.into(),
                attempt.answer.as_deref().into(),
            ],
        )?;
        Ok(())
    }

    /// Realtime came too late.
    pub fn expire_delivery(&self, id: DeliveryId, now: Timestamp, reason: &str) -> Result<(), StorageError> {
        self.put(EXPIRED, &[now.into(), reason.into(), id.0.into()])?;
        Ok(())
    }

    /// Makes a dead, expired or waiting delivery due now. It is looked up before it is sent, if it creates something.
    /// False if it was delivered.
    pub fn revive_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StorageError> {
        Ok(self.execute(REVIVE, &[now.into(), id.0.into()])? == 1)
    }

    /// A delivery.
    pub fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>, StorageError> {
        self.one(GET, &[id.0.into()], read)
    }

    /// A call's deliveries in the order they were planned.
    pub fn deliveries_of(&self, call: CallId) -> Result<Vec<DeliveryRecord>, StorageError> {
        self.all(OF_CALL, &[call.0.into()], read)
    }

    /// Whether something is still to be told of a call's recordings.
    pub fn needs_recordings(&self, call: CallId) -> Result<bool, StorageError> {
        Ok(self.one(NEEDS_RECORDINGS, &[call.0.into()], |row| row.int(0))?.is_some())
    }

    /// What became of a call's call-started, if there was one.
    pub fn opening(&self, call: CallId) -> Result<Option<Opening>, StorageError> {
        self.one(OPENING, &[call.0.into()], |row| {
            Ok(Opening { state: state(row, 0)?, suspect: row.flag(1)? })
        })
    }

    /// Deliveries, the latest first.
    pub fn list_deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRecord>, StorageError> {
        let parameters = [
            filter.before.map_or(i64::MAX, |id| id.0).into(),
            filter.instance.map(|id| id.0).into(),
            filter.destination.map(DestinationKind::word).into(),
            filter.state.map(DeliveryState::word).into(),
            filter.from.into(),
            filter.to.into(),
            filter.limit.into(),
        ];
        self.all(LIST, &parameters, read)
    }

    /// The attempts of a delivery, but for one that succeeded at once.
    pub fn attempts_of(&self, id: DeliveryId) -> Result<Vec<AttemptRecord>, StorageError> {
        self.all(ATTEMPTS, &[id.0.into()], |row| {
            Ok(AttemptRecord {
                number: count(row, 0)?,
                at: row.time(1)?,
                took_micros: row.int(2)?,
                http_status: status(row, 3)?,
                outcome: row.text(4)?,
                answer: row.opt_text(5)?,
            })
        })
    }

    /// Whether a destination has dead letters.
    pub fn has_dead_deliveries(
        &self,
        instance: InstanceId,
        to: DestinationKind,
    ) -> Result<bool, StorageError> {
        Ok(self.one(HAS_DEAD, &[instance.0.into(), to.word().into()], |row| row.int(0))?.is_some())
    }
}

fn read_pending(row: &Row<'_>) -> Result<PendingDelivery, StorageError> {
    let word = row.text(2)?;
    let destination = row.known(("delivery", "destination"), &word, DestinationKind::parse(&word))?;
    Ok(PendingDelivery {
        id: DeliveryId(row.int(0)?),
        instance: InstanceId(row.int(1)?),
        destination,
        call: CallId(row.int(3)?),
        notice: row.json(4, "delivery", "notice")?,
        due_at: row.time(5)?,
        expires_at: row.opt_time(6)?,
        attempts: count(row, 7)?,
        first_attempt_at: row.opt_time(8)?,
        suspect: row.flag(9)?,
        call_at_hand: false,
        progress: row.opt_text(10)?,
        created_at: row.time(11)?,
        background: row.flag(12)?,
    })
}

fn read(row: &Row<'_>) -> Result<DeliveryRecord, StorageError> {
    Ok(DeliveryRecord {
        id: DeliveryId(row.int(0)?),
        instance: InstanceId(row.int(1)?),
        destination: row.text(2)?,
        call: CallId(row.int(3)?),
        kind: row.text(4)?,
        notice: row.text(5)?,
        state: state(row, 6)?,
        created_at: row.time(7)?,
        due_at: row.time(8)?,
        expires_at: row.opt_time(9)?,
        attempts: count(row, 10)?,
        first_attempt_at: row.opt_time(11)?,
        settled_at: row.opt_time(12)?,
        http_status: status(row, 13)?,
        answer: row.opt_text(14)?,
        cause: row.opt_text(15)?,
        reason: row.opt_text(16)?,
        suspect: row.flag(17)?,
    })
}

pub(crate) fn state(row: &Row<'_>, column: usize) -> Result<DeliveryState, StorageError> {
    let state = row.text(column)?;
    row.known(("delivery", "state"), &state, DeliveryState::parse(&state))
}

fn count(row: &Row<'_>, column: usize) -> Result<u32, StorageError> {
    Ok(u32::try_from(row.int(column)?).unwrap_or(0))
}

fn status(row: &Row<'_>, column: usize) -> Result<Option<u16>, StorageError> {
    Ok(row.opt_int(column)?.and_then(|status| u16::try_from(status).ok()))
}

#[cfg(test)]
mod tests {
    use domain::call::event::Recording;
    use domain::clock::Timestamp;
    use domain::outbox::Notice;

    use super::{MARK_SUSPECT, MARK_SUSPECT_OF, REVIVE};

    /// SQL cannot ask the domain which notices create something: it has a list of its own.
    #[test]
    fn the_statements_know_what_creates_something() {
        let at = Timestamp::default();
        let recording = Recording { leg: "leg-1".into(), url: String::new(), content_type: None, size: None };
        let notices = [
            Notice::CallStarted { at },
            Notice::CallFinished { at },
            Notice::CallFailed { at },
            Notice::Register,
            Notice::Restore,
            Notice::Comment,
            Notice::Attach { recording: recording.clone() },
            Notice::Recording { recording },
            Notice::Job { rule: 0 },
        ];
        for notice in notices {
            let listed = format!("'{}'", notice.word());
            for sql in [MARK_SUSPECT, MARK_SUSPECT_OF, REVIVE] {
                assert_eq!(sql.contains(&listed), notice.creates(), "{listed}");
            }
        }
    }
}
