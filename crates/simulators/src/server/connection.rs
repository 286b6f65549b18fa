//! Connections that can be cut: an HTTP library always answers, so the cut happens beneath it, at the socket.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use poem::web::RemoteAddr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::sync::lock;

type Switches = Arc<Mutex<HashMap<SocketAddr, Arc<Switch>>>>;

/// Of one connection.
#[derive(Default)]
struct Switch {
    cut: AtomicBool,
    /// Whoever waits for the peer to say something.
    reader: AtomicWaker,
}

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
            switch.cut();
        }
    }

    /// Resets every connection, also those on which nobody says anything.
    pub(super) fn cut_all(&self) {
        lock(&self.switches).values().for_each(|switch| switch.cut());
    }

    /// A switch for this connection.
    pub(super) fn open(&self, peer: SocketAddr, stream: TcpStream) -> SwitchedStream {
        let switch = Arc::<Switch>::default();
        lock(&self.switches).insert(peer, Arc::clone(&switch));
        SwitchedStream { stream, switch, peer, connections: self.clone() }
    }
}

impl Switch {
    fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
    }
}

/// A connection with a switch.
pub(super) struct SwitchedStream {
    stream: TcpStream,
    switch: Arc<Switch>,
    peer: SocketAddr,
    connections: Connections,
}

impl SwitchedStream {
    /// The error of a cut connection. The peer shall see a reset, not an orderly end.
    fn check(&self) -> io::Result<()> {
        if !self.switch.cut.load(Ordering::Acquire) {
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
        self.switch.reader.register(cx.waker());
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
