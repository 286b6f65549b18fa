//! TLS to PostgreSQL: what `sslmode` of its URL asks for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// Secures connections to servers whose certificates this machine trusts, or none.
#[derive(Clone)]
pub struct Rustls(Option<TlsConnector>);

impl Rustls {
    /// As `mode` asks for: `require` secures, and takes no certificate that this machine does not trust.
    pub fn of(mode: SslMode) -> io::Result<Self> {
        Ok(Self((mode == SslMode::Require).then(crate::connector).transpose()?))
    }
}

impl MakeTlsConnect<Socket> for Rustls {
    type Stream = Secured;
    type TlsConnect = To;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<To, io::Error> {
        Ok(To { connector: self.0.clone(), server: domain.to_owned() })
    }
}

/// Secures a connection to one server.
pub struct To {
    connector: Option<TlsConnector>,
    server: String,
}

impl TlsConnect<Socket> for To {
    type Stream = Secured;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Secured, io::Error>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let unwanted = || io::Error::new(io::ErrorKind::Unsupported, "TLS was not asked for");
            let connector = self.connector.ok_or_else(unwanted)?;
            let server = ServerName::try_from(self.server)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            connector.connect(server, stream).await.map(Secured)
        })
    }
}

/// A secured connection.
pub struct Secured(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Secured {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
