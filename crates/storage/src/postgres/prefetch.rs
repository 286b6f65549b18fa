//! The beginning of a transaction: all that its changes are about is locked and read in one go.

use std::time::Instant;

use domain::id::{CallId, EventId, ExternalId, InstanceId};
use tokio_postgres::types::ToSql;

use super::blocks::Blocks;
use super::connection::{Connection, Question};
use crate::calls::{self, RecentCalls};
use crate::error::StorageError;
use crate::session::{About, Ids, Row, Unit, Value};

/// Deliveries that an event gives rise to, and a call that is handed on: more cost a question more.
const DELIVERIES_OF_EVENT: usize = 2;
const DELIVERIES_OF_CALL: usize = 4;

/// Calls by their names and by their rows, in the order of their rows, so that two who want the same do not wait in a
/// circle. What is at hand in its latest version is not read again.
const HOLD: &str = "
    SELECT id, instance_id, external_id, communication_id, settle_at, version,
           CASE WHEN version <> at_hand THEN facts END, CASE WHEN version <> at_hand THEN told END
    FROM (SELECT UNNEST($3::bigint[]) AS of_call, UNNEST($4::bigint[]) AS at_hand
          UNION ALL
          SELECT named.id, -1
          FROM (SELECT UNNEST($1::bigint[]) AS of_instance, UNNEST($2::text[]) AS name) AS wanted
          JOIN call AS named ON named.instance_id = of_instance AND named.external_id = name) AS wanted
    JOIN call ON id = of_call
    ORDER BY id FOR UPDATE OF call";

/// Which events, of calls by their rows and by their names, are noted already: hardly ever any.
const NOTED: &str = "
    SELECT call_id, event_id
    FROM (SELECT UNNEST($1::bigint[]) AS of_call, UNNEST($2::text[]) AS event
          UNION ALL
          SELECT named.id, event
          FROM (SELECT UNNEST($3::bigint[]) AS of_instance, UNNEST($4::text[]) AS name, UNNEST($5::text[]) AS event) AS wanted
          JOIN call AS named ON named.instance_id = of_instance AND named.external_id = name) AS wanted
    JOIN call_event ON call_id = of_call AND event_id = event";

/// Blocks of numbers for new rows, drawn when the calls are held: whoever held them before has drawn smaller ones.
const NUMBERS: &str = "
    SELECT ARRAY(SELECT nextval('call_id_seq') FROM generate_series(1, $1)),
           ARRAY(SELECT nextval('raw_request_id_seq') FROM generate_series(1, $2)),
           ARRAY(SELECT nextval('delivery_id_seq') FROM generate_series(1, $3))";

#[cfg(test)]
pub(super) const QUESTIONS: &[&str] = &[HOLD, NOTED, NUMBERS];

/// Blocks of numbers.
pub(super) const fn sequence(of: Ids) -> &'static str {
    match of {
        Ids::Calls => "SELECT nextval('call_id_seq') FROM generate_series(1, $1)",
        Ids::Deliveries => "SELECT nextval('delivery_id_seq') FROM generate_series(1, $1)",
        Ids::RawRequests => "SELECT nextval('raw_request_id_seq') FROM generate_series(1, $1)",
        Ids::Instances => "SELECT nextval('instance_id_seq') FROM generate_series(1, $1)",
        Ids::StatusChanges => "SELECT nextval('status_change_id_seq') FROM generate_series(1, $1)",
        Ids::SyncJobs => "SELECT nextval('sync_job_id_seq') FROM generate_series(1, $1)",
        Ids::Reconciliations => "SELECT nextval('reconciliation_id_seq') FROM generate_series(1, $1)",
    }
}

/// Whether a number stands for a block of them.
pub(super) const fn is_in_blocks(of: Ids) -> bool {
    matches!(of, Ids::Calls | Ids::Deliveries | Ids::RawRequests)
}

/// Begins a transaction.
pub(super) fn begin(
    connection: &Connection,
    about: &About,
    recent: &RecentCalls,
    unit: &Unit,
    blocks: &mut Blocks,
) -> Result<(), StorageError> {
    let wanted = Wanted::of(about, recent);
    let now = Instant::now();
    let mut questions = vec![Question { sql: "BEGIN", parameters: Vec::new() }];
    if !wanted.is_empty() {
        questions.push(Question { sql: HOLD, parameters: wanted.calls() });
    }
    if !about.events.is_empty() {
        questions.push(Question { sql: NOTED, parameters: wanted.events() });
    }
    let numbers = [
        (Ids::Calls, wanted.names.len()),
        (Ids::RawRequests, about.requests),
        (Ids::Deliveries, about.events.len() * DELIVERIES_OF_EVENT + about.calls.len() * DELIVERIES_OF_CALL),
    ];
    let missing = numbers.map(|(of, wanted)| blocks.missing(of, wanted, now));
    let are_missing = missing.iter().any(|blocks| *blocks > 0);
    let missing = missing.map(Value::Int);
    if are_missing {
        questions
            .push(Question { sql: NUMBERS, parameters: missing.iter().map(|count| count as _).collect() });
    }
    let mut answers = connection.query_all(&questions)?.into_iter().skip(1);
    let mut next = || answers.next().unwrap_or_default();
    if !wanted.is_empty() {
        hold(&next(), &wanted, recent, unit)?;
    }
    if !about.events.is_empty() {
        note(&next(), about, &wanted, recent, unit)?;
    }
    // None if there are enough at hand.
    for drawn in next() {
        for (place, (of, _)) in numbers.into_iter().enumerate() {
            for first in drawn.try_get::<_, Vec<i64>>(place)? {
                blocks.add(of, first, now);
            }
        }
    }
    Ok(())
}

