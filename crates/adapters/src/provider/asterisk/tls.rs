//! TLS to whatever stands beside an Asterisk.

use domain::port::{RemoteError, RemoteErrorKind};

use super::fault;

/// Nobody can say whether the certificate of a server is to be trusted; `operation` is what it is for.
pub(super) fn unverifiable(operation: &'static str) -> RemoteError {
    let message = "this machine's list of trusted authorities cannot be read";
    fault(operation, RemoteErrorKind::Unreachable, message)
}
