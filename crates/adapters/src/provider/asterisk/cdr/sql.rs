//! The statements that read a table of call detail records. Such tables are of many makes: columns are named as they are
//! found, and what they hold is read as text.

use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::port::{RemoteError, RemoteErrorKind};

use super::page::{LONGEST_CALL, Listed, Mark, PAGE};
use super::row::COLUMNS;
use super::time::{instant, local};
use crate::provider::asterisk::fault;

/// Without them records do not make calls.
const NEEDED: [&str; 4] = ["linkedid", "channel", "dstchannel", "disposition"];

/// A wall clock that is put back shows times again.
const PUT_BACK: std::time::Duration = std::time::Duration::from_hours(2);

/// So many records are looked at to see whether they are right.
const LATEST: usize = 200;

/// What databases do not have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A table, its columns by the names that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    dialect: Dialect,
    name: String,
    /// As the table spells them, with their known names.
    columns: Vec<(String, &'static str)>,
    linkedid: String,
    start: String,
}

/// Whether a name can stand in a statement as it is: with a schema, maybe.
pub(super) fn is_name(table: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    table.split('.').count() <= 2 && table.split('.').all(is_plain)
}

/// Tells a table's columns without reading any of it.
pub(super) fn columns(table: &str) -> String {
    format!("SELECT * FROM {table} LIMIT 0")
}

impl Table {
    /// A table that has columns of those names.
    pub(super) fn new(dialect: Dialect, name: &str, found: &[String]) -> Result<Self, RemoteError> {
        let spelled = |column: &str| found.iter().find(|name| name.eq_ignore_ascii_case(column)).cloned();
        let columns: Vec<_> =
            COLUMNS.into_iter().filter_map(|column| Some((spelled(column)?, column))).collect();
        let quoted = |column: &str| spelled(column).map(|name| quote(&name));
        let mut missing: Vec<&str> = NEEDED.into_iter().filter(|column| quoted(column).is_none()).collect();
        let start = quoted("start").or_else(|| quoted("calldate"));
        if start.is_none() {
            missing.push("start");
        }
        if quoted("end").is_none() && quoted("duration").is_none() {
            missing.push("end");
        }
        match (quoted("linkedid"), start) {
            (Some(linkedid), Some(start)) if missing.is_empty() => {
                Ok(Self { dialect, name: name.to_owned(), columns, linkedid, start })
            }
            _ => Err(lacking(name, &missing)),
        }
    }

    /// The known names of the columns that [`Self::rows`] and [`Self::latest`] give.
    pub(super) fn known(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(_, known)| *known)
    }

    /// When calls began and their `linkedid`: of records from `$1` to before `$2`, the calls after time `$3` and, of
    /// those that began then, `linkedid` `$4`.
    pub(super) fn next(&self) -> String {
        let (name, start, linkedid) = (&self.name, self.start(), self.linkedid());
        let [from, to, after] = [1, 2, 3].map(|index| self.time(index));
        let began = self.text(&format!("MIN({start})"));
        format!(
            "SELECT {began} AS began, {linkedid} AS call FROM {name} \
             WHERE {start} >= {from} AND {start} < {to} AND {linkedid} <> '' GROUP BY {linkedid} \
             HAVING MIN({start}) > {after} OR (MIN({start}) = {after} AND {linkedid} > $4) \
             ORDER BY MIN({start}), {linkedid} LIMIT {PAGE}"
        )
    }

    /// The records from `$1` to before `$2` of the calls whose `linkedid`s are in the JSON list `$3`.
    pub(super) fn rows(&self) -> String {
        let (columns, name, start, linkedid) = (self.texts(), &self.name, self.start(), self.linkedid());
        let [from, to] = [1, 2].map(|index| self.time(index));
        let wanted = match self.dialect {
            Dialect::Sqlite => "SELECT value FROM json_each($3)",
            Dialect::Postgres => "SELECT json_array_elements_text($3::text::json)",
        };
        format!(
            "SELECT {columns} FROM {name} WHERE {start} >= {from} AND {start} < {to} AND {linkedid} IN ({wanted})"
        )
    }

    /// The records that began last.
    pub(super) fn latest(&self) -> String {
        let (columns, name, start) = (self.texts(), &self.name, self.start());
        format!("SELECT {columns} FROM {name} ORDER BY {start} DESC LIMIT {LATEST}")
    }

    fn texts(&self) -> String {
        let texts: Vec<String> = self.columns.iter().map(|(column, _)| self.text(&quote(column))).collect();
        texts.join(", ")
    }

    fn start(&self) -> String {
        match self.dialect {
            Dialect::Sqlite => self.start.clone(),
            Dialect::Postgres => format!("{}::timestamp", self.start),
        }
    }

    /// In an order that no locale changes.
    fn linkedid(&self) -> String {
        match self.dialect {
            Dialect::Sqlite => self.linkedid.clone(),
            Dialect::Postgres => format!("{}::text COLLATE \"C\"", self.linkedid),
        }
    }

    fn time(&self, index: u8) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("${index}"),
            Dialect::Postgres => format!("${index}::text::timestamp"),
        }
    }

    fn text(&self, expression: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => expression.to_owned(),
            Dialect::Postgres => format!("{expression}::text"),
        }
    }
}

