//! A table as both databases have it, and ranges of its rows.

use rusqlite::Connection;

use super::error::TransferError;
use crate::error::StorageError;

/// Those that come first are referred to by later ones: it is the order in which they were made.
const TABLES: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migration'
                      ORDER BY rowid";
const COLUMNS: &str = "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Flag,
    Text,
    Bytes,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        match declared {
            "INTEGER" | "BIGINT" => Some(Self::Int),
            "BOOLEAN" => Some(Self::Flag),
            "TEXT" => Some(Self::Text),
            "BLOB" => Some(Self::Bytes),
            _ => None,
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Where the columns of the primary key are, in its order; the first is a number.
    pub(super) key: Vec<usize>,
}

impl Table {
    /// All tables with what is to be moved, each after those that it refers to.
    pub(super) fn all(connection: &Connection) -> Result<Vec<Self>, TransferError> {
        let names = || -> Result<Vec<String>, rusqlite::Error> {
            connection.prepare(TABLES)?.query_map([], |row| row.get(0))?.collect()
        };
        names().map_err(StorageError::from)?.into_iter().map(|name| Self::read(connection, name)).collect()
    }

    fn read(connection: &Connection, name: String) -> Result<Self, TransferError> {
        let rows = || -> Result<Vec<(String, String, i64)>, rusqlite::Error> {
            let mut statement = connection.prepare(COLUMNS)?;
            statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        };
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        for (index, (column, declared, place)) in rows().map_err(StorageError::from)?.into_iter().enumerate()
        {
            let kind = Kind::of(&declared)
                .ok_or_else(|| TransferError::Unknown { table: name.clone(), column: column.clone() })?;
            if place > 0 {
                key.push((place, index));
            }
            columns.push(Column { name: column, kind });
        }
        key.sort_unstable();
        let key = key.into_iter().map(|(_, index)| index).collect();
        Ok(Self { name, columns, key })
    }

    /// Its columns, as a statement names them.
    pub(super) fn column_list(&self) -> String {
        listed(self.columns.iter())
    }

    /// The columns of its key.
    pub(super) fn key_list(&self) -> String {
        listed(self.key_columns())
    }

    /// The condition for a range, with a parameter for each part of its ends.
    pub(super) fn within(&self, range: &Range) -> String {
        let (keys, parts) = (self.key_list(), self.key.len());
        let parameters = |first: usize| {
            let all = (first..first + parts).map(|number| format!("${number}"));
            all.collect::<Vec<_>>().join(", ")
        };
        let after = range.after.as_ref().map(|_| format!("({keys}) > ({})", parameters(1)));
        let first = if range.after.is_some() { parts + 1 } else { 1 };
        let to = range.to.as_ref().map(|_| format!("({keys}) <= ({})", parameters(first)));
        let conditions: Vec<String> = after.into_iter().chain(to).collect();
        if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
    }

    /// The condition that rows of two tables with its columns have the same key.
    pub(super) fn same_key(&self, one: &str, other: &str) -> String {
        let same =
            self.key_columns().map(|Column { name, .. }| format!("{one}.\"{name}\" = {other}.\"{name}\""));
        same.collect::<Vec<_>>().join(" AND ")
    }

    /// Whether the database numbers its rows.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self.key[..], [only] if self.columns[only].name == "id")
    }

    fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().map(|index| &self.columns[*index])
    }
}

fn listed<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns.map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
}

/// A value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Int(i64),
    Text(String),
}

/// Rows whose keys are beyond one and not beyond another; an end that is not there is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Range {
    pub(super) after: Option<Vec<Part>>,
    pub(super) to: Option<Vec<Part>>,
}

impl Range {
    /// The parameters of [`Table::within`].
    pub(super) fn parameters(&self) -> impl Iterator<Item = &Part> {
        self.after.iter().chain(&self.to).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_schema_are_read_with_their_keys() {
        let tables = Table::all(&crate::sqlite::fresh_for_tests()).unwrap();
        assert_eq!(tables[0].name, "instance");
        assert!(tables.iter().all(|table| table.columns[table.key[0]].kind == Kind::Int));
        let named = |name: &str| tables.iter().find(|table| table.name == name).unwrap();
        assert_eq!(named("call_leg").key_list(), r#""instance_id", "leg_id""#);
        assert!(named("call").is_numbered() && !named("call_leg").is_numbered());
        assert!(tables.iter().all(|table| table.name != "migration"));
    }

    #[test]
    fn a_range_is_open_where_it_has_no_end() {
        let tables = Table::all(&crate::sqlite::fresh_for_tests()).unwrap();
        let legs = tables.iter().find(|table| table.name == "call_leg").unwrap();
        let key = |text: &str| Some(vec![Part::Int(1), Part::Text(text.to_owned())]);
        let within = |after, to| legs.within(&Range { after, to });
        assert_eq!(within(None, None), "true");
        assert_eq!(within(key("a"), None), r#"("instance_id", "leg_id") > ($1, $2)"#);
        assert_eq!(within(None, key("b")), r#"("instance_id", "leg_id") <= ($1, $2)"#);
        assert!(within(key("a"), key("b")).ends_with(r#" AND ("instance_id", "leg_id") <= ($3, $4)"#));
    }
}
