//! Errors outside Kontur's roots: RFC 9457 `application/problem+json` with a stable `type`.

mod middleware;
mod response;

use std::time::Duration;

use domain::port::provider::WebhookFault;
use engine::error::EngineError;
use poem::http::StatusCode;
use poem_openapi::Object;

use super::body::Unreadable;
pub(super) use middleware::Problems;

/// When to come again if a remote system did not say.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// What went wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    pub(super) detail: String,
    pub(super) faults: Vec<Fault>,
    pub(super) retry_after: Option<Duration>,
}

/// One fault in a request.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct Fault {
    /// Which event of a batch, counted from 0; absent if the request as a whole is meant.
    pub(super) index: Option<u64>,
    /// Which parameter or field, as a path such as `leg.to.extension`; empty if the body as a whole is meant.
    pub(super) field: String,
    /// What is wrong and what is expected.
    pub(super) message: String,
}

/// What kind of problem it is. Programs may rely on it: each has its own `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Invalid,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    Timeout,
    Conflict,
    NotConfigured,
    NotSupported,
    TooLarge,
    UnsupportedMediaType,
    Internal,
    Remote,
    Unavailable,
}

impl Kind {
    /// Status, last part of the type, and title.
    const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Invalid => (StatusCode::BAD_REQUEST, "invalid", "The request is wrong"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "The caller is not known"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This path is not asked in this way")
            }
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout", "The request came too slowly"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "This does not fit the present state"),
            Self::NotConfigured => (StatusCode::CONFLICT, "not-configured", "The integration is not set up"),
            Self::NotSupported => (StatusCode::CONFLICT, "not-supported", "This telephony cannot do that"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too long"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is of another type")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something is broken here"),
            Self::Remote => (StatusCode::BAD_GATEWAY, "remote", "A remote system refused"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now"),
        }
    }
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), faults: Vec::new(), retry_after: None }
    }

    /// The request is wrong in these places.
    pub(super) fn invalid(detail: impl Into<String>, faults: Vec<Fault>) -> Self {
        Self { faults, ..Self::new(Kind::Invalid, detail) }
    }

    fn later(detail: String, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Kind::Unavailable, detail) }
    }
}

impl Fault {
    pub(super) fn of_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { index: None, field: field.into(), message: message.into() }
    }
}

impl From<WebhookFault> for Fault {
    fn from(fault: WebhookFault) -> Self {
        let index = fault.index.map(|index| index as u64);
        Self { index, field: fault.field, message: fault.message }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let detail = error.to_string();
        let temporary = error.is_temporary();
        match error {
            EngineError::NotFound(_) => Self::new(Kind::NotFound, detail),
            EngineError::Unauthorized(_) => Self::new(Kind::Unauthorized, detail),
            EngineError::Invalid(_) => Self::new(Kind::Invalid, detail),
            EngineError::InvalidEvents(faults) => {
                let detail = format!("{detail}; nothing of the request counts: correct it and send it again");
                Self::invalid(detail, faults.into_iter().map(Fault::from).collect())
            }
            EngineError::Conflict(_) => Self::new(Kind::Conflict, detail),
            EngineError::NotConfigured(_) => Self::new(Kind::NotConfigured, detail),
            EngineError::NotSupported(_) => Self::new(Kind::NotSupported, detail),
            EngineError::Remote(error) if temporary => {
                Self::later(detail, error.retry_after.unwrap_or(COME_AGAIN))
            }
            EngineError::Remote(_) => Self::new(Kind::Remote, detail),
            EngineError::Unavailable { retry_after, .. } => Self::later(detail, retry_after),
            EngineError::Internal => Self::new(Kind::Internal, detail),
        }
    }
}

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Self {
        let kind = match error {
            Unreadable::TooLong => Kind::TooLarge,
            Unreadable::TooSlow => Kind::Timeout,
            Unreadable::BrokenOff => Kind::Invalid,
        };
        Self::new(kind, error.to_string())
    }
}

/// A duration as `Retry-After` says it: whole seconds, not too few.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// What the library says of a value, without the names of its types around it.
pub(super) fn plain(reason: &str) -> String {
    let reason = reason
        .strip_prefix("failed to parse \"")
        .and_then(|rest| rest.split_once("\": "))
        .map_or(reason, |(_, rest)| rest);
    reason.split(" (occurred while parsing").next().unwrap_or(reason).to_owned()
}

#[cfg(test)]
mod tests;
