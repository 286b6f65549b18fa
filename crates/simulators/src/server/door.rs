//! The listening socket, which can be closed and opened again: a system that is down refuses connections.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::connection::{Connections, SwitchedStream};
use crate::sync::lock;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Where connections come in; a clone is the same door.
#[derive(Clone)]
pub(super) struct Door {
    address: SocketAddr,
    connections: Connections,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    listener: Option<TcpListener>,
    /// While closed: bound to the port, so that nobody else gets it meanwhile, and not listening.
    reserved: Option<TcpSocket>,
    /// Whoever waits for connections.
    acceptor: Option<Waker>,
}

impl Door {
    /// An open door.
    pub(super) fn new(listener: TcpListener, connections: Connections) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let state = State { listener: Some(listener), ..State::default() };
        Ok(Self { address, connections, state: Arc::new(Mutex::new(state)) })
    }

    /// The address, open or closed.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on connections are refused; those that are open are reset.
    pub(super) fn close(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        if state.listener.take().is_none() {
            return Ok(());
        }
        let socket = TcpSocket::new_v4()?;
        // Connections that ended a moment ago still hold the port.
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        state.reserved = Some(socket);
        self.connections.cut_all();
        Ok(())
    }

    /// From now on connections are accepted.
    pub(super) fn open(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        let Some(socket) = state.reserved.take() else { return Ok(()) };
        state.listener = Some(socket.listen(BACKLOG)?);
        state.acceptor.take().into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let mut state = lock(&self.state);
        state.acceptor = Some(cx.waker().clone());
        state.listener.as_ref().map_or(Poll::Pending, |listener| listener.poll_accept(cx))
    }
}

/// Keeps a switch for each connection.
impl Acceptor for Door {
    type Io = SwitchedStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        let (stream, peer) = std::future::poll_fn(|cx| self.poll_accept(cx)).await?;
        stream.set_nodelay(true)?;
        let io = self.connections.open(peer, stream);
        Ok((io, LocalAddr(self.address.into()), RemoteAddr(peer.into()), Scheme::HTTP))
    }
}
