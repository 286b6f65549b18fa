//! A cable between our server and Asterisk's manager interface that can be pulled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// A cable; dropping it pulls it for good.
pub(super) struct Relay {
    port: u16,
    is_pulled: Arc<AtomicBool>,
    connections: Arc<std::sync::Mutex<CancellationToken>>,
    accepts: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// A cable that leads to a port of this machine.
    pub(super) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let (is_pulled, connections) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let accepts = tokio::spawn(accept(listener, port, Arc::clone(&is_pulled), Arc::clone(&connections)));
        Self { port: own, is_pulled, connections, accepts }
    }

    /// Where it begins.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection, and lets none through.
    pub(super) fn pull(&self) {
        self.is_pulled.store(true, Ordering::SeqCst);
        std::mem::take(&mut *self.connections.lock().expect("no panic")).cancel();
    }

    /// Lets connections through again.
    pub(super) fn plug_in(&self) {
        self.is_pulled.store(false, Ordering::SeqCst);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.pull();
        self.accepts.abort();
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    is_pulled: Arc<AtomicBool>,
    connections: Arc<std::sync::Mutex<CancellationToken>>,
) {
    while let Ok((mut here, _)) = listener.accept().await {
        if is_pulled.load(Ordering::SeqCst) {
            continue;
        }
        let cut = connections.lock().expect("no panic").clone();
        tokio::spawn(cut.run_until_cancelled_owned(async move {
            let Ok(mut there) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            // How it ends is for both sides to say.
            drop(copy_bidirectional(&mut here, &mut there).await);
        }));
    }
}
