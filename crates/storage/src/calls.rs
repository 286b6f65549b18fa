//! Calls, their events and their legs.

mod held;
mod open;
mod recent;

use domain::call::Call;
use domain::call::event::{CallEvent, Happening};
use domain::clock::Timestamp;
use domain::id::{CallId, CommunicationId, ExternalId, InstanceId, LegId, RawRequestId};
use domain::phone::Phone;
use domain::plan::Told;

use crate::error::StorageError;
use crate::session::{Ids, Row, Value};
use crate::statement::statements;
use crate::tx::{Tx, json};

pub use crate::session::Knowledge;
#[cfg(test)]
pub(crate) use held::ALL as OF_POSTGRES;
pub(crate) use held::numbers;
#[cfg(test)]
pub(crate) use open::ALL as OPEN;
pub use open::OpenCall;
pub use recent::Looked;
pub(crate) use recent::RecentCalls;

/// The columns that [`read`] reads.
macro_rules! columns {
    () => {
        "id, instance_id, external_id, communication_id, settle_at, version, facts, told"
    };
}
pub(crate) use columns;

statements! {
    FIND = concat!("SELECT ", columns!(), " FROM call WHERE instance_id = $1 AND external_id = $2");
    GET = concat!("SELECT ", columns!(), " FROM call WHERE id = $1");
    INSERT = "INSERT INTO call (instance_id, external_id, version, communication_id, direction, state, ended_at, facts, told,
                                settle_at, client_phone, began_at, look_at, id)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    UPDATE = "UPDATE call SET version = $1, communication_id = $2, direction = $3, state = $4, ended_at = $5, facts = $6,
                     told = $7
              WHERE id = $8";
    /// A call that settles has ended: it is not looked at any more.
    UPDATE_SETTLING = "UPDATE call SET version = $1, communication_id = $2, direction = $3, state = $4, ended_at = $5,
                              facts = $6, told = $7, settle_at = $8, look_at = CASE WHEN CAST($8 AS BIGINT) IS NULL THEN look_at END
                       WHERE id = $9";
    UPDATE_WITH_INDEXES = "UPDATE call SET version = $1, communication_id = $2, direction = $3, state = $4, ended_at = $5,
                                  facts = $6, told = $7, settle_at = $8,
                                  look_at = CASE WHEN CAST($8 AS BIGINT) IS NULL THEN look_at END, client_phone = $9, began_at = $10
                           WHERE id = $11";
    SET_COMMUNICATION = "UPDATE call SET communication_id = $1, version = version + 1 WHERE id = $2";
    INSERT_EVENT = "INSERT INTO call_event (call_id, event_id, kind, leg_id, at, received_at, raw_request_id)
                    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    INSERT_LEG = "INSERT INTO call_leg (instance_id, leg_id, call_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    CALL_OF_LEG = "SELECT call_id FROM call_leg WHERE instance_id = $1 AND leg_id = $2";
    SETTLING = "SELECT id, settle_at, instance_id FROM call WHERE settle_at IS NOT NULL";
    EVENTS = "SELECT event_id, kind, leg_id, at, received_at, raw_request_id FROM call_event
              WHERE call_id = $1 ORDER BY at, received_at, event_id";
    LAST_CONVERSATION = "SELECT MAX(ended_at) FROM call
                         WHERE client_phone = $1 AND instance_id = $2 AND state = 'answered' AND id <> $3
                           AND settle_at IS NULL
                           AND NOT EXISTS (SELECT 1 FROM delivery
                                           WHERE call_id = call.id AND kind = 'comment' AND state = 'pending')";
    LIST = concat!("SELECT ", columns!(), " FROM call
            WHERE id < $1 AND (CAST($2 AS BIGINT) IS NULL OR instance_id = $2)
              AND (CAST($3 AS TEXT) IS NULL OR client_phone = $3)
              AND (CAST($4 AS BIGINT) IS NULL OR began_at >= $4) AND (CAST($5 AS BIGINT) IS NULL OR began_at < $5)
              AND (CAST($6 AS TEXT) IS NULL OR state = $6 OR ($6 = 'finished' AND state <> 'active'))
            ORDER BY id DESC LIMIT $7");
    BY_REQUEST = "SELECT COUNT(*) FROM call WHERE instance_id = $1 AND communication_id = $2 AND began_at >= $3";
}

