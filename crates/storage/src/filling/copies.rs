//! One copy of the calls: which columns differ from copy to copy, and how.

use domain::retention::Prunable;
use rusqlite::{Connection, ToSql};

use super::{Filling, Originals, kept};
use crate::error::StorageError;

/// A table that is copied.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Columns that are not copied as they are, each with what is copied instead.
    changed: &'static [(&'static str, &'static str)],
}

/// Numbers without order, so that what indexes hold is spread over them as ids of a telephony and phone numbers are.
macro_rules! scattered {
    ($call:literal) => {
        concat!("((", $call, " + $offset) * 2654435761 & 4294967295)")
    };
}

/// The tables in which rows of calls are.
pub(super) const TABLES: [Table; 7] = [
    Table {
        name: "call",
        changed: &[
            ("id", "id + $offset"),
            ("external_id", concat!("format('%08x-%d-%s', ", scattered!("id"), ", $copy, external_id)")),
            ("client_phone", concat!("'7' || (9000000000 + ", scattered!("id"), " % 2000000)")),
            ("began_at", "began_at + $later"),
            ("ended_at", "ended_at + $later"),
        ],
    },
    Table {
        name: "call_event",
        changed: &[
            ("call_id", "call_id + $offset"),
            ("leg_id", concat!("format('%08x-%d-%s', ", scattered!("call_id"), ", $copy, leg_id)")),
            ("at", "at + $later"),
            ("received_at", "received_at + $later"),
            ("raw_request_id", "raw_request_id + $offset"),
        ],
    },
    Table {
        name: "call_leg",
        changed: &[
            ("call_id", "call_id + $offset"),
            ("leg_id", concat!("format('%08x-%d-%s', ", scattered!("call_id"), ", $copy, leg_id)")),
        ],
    },
    Table {
        name: "recording",
        changed: &[
            ("call_id", "call_id + $offset"),
            ("leg_id", concat!("format('%08x-%d-%s', ", scattered!("call_id"), ", $copy, leg_id)")),
            ("updated_at", "updated_at + $later"),
        ],
    },
    Table {
        name: "delivery",
        changed: &[
            ("id", "id + $offset"),
            ("call_id", "call_id + $offset"),
            ("created_at", "created_at + $later"),
            ("due_at", "due_at + $later"),
            ("first_attempt_at", "first_attempt_at + $later"),
            ("settled_at", "settled_at + $later"),
        ],
    },
    Table { name: "attempt", changed: &[("delivery_id", "delivery_id + $offset"), ("at", "at + $later")] },
    Table {
        name: "raw_request",
        changed: &[("id", "id + $offset"), ("received_at", "received_at + $later")],
    },
];

/// One copy.
pub(super) struct Duplicate {
    number: i64,
    /// What is added to the numbers of rows.
    offset: i64,
    /// How much later it is than what is copied, in microseconds.
    later: i64,
    has_deliveries: bool,
    has_requests: bool,
}

impl Duplicate {
    /// Copy `number`, whose youngest call is so many microseconds old.
    pub(super) fn of(number: i64, age: i64, originals: &Originals, filling: &Filling) -> Self {
        Self {
            number,
            offset: number.saturating_mul(originals.largest),
            later: filling.now.micros() - originals.newest.micros() - age,
            has_deliveries: age < kept(filling, Prunable::Deliveries),
            has_requests: age < kept(filling, Prunable::RawRequests),
        }
    }

    pub(super) fn has_deliveries(&self) -> bool {
        self.has_deliveries
    }

    pub(super) fn has_requests(&self) -> bool {
        self.has_requests
    }

    pub(super) fn insert(&self, connection: &Connection) -> Result<(), StorageError> {
        for table in &TABLES {
            let is_there = match table.name {
                "delivery" | "attempt" => self.has_deliveries,
                "raw_request" => self.has_requests,
                _ => true,
            };
            if is_there {
                self.insert_into(table, connection)?;
            }
        }
        Ok(())
    }

    fn insert_into(&self, table: &Table, connection: &Connection) -> Result<(), StorageError> {
        let columns = columns(table, connection)?;
        let values = columns.iter().map(|column| {
            let changed = table.changed.iter().find(|(name, _)| name == column);
            changed.map_or(column.as_str(), |(_, value)| value)
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let (name, columns) = (table.name, columns.join(", "));
        let sql = format!("INSERT INTO main.{name} ({columns}) SELECT {values} FROM copied_{name}");
        let mut statement = connection.prepare_cached(&sql)?;
        let known: [(&str, &dyn ToSql); 3] =
            [("$offset", &self.offset), ("$copy", &self.number), ("$later", &self.later)];
        for (parameter, value) in known {
            if let Some(index) = statement.parameter_index(parameter)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        statement.raw_execute()?;
        Ok(())
    }
}

/// The columns that the table has now.
fn columns(table: &Table, connection: &Connection) -> Result<Vec<String>, StorageError> {
    let mut statement = connection.prepare_cached("SELECT name FROM pragma_table_info($1)")?;
    let names = statement.query_map([table.name], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