/// Takes which events are noted, now that the rows of all calls are known.
fn note(
    noted: &[tokio_postgres::Row],
    about: &About,
    wanted: &Wanted<'_>,
    recent: &RecentCalls,
    unit: &Unit,
) -> Result<(), StorageError> {
    for ((instance, name, event), at_hand) in about.events.iter().zip(&wanted.at_hand) {
        // What was not at hand is now, if it is there.
        let call = at_hand.or_else(|| recent.version(*instance, name).map(|(call, _)| call));
        if let Some(call) = call {
            unit.was_noted(call, event.clone(), false);
        }
    }
    for row in noted {
        unit.was_noted(CallId(row.try_get(0)?), EventId::new(row.try_get::<_, &str>(1)?), true);
    }
    Ok(())
}

/// Takes calls that are held now.
fn hold(
    rows: &[tokio_postgres::Row],
    wanted: &Wanted<'_>,
    recent: &RecentCalls,
    unit: &Unit,
) -> Result<(), StorageError> {
    for (instance, name) in &wanted.named {
        unit.note_absent(*instance, (*name).clone());
    }
    for row in rows {
        let row = Row::Postgres(row);
        let id = CallId(row.int(0)?);
        unit.hold(id);
        if row.is_null(6)? {
            continue;
        }
        unit.was_read(id);
        let stored = calls::read(&row)?;
        unit.is_there(stored.instance, &stored.external_id);
        recent.put(stored);
    }
    Ok(())
}

/// The version of a call that is not at hand.
const NOT_AT_HAND: i64 = -1;

/// What is wanted, as parameters.
#[derive(Default)]
struct Wanted<'a> {
    /// The calls of the events, as far as they are at hand.
    at_hand: Vec<Option<CallId>>,
    /// Calls that are known by nothing but their names.
    named: Vec<(InstanceId, &'a ExternalId)>,
    instances: Vec<Value<'a>>,
    names: Vec<Value<'a>>,
    /// The others, with their versions at hand.
    rows: Vec<Value<'a>>,
    versions: Vec<Value<'a>>,
    /// Events of calls at hand, with their rows.
    event_rows: Vec<Value<'a>>,
    events: Vec<Value<'a>>,
    /// Events of the others, with their names.
    event_instances: Vec<Value<'a>>,
    event_names: Vec<Value<'a>>,
    named_events: Vec<Value<'a>>,
}

impl<'a> Wanted<'a> {
    fn of(about: &'a About, recent: &RecentCalls) -> Self {
        let mut wanted = Self::default();
        let mut rows: Vec<_> =
            about.calls.iter().map(|row| (row.0, recent.version_of(*row).unwrap_or(NOT_AT_HAND))).collect();
        for (instance, name, event) in &about.events {
            let at_hand = recent.version(*instance, name);
            wanted.at_hand.push(at_hand.map(|(row, _)| row));
            if let Some((row, version)) = at_hand {
                rows.push((row.0, version));
                wanted.event_rows.push(row.0.into());
                wanted.events.push(event.as_str().into());
            } else {
                wanted.named.push((*instance, name));
                wanted.event_instances.push(instance.0.into());
                wanted.event_names.push(name.as_str().into());
                wanted.named_events.push(event.as_str().into());
            }
        }
        wanted.named.sort_unstable();
        wanted.named.dedup();
        wanted.instances = wanted.named.iter().map(|(instance, _)| instance.0.into()).collect();
        wanted.names = wanted.named.iter().map(|(_, name)| name.as_str().into()).collect();
        rows.sort_unstable();
        rows.dedup_by_key(|(row, _)| *row);
        (wanted.rows, wanted.versions) =
            rows.into_iter().map(|(row, version)| (Value::Int(row), Value::Int(version))).unzip();
        wanted
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.rows.is_empty()
    }

    fn calls(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.instances, &self.names, &self.rows, &self.versions]
    }

    fn events(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.event_rows, &self.events, &self.event_instances, &self.event_names, &self.named_events]
    }
}
