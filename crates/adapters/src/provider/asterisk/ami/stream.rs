//! The bytes below: TCP, or TLS over it.

use std::io;

use domain::instance::settings::AmiSettings;
use domain::port::{RemoteError, RemoteErrorKind};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::provider::asterisk::fault;
use crate::provider::asterisk::tls::unverifiable;

/// A stream of bytes both ways.
pub(super) trait AmiStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> AmiStream for T {}

/// Connects to `ami.address`. A certificate has to be for its name and from an authority that this machine trusts.
pub(super) async fn open(settings: &AmiSettings) -> Result<Box<dyn AmiStream>, RemoteError> {
    let plain = TcpStream::connect(&settings.address).await.map_err(|error| unreachable(&error))?;
    // Each action is one write: nothing is gained by waiting for more.
    plain.set_nodelay(true).map_err(|error| unreachable(&error))?;
    if !settings.tls {
        return Ok(Box::new(plain));
    }
    let host = settings.address.rsplit_once(':').map_or(&*settings.address, |(host, _)| host);
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|_| {
        fault("connect", RemoteErrorKind::Rejected, "ami.address is no name that a certificate can be for")
    })?;
    let secured = tls::connector().map_err(|_| unverifiable("connect"))?.connect(name, plain).await;
    secured.map(|stream| Box::new(stream) as Box<dyn AmiStream>).map_err(|error| {
        let message =
            format!("no secure connection: {error}; check ami.tls, and the certificate of Asterisk");
        fault("connect", RemoteErrorKind::Unreachable, message)
    })
}

fn unreachable(error: &io::Error) -> RemoteError {
    let message =
        format!("cannot connect: {}; check ami.address, and bindaddr in manager.conf", error.kind());
    fault("connect", RemoteErrorKind::Unreachable, message)
}