/// A call as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCall {
    /// Its row.
    pub id: CallId,
    /// Whose call.
    pub instance: InstanceId,
    /// The provider's id of it.
    pub external_id: ExternalId,
    /// Kontur's communication, once known.
    pub communication: Option<CommunicationId>,
    /// Over, and to be handed on when it has been quiet until then.
    pub settle_at: Option<Timestamp>,
    /// What is known of it.
    pub call: Call,
    /// What Kontur was told of it.
    pub told: Told,
    /// Grows with each change that is stored.
    pub(crate) version: i64,
    /// What the indexes hold of it: most changes leave that alone, and then the indexes are not written to.
    indexed: Indexed,
}

/// A call to be stored.
#[derive(Debug)]
pub struct NewCall {
    /// Whose call.
    pub instance: InstanceId,
    /// The provider's id of it.
    pub external_id: ExternalId,
    /// What is known of it.
    pub call: Call,
    /// What Kontur was told of it.
    pub told: Told,
    /// Over, and to be handed on when it has been quiet until then.
    pub settle_at: Option<Timestamp>,
    /// Open, and to be looked at then if its end has not come.
    pub look_at: Option<Timestamp>,
}

/// The columns of a call that have indexes, but for the one that [`open`] looks after.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Indexed {
    client_phone: Phone,
    began_at: Timestamp,
    settle_at: Option<Timestamp>,
}

impl Indexed {
    fn of(call: &Call, settle_at: Option<Timestamp>) -> Self {
        Self { client_phone: call.client_phone(), began_at: call.began_at(), settle_at }
    }

    /// In the order of the statements.
    fn columns(&self) -> [Value<'_>; 3] {
        [self.settle_at.into(), self.client_phone.as_str().into(), self.began_at.into()]
    }

    /// How many of the columns have to be stored of a call which has changed from this to that.
    fn differing(&self, to: &Self) -> usize {
        match (self == to, self.client_phone == to.client_phone && self.began_at == to.began_at) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 3,
        }
    }
}

/// The statement that stores so many of the columns that have indexes.
const fn update(columns: usize) -> &'static str {
    match columns {
        0 => UPDATE,
        1 => UPDATE_SETTLING,
        _ => UPDATE_WITH_INDEXES,
    }
}

/// Which calls are listed; `None` means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Only calls before this one (exclusive), for paging backwards in time.
    pub before: Option<CallId>,
    /// Whose.
    pub instance: Option<InstanceId>,
    /// With this client.
    pub client: Option<Phone>,
    /// Began at or after.
    pub from: Option<Timestamp>,
    /// Began before.
    pub to: Option<Timestamp>,
    /// `active`, `finished`, or a result.
    pub state: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// An event in a call's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// The provider's id of it.
    pub event_id: String,
    /// `call.started` and so on.
    pub kind: String,
    /// Which leg it is about.
    pub leg_id: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// The request it came in; none if it came from history.
    pub raw_request: Option<RawRequestId>,
}

/// The word for where a call stands: `active`, then its result.
pub fn state_word(call: &Call) -> &'static str {
    if call.is_closed() { call.result().word() } else { "active" }
}

