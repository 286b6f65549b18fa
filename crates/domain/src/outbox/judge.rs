//! What a remote system's refusal means for a delivery: one table for all destinations.

use super::{Cause, Outcome};
use crate::port::recordings::FetchError;
use crate::port::{RemoteError, RemoteErrorKind};
use crate::recording::Fault;

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

impl From<&FetchError> for Outcome {
    /// A recording that nobody can bring is given up at once, any other when the time for retries is over. Fetching
    /// leaves nothing behind at the destination.
    fn from(error: &FetchError) -> Self {
        let reason = error.to_string();
        match error.fault {
            Fault::TooLarge => Self::Skipped { reason },
            Fault::Forbidden => Self::Dead { cause: Cause::Configuration, reason },
            Fault::NotThere
            | Fault::NotAudio
            | Fault::Empty
            | Fault::Refused
            | Fault::Trouble
            | Fault::NotTaken => Self::Retry { reason, retry_after: error.retry_after, ambiguous: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: RemoteErrorKind, expected: &str) {
        let outcome = Outcome::from(&RemoteError::new("kontur", "register-call", kind, "says no"));
        assert_eq!(word(&outcome), expected, "{kind:?}");
    }

    fn word(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Delivered => "delivered".to_owned(),
            Outcome::Skipped { .. } => "skip".to_owned(),
            Outcome::Retry { ambiguous: true, .. } => "look up, then retry".to_owned(),
            Outcome::Retry { ambiguous: false, .. } => "retry".to_owned(),
            Outcome::Dead { cause, .. } => cause.word().to_owned(),
        }
    }

    #[test]
    fn each_fault_of_a_recording() {
        for fault in Fault::ALL {
            let expected = match fault {
                Fault::TooLarge => "skip",
                Fault::Forbidden => "configuration",
                _ => "retry",
            };
            let outcome = Outcome::from(&FetchError::new(fault, "no"));
            assert_eq!(fault.is_final(), expected != "retry");
            assert_eq!(word(&outcome), expected, "{fault:?}");
        }
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