/// What [`Table::next`] is asked with: the calls after a mark that began before `to`.
pub(super) fn next_parameters(after: &Mark, to: Timestamp, zone: Tz) -> [String; 4] {
    let from = after.began_at.minus(LONGEST_CALL);
    let (from, to) = (local(from, zone), local(to.plus(PUT_BACK), zone));
    [from, to, local(after.began_at, zone), after.linkedid.clone()]
}

/// What [`Table::rows`] is asked with: calls of which the records began between two times.
pub(super) fn rows_parameters(linkedids: &[String], from: Timestamp, to: Timestamp, zone: Tz) -> [String; 3] {
    let list = serde_json::Value::from(linkedids).to_string();
    [local(from, zone), local(to.plus(PUT_BACK), zone), list]
}

/// What [`Table::next`] gave.
pub(super) fn listed(rows: Vec<(String, String)>, zone: Tz) -> Listed {
    let has_more = rows.len() == PAGE;
    let mark =
        |(began, linkedid): (String, String)| Some(Mark { began_at: instant(&began, zone)?, linkedid });
    Listed { marks: rows.into_iter().filter_map(mark).collect(), has_more }
}

fn quote(column: &str) -> String {
    format!("\"{}\"", column.replace('"', "\"\""))
}

fn lacking(table: &str, missing: &[&str]) -> RemoteError {
    let message = format!(
        "the table {table} has no column {}; add it, and have Asterisk write it (docs/providers/asterisk.md, History)",
        missing.join(", ")
    );
    fault("read history", RemoteErrorKind::Rejected, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(columns: &[&str]) -> Vec<String> {
        columns.iter().map(|column| (*column).to_owned()).collect()
    }

    #[test]
    fn names_that_could_be_more_than_names_are_none() {
        for name in ["cdr", "asteriskcdrdb.cdr", "CDR_2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "cdr.", "a.b.c", "cdr; DROP TABLE cdr", "cdr--", "\"cdr\"", "тариф"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn columns_are_found_however_they_are_spelled() {
        let table = found(&["CallDate", "duration", "LinkedId", "channel", "dstchannel", "disposition", "x"]);
        let table = Table::new(Dialect::Postgres, "cdr", &table).unwrap();
        assert_eq!(
            table.known().collect::<Vec<_>>(),
            ["calldate", "duration", "disposition", "channel", "dstchannel", "linkedid"]
        );
        assert!(table.next().contains("MIN(\"CallDate\"::timestamp)::text AS began"), "{}", table.next());
    }

    #[test]
    fn a_table_without_what_is_needed_is_refused_with_what_that_is() {
        let table = found(&["calldate", "channel", "dstchannel", "disposition", "uniqueid"]);
        let error = Table::new(Dialect::Sqlite, "cdr", &table).unwrap_err();
        assert!(error.message.contains("no column linkedid, end;"), "{}", error.message);
    }
}
