//! How many rows there are, and a sum of what is in them: the same on both sides if the rows are the same.
//!
//! A row's text is its columns, each with a comma behind it: a number as it is, a flag as t or f, a text and bytes (in hex)
//! with their length before them, nothing where there is no value. What is summed up are the first eight bytes of the
//! texts' SHA-256, so the order of rows does not matter.

use std::io::Write as _;

use sha2::{Digest as _, Sha256};

use super::table::{Kind, Table};

/// Of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) sum: i128,
}

/// A value as both databases have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Int(i64),
    Flag(bool),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Takes rows, value by value.
#[derive(Debug, Default)]
pub(super) struct Counter {
    tally: Tally,
    text: Vec<u8>,
}

impl Counter {
    /// The next value of the row.
    pub(super) fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Null => Ok(()),
            Value::Int(number) => write!(self.text, "{number}"),
            Value::Flag(flag) => write!(self.text, "{}", if flag { 't' } else { 'f' }),
            Value::Text(text) => write!(self.text, "{}:{text}", text.len()),
            Value::Bytes(bytes) => self.hex(bytes),
        }
        .unwrap_or_default();
        self.text.push(b',');
    }

    /// The row is complete.
    pub(super) fn end_row(&mut self) {
        let digest = Sha256::digest(&self.text);
        let first = digest.iter().take(8).fold(0, |sum: i64, byte| (sum << 8) | i64::from(*byte));
        self.tally.rows += 1;
        self.tally.sum += i128::from(first);
        self.text.clear();
    }

    /// Of the rows so far, and begins anew.
    pub(super) fn take(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    fn hex(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        write!(self.text, "{}:", bytes.len())?;
        let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
        self.text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
        Ok(())
    }
}

/// Has PostgreSQL give the same of its rows: their number, and the sum as a text.
pub(super) fn query(table: &Table) -> String {
    let columns = table.columns.iter().map(|column| {
        let name = &column.name;
        match column.kind {
            Kind::Int | Kind::Flag => format!("\"{name}\", ','"),
            Kind::Text => format!("octet_length(\"{name}\") || ':' || \"{name}\", ','"),
            Kind::Bytes => format!("octet_length(\"{name}\") || ':' || encode(\"{name}\", 'hex'), ','"),
        }
    });
    let text = columns.collect::<Vec<_>>().join(", ");
    let digest = format!("encode(substr(sha256(convert_to(concat({text}), 'UTF8')), 1, 8), 'hex')");
    let name = &table.name;
    format!(
        "SELECT count(*), coalesce(sum(('x' || {digest})::bit(64)::bigint), 0)::text FROM \"{name}\" WHERE "
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[&[Value<'_>]]) -> Tally {
        let mut counter = Counter::default();
        for row in rows {
            row.iter().for_each(|value| counter.value(*value));
            counter.end_row();
        }
        counter.take()
    }

    #[test]
    fn rows_that_differ_have_other_sums() {
        let rows: [&[Value<'_>]; 9] = [
            &[Value::Null, Value::Null],
            &[Value::Text(""), Value::Null],
            &[Value::Null, Value::Text("")],
            &[Value::Text("a,1:b"), Value::Null],
            &[Value::Text("a"), Value::Text("b")],
            &[Value::Int(1), Value::Int(23)],
            &[Value::Int(12), Value::Int(3)],
            &[Value::Flag(true), Value::Bytes(b"x")],
            &[Value::Flag(false), Value::Bytes(b"x")],
        ];
        let mut sums: Vec<i128> = rows.iter().map(|row| tally(&[row]).sum).collect();
        sums.sort_unstable();
        sums.dedup();
        assert_eq!(sums.len(), rows.len());
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_each_of_them_does() {
        let (one, two): (&[Value<'_>], &[Value<'_>]) = (&[Value::Int(1)], &[Value::Int(2)]);
        assert_eq!(tally(&[one, two]), tally(&[two, one]));
        assert_ne!(tally(&[one, one]), tally(&[two, two]));
        assert_eq!(tally(&[one, two]).rows, 2);
    }
}
