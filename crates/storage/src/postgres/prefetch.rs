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
    FROM (SELECT * FROM UNNEST($3::bigint[], $4::bigint[])
          UNION ALL
          SELECT named.id, -1 FROM UNNEST($1::bigint[], $2::text[]) AS wanted(of_instance, name)
          JOIN call AS named ON named.instance_id = of_instance AND named.external_id = name) AS wanted(row_there, at_hand)
    JOIN call ON id = row_there
    ORDER BY id FOR UPDATE OF call";

/// Which events of calls are noted already.
const NOTED: &str = "
    SELECT named.id, event, EXISTS (SELECT 1 FROM call_event WHERE call_id = named.id AND event_id = event)
    FROM UNNEST($1::bigint[], $2::text[], $3::text[]) AS wanted(of_instance, name, event)
    JOIN call AS named ON named.instance_id = of_instance AND named.external_id = name";

#[cfg(test)]
pub(super) const QUESTIONS: &[&str] = &[HOLD, NOTED];

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
    let missing = numbers.map(|(of, wanted)| (of, Value::Int(blocks.missing(of, wanted, now))));
    let missing: Vec<_> = missing.iter().filter(|(_, blocks)| !matches!(blocks, Value::Int(0))).collect();
    for (of, count) in &missing {
        questions.push(Question { sql: sequence(*of), parameters: vec![count] });
    }
    let mut answers = connection.query_all(&questions)?.into_iter().skip(1);
    let mut next = || answers.next().unwrap_or_default();
    if !wanted.is_empty() {
        hold(&next(), &wanted, recent, unit)?;
    }
    if !about.events.is_empty() {
        for row in next() {
            let event: String = row.try_get(1)?;
            unit.was_noted(CallId(row.try_get(0)?), EventId::new(event), row.try_get(2)?);
        }
    }
    for (of, _) in missing {
        for row in next() {
            blocks.add(*of, row.try_get(0)?, now);
        }
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

/// What is wanted, as parameters.
struct Wanted<'a> {
    /// Calls that are known by nothing but their names.
    named: Vec<(InstanceId, &'a ExternalId)>,
    instances: Vec<Value<'a>>,
    names: Vec<Value<'a>>,
    /// The others, with their versions at hand.
    rows: Vec<Value<'a>>,
    versions: Vec<Value<'a>>,
    event_instances: Vec<Value<'a>>,
    event_names: Vec<Value<'a>>,
    events: Vec<Value<'a>>,
}

impl<'a> Wanted<'a> {
    fn of(about: &'a About, recent: &RecentCalls) -> Self {
        let mut named: Vec<_> = about.events.iter().map(|(instance, name, _)| (*instance, name)).collect();
        named.sort_unstable();
        named.dedup();
        let mut rows: Vec<_> =
            about.calls.iter().map(|row| (row.0, recent.version_of(*row).unwrap_or(-1))).collect();
        named.retain(|(instance, name)| match recent.version(*instance, name) {
            Some((row, version)) => {
                rows.push((row.0, version));
                false
            }
            None => true,
        });
        rows.sort_unstable();
        rows.dedup_by_key(|(row, _)| *row);
        let of_event = about.events.iter();
        Self {
            instances: named.iter().map(|(instance, _)| instance.0.into()).collect(),
            names: named.iter().map(|(_, name)| name.as_str().into()).collect(),
            named,
            rows: rows.iter().map(|(row, _)| Value::Int(*row)).collect(),
            versions: rows.iter().map(|(_, version)| Value::Int(*version)).collect(),
            event_instances: of_event.clone().map(|(instance, _, _)| instance.0.into()).collect(),
            event_names: of_event.clone().map(|(_, name, _)| name.as_str().into()).collect(),
            events: of_event.map(|(_, _, event)| event.as_str().into()).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.rows.is_empty()
    }

    fn calls(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.instances, &self.names, &self.rows, &self.versions]
    }

    fn events(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.event_instances, &self.event_names, &self.events]
    }
}
