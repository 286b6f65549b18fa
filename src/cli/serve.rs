//! `serve`: run the server until it is asked to end.

#[cfg(feature = "sandbox")]
mod die_at;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
#[cfg(feature = "sandbox")]
use domain::port::crash::CrashPoints;
use engine::Engine;
use metrics_exporter_prometheus::PrometheusHandle;
use poem::listener::{Acceptor, Listener, TcpAcceptor, TcpListener};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::wiring::Probes;
use crate::{api, lifecycle, telemetry, wiring};

/// For so long a server that is asked to end goes on answering, and has clients leave it by themselves: those that keep
/// connections open would else find them closed while an event is on its way.
const FAREWELL: Duration = Duration::from_millis(500);

/// `serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Kill this process, as `kill -9` does, when it passes the crash point for the N-th time.
    #[cfg(feature = "sandbox")]
    #[arg(long, value_name = "POINT[:N]", hide = true)]
    die_at: Option<die_at::DieAt>,
    /// Put no more changes than this into one transaction.
    #[cfg(feature = "sandbox")]
    #[arg(long, value_name = "N", hide = true, value_parser = clap::value_parser!(u16).range(1..))]
    largest_batch: Option<u16>,
}

impl Serve {
    /// Runs until SIGTERM or SIGINT, then drains; the second of them ends it at once.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        telemetry::start_log(&config.log.level, config.log.format);
        let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
        runtime.block_on(async {
            let server = Server::bind(config, self.probes()).await?;
            let stop = CancellationToken::new();
            lifecycle::run(stop.clone(), server.run(stop)).await
        })
    }

    #[cfg(feature = "sandbox")]
    fn probes(&self) -> Probes {
        let crash_points = self.die_at.map_or_else(CrashPoints::default, die_at::DieAt::crash_points);
        Probes { crash_points, largest_batch: self.largest_batch.map(usize::from) }
    }

    #[cfg(not(feature = "sandbox"))]
    fn probes(&self) -> Probes {
        Probes::default()
    }
}

/// A server that listens but does not answer yet.
pub(crate) struct Server {
    acceptor: TcpAcceptor,
    metrics_acceptor: Option<TcpAcceptor>,
    address: SocketAddr,
    engine: Arc<Engine>,
    state: api::ApiState,
    metrics: PrometheusHandle,
    /// Draining may take so long.
    drain: Duration,
}

impl Server {
    /// Binds the ports, opens the database and starts the engine.
    async fn bind(config: &Config, probes: Probes) -> anyhow::Result<Self> {
        let acceptor = bind(config.listen, "listen").await?;
        Self::start(acceptor, config, probes).await
    }

    /// The same on a port that is bound already.
    #[cfg(feature = "sandbox")]
    pub(crate) async fn on(acceptor: TcpAcceptor, config: &Config) -> anyhow::Result<Self> {
        Self::start(acceptor, config, Probes::default()).await
    }

    async fn start(acceptor: TcpAcceptor, config: &Config, probes: Probes) -> anyhow::Result<Self> {
        let metrics = telemetry::start_metrics()?;
        let engine = wiring::start_engine(config, probes).await?;
        let metrics_acceptor = match config.metrics_listen {
            Some(address) => Some(bind(address, "metrics_listen").await?),
            None => None,
        };
        let listens = acceptor.local_addr();
        let address = listens.first().and_then(|at| at.as_socket_addr()).copied().unwrap_or(config.listen);
        let state = wiring::api_state(config, Arc::clone(&engine), metrics.clone(), address);
        let drain = config.shut_down_within;
        Ok(Self { acceptor, metrics_acceptor, address, engine, state, metrics, drain })
    }

    /// Answers until `stop` and a moment longer, then drains: requests and deliveries under way come to their end, within
    /// the limit.
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        tracing::info!(address = %self.address, version = env!("CARGO_PKG_VERSION"), "ready");
        let upkeep = tokio::spawn(telemetry::keep_metrics(self.metrics.clone()));
        if let Some(acceptor) = self.metrics_acceptor {
            let routes = api::metrics_routes(&self.state);
            tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(routes));
        }
        let http = poem::Server::new_with_acceptor(self.acceptor);
        let farewell = FAREWELL.min(self.drain / 4);
        let left = async || {
            stop.cancelled().await;
            tokio::time::sleep(farewell).await;
        };
        let served = async {
            let routes = api::routes(self.state, stop.clone());
            let served = http.run_with_graceful_shutdown(routes, left(), None).await;
            stop.cancel();
            self.engine.shut_down().await;
            served.context("the server ended")
        };
        let patience = async {
            left().await;
            self.engine.stop_delivering();
            tokio::time::sleep(self.drain.saturating_sub(farewell)).await;
        };
        let served = tokio::select! {
            served = served => served,
            () = patience => {
                tracing::warn!("something was still under way; it is looked up at the next start");
                Ok(())
            }
        };
        upkeep.abort();
        served
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpAcceptor> {
    let bound = TcpListener::bind(address).into_acceptor().await;
    bound.with_context(|| format!("{key}: cannot listen on {address}; is another server running there?"))
}
