//! How a use case fails: the variants are what the caller may do about it.

use std::time::Duration;

use domain::port::provider::WebhookFault;
use domain::port::{RemoteError, RemoteErrorKind};
use storage::error::StorageError;

/// Why the engine did not do what was asked. The text may be shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The caller is not known.
    #[error("{0}")]
    Unauthorized(String),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Events of a webhook are wrong; nothing of it counts.
    #[error("{} of the events {} invalid", .0.len(), if .0.len() == 1 { "is" } else { "are" })]
    InvalidEvents(Vec<WebhookFault>),
    /// The request does not fit the present state.
    #[error("{0}")]
    Conflict(String),
    /// The integration is not set up yet.
    #[error("{0}")]
    NotConfigured(String),
    /// What is asked cannot be done with this provider.
    #[error("{0}")]
    NotSupported(String),
    /// A remote system did not play along.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Not now; come again after a while.
    #[error("{message}")]
    Unavailable {
        /// What is missing.
        message: String,
        /// When to come again.
        retry_after: Duration,
    },
    /// Something is broken here; the log has it.
    #[error("internal error; see the log")]
    Internal,
}

impl EngineError {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Remote(error) => !matches!(
                error.kind,
                RemoteErrorKind::Unauthorized | RemoteErrorKind::Rejected | RemoteErrorKind::NotFound
            ),
            _ => false,
        }
    }
}

impl From<StorageError> for EngineError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Busy
            | StorageError::Away(_)
            | StorageError::Contended(_)
            | StorageError::Full
            | StorageError::Closed => {
                Self::Unavailable { message: error.to_string(), retry_after: Duration::from_secs(1) }
            }
            StorageError::InUse
            | StorageError::Inconsistent { .. }
            | StorageError::Newer(_)
            | StorageError::Migration { .. }
            | StorageError::HalfCopied
            | StorageError::Driver(_) => {
                tracing::error!(%error, "the store failed");
                Self::Unavailable {
                    message: "the store failed; see the log".to_owned(),
                    retry_after: Duration::from_secs(5),
                }
            }
        }
    }
}
