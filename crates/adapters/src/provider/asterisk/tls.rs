//! TLS to whatever stands beside an Asterisk, by what the rest of this program uses.

use std::sync::Arc;

use domain::port::{RemoteError, RemoteErrorKind};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_rustls::TlsConnector;

use super::fault;

/// Secures connections to servers whose certificates this machine trusts; `operation` is what they are for.
pub(super) fn connector(operation: &'static str) -> Result<TlsConnector, RemoteError> {
    let config = ClientConfig::with_platform_verifier().map_err(|_| {
        let message = "this machine's list of trusted authorities cannot be read";
        fault(operation, RemoteErrorKind::Unreachable, message)
    })?;
    Ok(TlsConnector::from(Arc::new(config)))
}
