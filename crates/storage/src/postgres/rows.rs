//! Rows of parameters for one statement, all in one place: there are hundreds of them in a transaction. Pure.

use std::error::Error;
use std::ops::Range;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::session::Value;

/// Rows of as many parameters each.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Where the cells of each are.
    spans: Vec<Range<usize>>,
    cells: Vec<Cell>,
    texts: String,
    bytes: Vec<u8>,
}

/// A parameter; texts and bytes are where these are kept.
#[derive(Debug, Clone)]
enum Cell {
    Null,
    Int(i64),
    Text(Range<usize>),
    Bytes(Range<usize>),
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &[Value<'_>]) {
        let cells = self.keep(row);
        self.spans.push(cells);
    }

    /// Another row takes the place of one. What that was is given back with all others.
    pub(super) fn replace(&mut self, place: usize, row: &[Value<'_>]) {
        self.spans[place] = self.keep(row);
    }

    fn keep(&mut self, row: &[Value<'_>]) -> Range<usize> {
        let first = self.cells.len();
        for value in row {
            let cell = match *value {
                Value::Null => Cell::Null,
                Value::Int(number) => Cell::Int(number),
                Value::Text(text) => {
                    self.texts.push_str(text);
                    Cell::Text(self.texts.len() - text.len()..self.texts.len())
                }
                Value::Bytes(bytes) => {
                    self.bytes.extend_from_slice(bytes);
                    Cell::Bytes(self.bytes.len() - bytes.len()..self.bytes.len())
                }
            };
            self.cells.push(cell);
        }
        first..self.cells.len()
    }

    /// The rows in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Vec<Value<'_>>> {
        self.spans.iter().map(|row| self.row(row).collect())
    }

    /// Puts the rows into the order of their parameters.
    pub(super) fn sort(&mut self) {
        let mut spans = std::mem::take(&mut self.spans);
        spans.sort_unstable_by(|a, b| self.row(a).cmp(self.row(b)));
        self.spans = spans;
    }

    /// A parameter of all rows.
    pub(super) fn column(&self, number: usize) -> Column<'_> {
        Column { rows: self, number }
    }

    fn row(&self, row: &Range<usize>) -> impl Iterator<Item = Value<'_>> {
        self.cells[row.clone()].iter().map(|cell| self.value(cell))
    }

    fn value(&self, cell: &Cell) -> Value<'_> {
        match cell {
            Cell::Null => Value::Null,
            Cell::Int(number) => Value::Int(*number),
            Cell::Text(text) => Value::Text(&self.texts[text.clone()]),
            Cell::Bytes(bytes) => Value::Bytes(&self.bytes[bytes.clone()]),
        }
    }
}

/// A parameter of all rows, as an array of PostgreSQL's.
#[derive(Debug)]
pub(super) struct Column<'r> {
    rows: &'r Rows,
    number: usize,
}

impl ToSql for Column<'_> {
    /// The manual has no page on it: `array_recv` in PostgreSQL's `src/backend/utils/adt/arrayfuncs.c` reads it.
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Kind::Array(member) = of.kind() else { return Err("an array stands where none is taken".into()) };
        out.put_i32(1); // dimensions
        out.put_i32(1); // there may be NULLs
        out.put_u32(member.oid());
        out.put_i32(i32::try_from(self.rows.len())?);
        out.put_i32(1); // the number of the first
        for row in &self.rows.spans {
            let length_at = out.len();
            out.put_i32(-1);
            let value = self.rows.value(&self.rows.cells[row.start + self.number]);
            if let IsNull::No = value.to_sql(member, out)? {
                let length = i32::try_from(out.len() - length_at - 4)?;
                out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        matches!(of.kind(), Kind::Array(member) if Value::accepts(member))
    }

    to_sql_checked!();
}
