//! What was found and done, table by table.

use super::table::{Part, Range, Table};
use super::tally::Tally;

/// What came of a walk through all tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each table, in the order in which they were walked through.
    pub tables: Vec<TableReport>,
    /// Rows of the source when the walk began.
    expected: u64,
}

/// What came of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// Its name.
    pub name: String,
    /// Rows that the source has.
    pub rows: u64,
    /// Rows that the target had.
    pub rows_in_target: u64,
    /// Rows that were copied into the target.
    pub copied: u64,
    /// The ranges that differed, by the first column of their keys, such as `call_id 17 to 23`. Nothing else of the keys is
    /// shown: phone numbers are among it.
    pub differing: Vec<String>,
}

/// How far a walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The table that it is at.
    pub table: &'a str,
    /// Rows that it is done with.
    pub rows: u64,
    /// Rows that there are.
    pub of: u64,
    /// Rows that were copied.
    pub copied: u64,
}

impl Report {
    pub(super) fn of(tables: &[Table], expected: u64) -> Self {
        let tables = tables.iter().map(|table| TableReport {
            name: table.name.clone(),
            rows: 0,
            rows_in_target: 0,
            copied: 0,
            differing: Vec::new(),
        });
        Self { tables: tables.collect(), expected }
    }

    /// Whether no range differed.
    pub fn is_same(&self) -> bool {
        self.tables.iter().all(|table| table.differing.is_empty())
    }

    /// Rows of all tables of the source.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Rows that were copied.
    pub fn copied(&self) -> u64 {
        self.tables.iter().map(|table| table.copied).sum()
    }

    pub(super) fn progress(&self, table: usize) -> Progress<'_> {
        let table = &self.tables[table].name;
        Progress { table, rows: self.rows(), of: self.expected, copied: self.copied() }
    }
}

impl TableReport {
    pub(super) fn visited(&mut self, table: &Table, range: &Range, expected: Tally, there: Tally) {
        self.rows += expected.rows;
        self.rows_in_target += there.rows;
        if expected != there {
            self.differing.push(shown(table, range));
        }
    }
}

/// A range by the first column of its key.
pub(super) fn shown(table: &Table, range: &Range) -> String {
    let name = &table.columns[table.key[0]].name;
    let end = |end: &Option<Vec<Part>>| match end.as_ref().and_then(|parts| parts.first()) {
        Some(Part::Int(number)) => Some(*number),
        _ => None,
    };
    match (end(&range.after), end(&range.to)) {
        (None, None) => "all rows".to_owned(),
        (None, Some(to)) => format!("{name} up to {to}"),
        (Some(after), None) => format!("{name} from {after}"),
        (Some(after), Some(to)) => format!("{name} {after} to {to}"),
    }
}
