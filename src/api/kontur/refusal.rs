//! How Kontur is told that something was not done: `{"status","message"}` (contract Kontur §1).

use std::time::Duration;

use engine::error::EngineError;
use poem::http::{StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use poem_openapi::types::ToJSON;

use crate::api::body::Unreadable;
use crate::api::problem::whole_seconds;

/// When to come again if a remote system did not say.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// The body of a refusal.
#[derive(Debug, Object)]
#[oai(rename = "Refusal")]
pub(super) struct Body {
    /// Why, in a word: `notSupported`, `invalidArgs`, `notConfigured`, `notFound`, `conflict`, `unauthorized`,
    /// `unavailable`, `methodNotAllowed`, `tooLarge`, `timeout` or `internalError`.
    status: String,
    /// Why, in words.
    message: String,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The word of `status` in the body.
    pub(super) word: &'static str,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: StatusCode, word: &'static str, message: impl Into<String>) -> Self {
        Self { status, word, message: message.into(), retry_after: None }
    }

    /// The body is not what the contract says.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "invalidArgs", message)
    }

    /// The caller was not let in: a workspace that is not here is an unknown address, not a refused command.
    pub(super) fn of_caller(error: EngineError) -> Self {
        let status = match error {
            EngineError::NotFound(_) => Some(StatusCode::NOT_FOUND),
            _ => None,
        };
        let refusal = Self::from(error);
        Self { status: status.unwrap_or(refusal.status), ..refusal }
    }

    /// Nothing is called at this path.
    pub(super) fn nothing_here() -> Self {
        let message = "there is nothing at this path; check the integration's baseUrl";
        Self::new(StatusCode::NOT_FOUND, "notFound", message)
    }

    pub(super) fn panicked() -> Self {
        Self::from(EngineError::Internal)
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        let temporary = error.is_temporary();
        match error {
            EngineError::Unauthorized(_) => Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message),
            EngineError::Invalid(_) | EngineError::InvalidEvents(_) => Self::invalid(message),
            EngineError::NotFound(_) => Self::new(StatusCode::CONFLICT, "notFound", message),
            EngineError::NotSupported(_) => Self::new(StatusCode::CONFLICT, "notSupported", message),
            EngineError::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", message),
            EngineError::Remote(error) if temporary => Self {
                retry_after: Some(error.retry_after.unwrap_or(COME_AGAIN)),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
            },
            // A remote system refused credentials or content: whoever configured the integration has to act.
            EngineError::NotConfigured(_) | EngineError::Remote(_) => {
                Self::new(StatusCode::CONFLICT, "notConfigured", message)
            }
            EngineError::Unavailable { retry_after, .. } => Self {
                retry_after: Some(retry_after),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
            },
            EngineError::Internal => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internalError", message),
        }
    }
}

impl From<Unreadable> for Refusal {
    fn from(error: Unreadable) -> Self {
        let (status, word) = match error {
            Unreadable::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "tooLarge"),
            Unreadable::TooSlow => (StatusCode::REQUEST_TIMEOUT, "timeout"),
            Unreadable::BrokenOff => (StatusCode::BAD_REQUEST, "invalidArgs"),
        };
        Self::new(status, word, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Body { status: self.word.to_owned(), message: self.message };
        let reply = Response::builder().status(self.status).content_type("application/json");
        let reply = match self.retry_after {
            Some(wait) => reply.header(header::RETRY_AFTER, whole_seconds(wait)),
            None => reply,
        };
        let reply = match self.status {
            StatusCode::METHOD_NOT_ALLOWED => reply.header(header::ALLOW, "POST"),
            _ => reply,
        };
        reply.body(body.to_json_string())
    }
}

/// What the library has to say itself, an unknown path or method, in the shape of a refusal.
pub(super) fn of_library(error: &poem::Error) -> Refusal {
    match error.status() {
        // A path that is no text is one where nothing is.
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Refusal::nothing_here(),
        status @ StatusCode::METHOD_NOT_ALLOWED => {
            Refusal::new(status, "methodNotAllowed", "send a POST; nothing else is answered here")
        }
        _ => {
            tracing::error!(%error, "a call of Kontur failed unexpectedly");
            Refusal::from(EngineError::Internal)
        }
    }
}
