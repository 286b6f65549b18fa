//! Connections that can be cut: an HTTP library always answers, so the cut happens beneath it, at the socket.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::sync::lock;

type Switches = Arc<Mutex<HashMap<SocketAddr, Arc<AtomicBool>>>>;

/// The open connections of a server, by the peer's address.
#[derive(Clone, Default)]
pub(super) struct Connections {
    switches: Switches,
}

impl Connections {
    /// From now on nothing is written to this peer: its connection is reset instead.
    pub(super) fn cut(&self, peer: &RemoteAddr) {
        let Some(address) = peer.as_socket_addr() else { return };
        if let Some(switch) = lock(&self.switches).get(address) {
            switch.store(true, Ordering::Release);
        }
    }

    fn open(&self, peer: SocketAddr, stream: TcpStream) -> SwitchedStream {
        let switch = Arc::new(AtomicBool::new(false));
        lock(&self.switches).insert(peer, Arc::clone(&switch));
        SwitchedStream { stream, cut: switch, peer, connections: self.clone() }
    }
}

/// Accepts TCP connections and keeps a switch for each.
pub(super) struct SwitchedAcceptor {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    pub(super) connections: Connections,
}

impl Acceptor for SwitchedAcceptor {
    type Io = SwitchedStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        let (stream, peer) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        let io = self.connections.open(peer, stream);
        Ok((io, LocalAddr(self.address.into()), RemoteAddr(peer.into()), Scheme::HTTP))
    }
}

/// A connection with a switch.
pub(super) struct SwitchedStream {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
    peer: SocketAddr,
    connections: Connections,
}

impl SwitchedStream {
    /// The error of a cut connection. The peer shall see a reset, not an orderly end.
    fn check(&self) -> io::Result<()> {
        if !self.cut.load(Ordering::Acquire) {
            return Ok(());
        }
        self.stream.set_zero_linger()?;
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for SwitchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for SwitchedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for SwitchedStream {
    fn drop(&mut self) {
        lock(&self.connections.switches).remove(&self.peer);
    }
}
