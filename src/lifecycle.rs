//! Signals: the first asks the server to end, and it drains; the second does not wait for that.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals that ask the process to end: SIGTERM and SIGINT. If they cannot be listened to, none is heard: their
/// default action then ends the process, which loses nothing.
pub(crate) struct Signals(Option<(Signal, Signal)>);

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        let both = signal(SignalKind::terminate())
            .and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)));
        if let Err(error) = &both {
            tracing::error!(%error, "signals cannot be listened to; the server will not drain when it is stopped");
        }
        Self(both.ok())
    }

    /// Returns at the next signal.
    pub(crate) async fn asked_to_end(&mut self) {
        let Some((terminate, interrupt)) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Runs a server until it ends by itself. At the first signal it is told to `stop`, at the second it is dropped.
pub(crate) async fn run(
    stop: CancellationToken,
    server: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen();
    tokio::pin!(server);
    tokio::select! {
        ended = &mut server => return ended,
        () = signals.asked_to_end() => {}
    }
    tracing::info!("asked to end; draining");
    stop.cancel();
    tokio::select! {
        ended = &mut server => ended,
        () = signals.asked_to_end() => {
            tracing::warn!("asked again; what is under way is looked up at the next start");
            Ok(())
        }
    }
}
