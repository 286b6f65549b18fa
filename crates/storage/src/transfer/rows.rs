//! Rows as `COPY … FROM STDIN (FORMAT BINARY)` takes them (PostgreSQL's manual, COPY, Binary Format).

use super::tally::Value;

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Some rows.
#[derive(Debug)]
pub(super) struct Rows(Vec<u8>);

impl Default for Rows {
    fn default() -> Self {
        Self(HEADER.to_vec())
    }
}

impl Rows {
    /// Begins a row with so many values.
    pub(super) fn begin_row(&mut self, values: usize) {
        self.0.extend(i16::try_from(values).unwrap_or(i16::MAX).to_be_bytes());
    }

    /// The next value of the row.
    pub(super) fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.0.extend((-1_i32).to_be_bytes()),
            Value::Int(number) => self.field(&number.to_be_bytes()),
            Value::Flag(flag) => self.field(&[flag.into()]),
            Value::Text(text) => self.field(text.as_bytes()),
            Value::Bytes(bytes) => self.field(bytes),
        }
    }

    /// How many bytes there are.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }

    /// All of them, with the end; begins anew.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut rows = std::mem::take(self).0;
        rows.extend((-1_i16).to_be_bytes());
        rows
    }

    /// SQLite has no value of 2 GB or more.
    fn field(&mut self, bytes: &[u8]) {
        self.0.extend(i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
        self.0.extend(bytes);
    }
}
