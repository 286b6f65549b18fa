//! Runs one simulated system on a loopback port, with its journal and its faults in front of it.

mod connection;
mod control;
mod door;
mod guard;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::http::Method;
use poem::{Endpoint, Response, Server};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::connection::Connections;
use self::control::with_control;
use self::door::Door;
pub use self::guard::Exchange;
use self::guard::Guard;
pub(crate) use self::guard::JournalNote;
use crate::faults::Faults;
use crate::journal::{Journal, System};

/// How long open connections may finish their answer when a simulator stops.
const GRACE: Duration = Duration::from_millis(100);

/// How a system names its operations and words its failures.
#[derive(Debug, Clone)]
pub struct Rules {
    pub system: System,
    /// The operation of a method and path; none for paths that are no part of the system (`/_sim/…`): those are
    /// neither journaled nor hit by faults.
    pub operation: fn(&Method, &str) -> Option<String>,
    /// The body of [`FaultKind::ErrorInside`](crate::faults::FaultKind::ErrorInside).
    pub error_inside: Value,
}

/// A running simulated system; dropping it stops it.
pub struct SimServer {
    door: Door,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl SimServer {
    /// Serves `app` on 127.0.0.1, on `port` or on a free one.
    ///
    /// Handlers take `Data<&Exchange>` to report violations of the contract. `/_sim/journal`, `/_sim/violations` and
    /// `/_sim/faults` are there without the app's doing.
    pub async fn start(
        app: impl Endpoint<Output = Response> + 'static,
        rules: Rules,
        journal: Journal,
        faults: Faults,
        port: Option<u16>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0))).await?;
        let connections = Connections::default();
        let door = Door::new(listener, connections.clone())?;
        let app = Arc::new(with_control(app, journal.clone(), faults.clone()));
        let guard = Guard { app, rules, journal, faults, connections };
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::new_with_acceptor(door.clone());
        let signal = async move {
            // Told to stop, or dropped: the same.
            let _stop = stopped.await;
        };
        let task = tokio::spawn(server.run_with_graceful_shutdown(guard, signal, Some(GRACE)));
        Ok(Self { url: format!("http://{}", door.address()), door, stop: Some(stop), task: Some(task) })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Goes down, so that connections are refused and open ones are reset, or comes back on the same port. What was
    /// being processed is processed to its end.
    pub fn set_reachable(&self, reachable: bool) -> io::Result<()> {
        if reachable { self.door.open() } else { self.door.close() }
    }

    /// Stops listening and waits until the port is free.
    pub async fn stop(mut self) {
        self.stop.take();
        if let Some(task) = self.task.take() {
            // Whatever went wrong while stopping, it has stopped.
            let _stopped = task.await;
        }
    }
}

impl fmt::Debug for SimServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimServer").field("url", &self.url).finish_non_exhaustive()
    }
}