impl Tx<'_> {
    /// The call with the provider's id, if it is known. The writer takes it from the calls it has just had in hand;
    /// [`Self::update_call`] or [`Self::put_back`] puts it back.
    pub fn find_call(
        &self,
        instance: InstanceId,
        id: &ExternalId,
    ) -> Result<Option<StoredCall>, StorageError> {
        if self.unit().is_some_and(|unit| unit.is_absent(instance, id)) {
            return Ok(None);
        }
        let recent = self.recent_calls().and_then(|recent| recent.take(instance, id, self.unit()));
        let by_name = || self.held(FIND, held::FIND, &[instance.0.into(), id.as_str().into()]);
        recent.map_or_else(by_name, |recent| Ok(Some(recent)))
    }

    /// The call of that row, if there is one.
    pub fn call(&self, id: CallId) -> Result<Option<StoredCall>, StorageError> {
        self.one(GET, &[id.0.into()], read)
    }

    /// The call of that row, to be changed by the writer: from the calls it has just had in hand, if it is there.
    /// [`Self::update_call`] or [`Self::put_back`] puts it back.
    pub fn take_call(&self, id: CallId) -> Result<Option<StoredCall>, StorageError> {
        let recent = self.recent_calls().and_then(|recent| recent.take_row(id, self.unit()));
        let by_row = || self.held(GET, held::GET, &[id.0.into()]);
        recent.map_or_else(by_row, |recent| Ok(Some(recent)))
    }

    /// Stores a new call. [`Self::put_back`] keeps it in hand.
    pub fn insert_call(&self, new: NewCall) -> Result<StoredCall, StorageError> {
        let NewCall { instance, external_id, call, told, settle_at, look_at } = new;
        let communication = call.request().cloned();
        let indexed = Indexed::of(&call, settle_at);
        let (facts, told_json) = (json(&call), json(&told));
        let [communicated, direction, state, ended_at, facts, told_text] =
            told_columns(&call, communication.as_ref(), &facts, &told_json);
        let [settles_at, client_phone, began_at] = indexed.columns();
        let parameters = [
            instance.0.into(),
            external_id.as_str().into(),
            0_i64.into(),
            communicated,
            direction,
            state,
            ended_at,
            facts,
            told_text,
            settles_at,
            client_phone,
            began_at,
            look_at.into(),
        ];
        let id = CallId(self.insert(INSERT, Ids::Calls, parameters)?);
        if let Some(unit) = self.unit() {
            unit.is_new(id, instance, &external_id);
        }
        Ok(StoredCall {
            id,
            instance,
            external_id,
            communication,
            settle_at,
            call,
            told,
            version: 0,
            indexed,
        })
    }

    /// Stores what became known of a call.
    pub fn update_call(&self, mut stored: StoredCall) -> Result<(), StorageError> {
        let (facts, told) = (json(&stored.call), json(&stored.told));
        if stored.communication.is_none() {
            stored.communication = stored.call.request().cloned();
        }
        stored.version += 1;
        let indexed = Indexed::of(&stored.call, stored.settle_at);
        // Where a later change takes the place of an earlier one, each has to have all columns.
        let columns = if self.unit().is_some() { 3 } else { stored.indexed.differing(&indexed) };
        let mut parameters = Vec::with_capacity(11);
        parameters.push(stored.version.into());
        parameters.extend(told_columns(&stored.call, stored.communication.as_ref(), &facts, &told));
        parameters.extend(indexed.columns().into_iter().take(columns));
        parameters.push(stored.id.0.into());
        self.put_latest(update(columns), &parameters)?;
        stored.indexed = indexed;
        self.put_back(stored);
        Ok(())
    }

    /// Gives a call back that was found and not changed.
    pub fn put_back(&self, stored: StoredCall) {
        if let Some(recent) = self.recent_calls() {
            recent.put(stored);
        }
    }

    /// Remembers Kontur's communication of a call.
    pub fn set_communication(&self, call: CallId, id: &CommunicationId) -> Result<(), StorageError> {
        self.put(SET_COMMUNICATION, &[id.as_str().into(), call.0.into()])?;
        if let Some(recent) = self.recent_calls() {
            recent.set_communication(call, id, self.unit());
        }
        Ok(())
    }

    /// Notes an event of a call. False if it was noted before: a repeat.
    pub fn insert_event(
        &self,
        call: CallId,
        event: &CallEvent,
        received_at: Timestamp,
        raw: Option<RawRequestId>,
    ) -> Result<bool, StorageError> {
        let leg = leg_of(event);
        let parameters: [Value<'_>; 7] = [
            call.0.into(),
            event.id.as_str().into(),
            event.happening.word().into(),
            leg.map(LegId::as_str).into(),
            event.at.into(),
            received_at.into(),
            raw.map(|id| id.0).into(),
        ];
        match self.unit().and_then(|unit| unit.notes(call, &event.id)) {
            Some(false) => Ok(false),
            Some(true) => self.put(INSERT_EVENT, &parameters).map(|()| true),
            None => Ok(self.execute(INSERT_EVENT, &parameters)? == 1),
        }
    }

    /// Makes a leg findable for hangup.
    pub fn insert_leg(&self, instance: InstanceId, leg: &LegId, call: CallId) -> Result<(), StorageError> {
        self.put(INSERT_LEG, &[instance.0.into(), leg.as_str().into(), call.0.into()])?;
        Ok(())
    }

    /// The call that a leg belongs to.
    pub fn call_of_leg(&self, instance: InstanceId, leg: &LegId) -> Result<Option<StoredCall>, StorageError> {
        let id = self.one(CALL_OF_LEG, &[instance.0.into(), leg.as_str().into()], |row| row.int(0))?;
        id.map_or(Ok(None), |id| self.call(CallId(id)))
    }

    /// The calls that are over and not handed on yet, with when that is due and whose they are.
    pub fn settling_calls(&self) -> Result<Vec<(CallId, Timestamp, InstanceId)>, StorageError> {
        self.all(SETTLING, &[], |row| Ok((CallId(row.int(0)?), row.time(1)?, InstanceId(row.int(2)?))))
    }

    /// How the call of which a delivery is planned became known to the transaction.
    pub fn knowledge(&self, call: CallId) -> Knowledge {
        self.unit().map_or(Knowledge::AtHand, |unit| unit.knowledge(call))
    }

    /// A call's events in the order they happened.
    pub fn events_of(&self, call: CallId) -> Result<Vec<EventRecord>, StorageError> {
        self.all(EVENTS, &[call.0.into()], |row| {
            Ok(EventRecord {
                event_id: row.text(0)?,
                kind: row.text(1)?,
                leg_id: row.opt_text(2)?,
                at: row.time(3)?,
                received_at: row.time(4)?,
                raw_request: row.opt_int(5)?.map(RawRequestId),
            })
        })
    }

    /// When the client was last talked to in a call other than `besides`. A conversation whose comment is still to be
    /// written is not counted: it finds the threads that it closes when its turn comes.
    pub fn last_conversation(
        &self,
        instance: InstanceId,
        client: &Phone,
        besides: CallId,
    ) -> Result<Option<Timestamp>, StorageError> {
        let parameters = [client.as_str().into(), instance.0.into(), besides.0.into()];
        Ok(self.one(LAST_CONVERSATION, &parameters, |row| row.opt_time(0))?.flatten())
    }

    /// Calls, the latest first.
    pub fn list_calls(&self, filter: &CallFilter) -> Result<Vec<StoredCall>, StorageError> {
        let parameters = [
            filter.before.map_or(i64::MAX, |id| id.0).into(),
            filter.instance.map(|id| id.0).into(),
            filter.client.as_ref().map(Phone::as_str).into(),
            filter.from.into(),
            filter.to.into(),
            filter.state.as_deref().into(),
            filter.limit.into(),
        ];
        self.all(LIST, &parameters, read)
    }

    /// Whether a call that Kontur asked for has shown up since.
    pub fn has_call_of_request(
        &self,
        instance: InstanceId,
        request: &CommunicationId,
        since: Timestamp,
    ) -> Result<bool, StorageError> {
        let parameters = [instance.0.into(), request.as_str().into(), since.into()];
        Ok(self.one(BY_REQUEST, &parameters, |row| row.int(0))?.is_some_and(|count| count > 0))
    }
}

