//! What a remote system's refusal means for a delivery: one table for all destinations.

use super::{Cause, Outcome};
use crate::port::{RemoteError, RemoteErrorKind};

impl From<&RemoteError> for Outcome {
    /// Retry what may pass, bury what will not. Refused credentials are retried: they are mended by an
    /// administrator, and no call may be lost meanwhile.
    fn from(error: &RemoteError) -> Self {
        let reason = error.to_string();
        let retry =
            |ambiguous| Self::Retry { reason: reason.clone(), retry_after: error.retry_after, ambiguous };
        match error.kind {
            RemoteErrorKind::Rejected => Self::Dead { cause: Cause::Validation, reason },
            RemoteErrorKind::NotFound => Self::Dead { cause: Cause::NotFound, reason },
            RemoteErrorKind::Unauthorized | RemoteErrorKind::RateLimited | RemoteErrorKind::Unreachable => {
                retry(false)
            }
            RemoteErrorKind::Unavailable | RemoteErrorKind::Malformed | RemoteErrorKind::Interrupted => {
                retry(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: RemoteErrorKind, expected: &str) {
        let outcome = Outcome::from(&RemoteError::new("kontur", "register-call", kind, "says no"));
        let word = match outcome {
            Outcome::Delivered => "delivered".to_owned(),
            Outcome::Retry { ambiguous: true, .. } => "look up, then retry".to_owned(),
            Outcome::Retry { ambiguous: false, .. } => "retry".to_owned(),
            Outcome::Dead { cause, .. } => cause.word().to_owned(),
        };
        assert_eq!(word, expected, "{kind:?}");
    }

    #[test]
    fn each_kind_of_refusal() {
        check(RemoteErrorKind::Rejected, "validation");
        check(RemoteErrorKind::NotFound, "not_found");
        check(RemoteErrorKind::Unauthorized, "retry");
        check(RemoteErrorKind::RateLimited, "retry");
        check(RemoteErrorKind::Unreachable, "retry");
        check(RemoteErrorKind::Unavailable, "look up, then retry");
        check(RemoteErrorKind::Malformed, "look up, then retry");
        check(RemoteErrorKind::Interrupted, "look up, then retry");
    }
}
