//! One row of a result.

use domain::clock::Timestamp;
use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;

use crate::error::StorageError;

/// One row of a result; columns count from 0.
pub enum Row<'a> {
    /// Of SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// Of PostgreSQL.
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// A number.
    pub fn int(&self, column: usize) -> Result<i64, StorageError> {
        self.opt_int(column)?.ok_or_else(|| null(column))
    }

    /// A number or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StorageError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => match row.columns().get(column).map(|column| column.type_()) {
                // A constant in a statement.
                Some(&Type::INT4) => Ok(row.try_get::<_, Option<i32>>(column)?.map(i64::from)),
                _ => Ok(row.try_get(column)?),
            },
        }
    }

    /// A flag.
    pub fn flag(&self, column: usize) -> Result<bool, StorageError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A point in time.
    pub fn time(&self, column: usize) -> Result<Timestamp, StorageError> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// A point in time or NULL.
    pub fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, StorageError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_micros))
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<String, StorageError> {
        self.opt_text(column)?.ok_or_else(|| null(column))
    }

    /// A text or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StorageError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// Bytes or NULL.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// Whether there is nothing in a column.
    pub(crate) fn is_null(&self, column: usize) -> Result<bool, StorageError> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(column)? == ValueRef::Null),
            Self::Postgres(row) => Ok(row.try_get::<_, Option<&str>>(column)?.is_none()),
        }
    }

    /// What a word of a column stands for: `parsed`, unless that is nothing.
    pub(crate) fn known<T>(
        &self,
        (table, column): (&'static str, &'static str),
        word: &str,
        parsed: Option<T>,
    ) -> Result<T, StorageError> {
        parsed.ok_or_else(|| StorageError::Inconsistent {
            table,
            column,
            row: self.number(),
            message: format!("{word:?} is not known"),
        })
    }

    /// The number of the row, as far as it begins with one.
    fn number(&self) -> String {
        self.int(0).map_or_else(|_| String::new(), |id| id.to_string())
    }

    /// A JSON column as a domain type.
    pub fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
        table: &'static str,
        name: &'static str,
    ) -> Result<T, StorageError> {
        let text = match self {
            Self::Sqlite(row) => {
                let text = row.get_ref(column)?.as_bytes();
                text.map_err(|error| StorageError::Driver(error.to_string()))?
            }
            Self::Postgres(row) => row.try_get::<_, &str>(column)?.as_bytes(),
        };
        serde_json::from_slice(text).map_err(|error| StorageError::Inconsistent {
            table,
            column: name,
            row: self.number(),
            message: error.to_string(),
        })
    }
}

fn null(column: usize) -> StorageError {
    StorageError::Driver(format!("column {column} of a result has no value"))
}
