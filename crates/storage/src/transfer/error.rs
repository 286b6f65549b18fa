//! How a transfer fails.

use crate::error::StorageError;

/// Why a database was not moved, compared or backed up. What was copied until then stays, and copying again goes on from
/// there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// One of the databases.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A database is not as this version makes it.
    #[error("the {0} is not up to date; run `kontur-telephony database migrate` with its database_url first")]
    OutOfDate(Side),
    /// PostgreSQL keeps text in another encoding.
    #[error("the target keeps text as {0}; it has to be UTF8 (CREATE DATABASE … ENCODING 'UTF8')")]
    Encoding(String),
    /// The target has data of its own.
    #[error("the target has data that was not copied into it; copy into an empty database")]
    Occupied,
    /// The target is ahead of the source.
    #[error(
        "a server has served from the target since, and what it stored would be lost; to begin anew, copy into an empty \
         database"
    )]
    Served,
    /// The target has the data of another source.
    #[error(
        "the target was copied from another database: integration {number} is {target} there and {source_has} here; \
         copy into an empty database"
    )]
    OtherSource {
        /// The number of the integration.
        number: i64,
        /// The workspace that has it in the target.
        target: String,
        /// The one that has it in the source, or that there is none.
        source_has: String,
    },
    /// Somebody else copies into the same target.
    #[error("another copy into the target is under way")]
    UnderWay,
    /// A column of a type that this version does not move.
    #[error("column {column} of {table} is of a type that cannot be moved")]
    Unknown {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A value that is none of its column.
    #[error("{column} of {table} ({row}) holds what does not belong there; mend the row in the source")]
    Value {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The row, by the first number of its key.
        row: String,
    },
    /// PostgreSQL has something else than what it was given.
    #[error("{table} ({rows}) is not in the target as it was copied; look into PostgreSQL's log")]
    NotTaken {
        /// The table.
        table: String,
        /// The rows.
        rows: String,
    },
}

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is copied.
    Source,
    /// Where to.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}
