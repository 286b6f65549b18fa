//! What goes wrong with PostgreSQL, in the words of the store.

use tokio_postgres::error::SqlState;

use crate::error::StorageError;

/// Classes of trouble that end with a new connection, or with a server that has come up again.
const AWAY: [SqlState; 8] = [
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::CANNOT_CONNECT_NOW,
    SqlState::CONNECTION_FAILURE,
    SqlState::TOO_MANY_CONNECTIONS,
    // A standby that was not told yet that it is not one any more, or the other way round.
    SqlState::READ_ONLY_SQL_TRANSACTION,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    SqlState::IDLE_SESSION_TIMEOUT,
];

/// Trouble that ends when others are done.
const CONTENDED: [SqlState; 5] = [
    SqlState::UNIQUE_VIOLATION,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::LOCK_NOT_AVAILABLE,
    SqlState::QUERY_CANCELED,
];

impl From<tokio_postgres::Error> for StorageError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            // Without the server's word it is the connection, or a value that did not fit.
            let source = std::error::Error::source(&error);
            let is_ours = source.is_some_and(|source| !source.is::<std::io::Error>()) && !error.is_closed();
            let text = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
            return if is_ours { Self::Driver(text) } else { Self::Away(text) };
        };
        // Its detail may quote values.
        let text = format!("{} (SQLSTATE {})", told.message(), told.code().code());
        match told.code() {
            code if AWAY.contains(code) => Self::Away(text),
            code if CONTENDED.contains(code) => Self::Contended(text),
            &SqlState::DISK_FULL => Self::Full,
            _ => Self::Driver(text),
        }
    }
}
