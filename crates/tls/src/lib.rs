//! TLS of connections that are not HTTP: to servers whose certificates this machine trusts.

pub mod postgres;

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_rustls::TlsConnector;

/// Secures connections. Fails if this machine's list of trusted authorities cannot be read.
pub fn connector() -> io::Result<TlsConnector> {
    let config = ClientConfig::with_platform_verifier().map_err(io::Error::other)?;
    Ok(TlsConnector::from(Arc::new(config)))
}