/// The columns that change with every event, in the order of the statements.
fn told_columns<'a>(
    call: &'a Call,
    communication: Option<&'a CommunicationId>,
    facts: &'a str,
    told: &'a str,
) -> [Value<'a>; 6] {
    [
        communication.map(CommunicationId::as_str).into(),
        call.direction().word().into(),
        state_word(call).into(),
        call.ended_at().into(),
        facts.into(),
        told.into(),
    ]
}

pub(crate) fn read(row: &Row<'_>) -> Result<StoredCall, StorageError> {
    let (settle_at, call) = (row.opt_time(4)?, row.json(6, "call", "facts")?);
    Ok(StoredCall {
        indexed: Indexed::of(&call, settle_at),
        settle_at,
        call,
        id: CallId(row.int(0)?),
        instance: InstanceId(row.int(1)?),
        external_id: row.text(2)?.into(),
        communication: row.opt_text(3)?.map(Into::into),
        version: row.int(5)?,
        told: row.json(7, "call", "told")?,
    })
}

fn leg_of(event: &CallEvent) -> Option<&LegId> {
    match &event.happening {
        Happening::Leg(leg) => Some(&leg.id),
        Happening::RecordingReady(recording) => Some(&recording.leg),
        Happening::CallStarted
        | Happening::CallFinished(_)
        | Happening::CallFailed(_)
        | Happening::Past(_)
        | Happening::GoesOn
        | Happening::EndInferred => None,
    }
}
