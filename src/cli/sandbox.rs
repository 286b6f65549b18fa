//! `sandbox`: the server with a made-up company around it, all on loopback, all in this process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use clap::Args;
use poem::listener::TcpAcceptor;
use simulators::page::{Link, PageState, page};
use simulators::sandbox::{Sandbox, SandboxOptions, WORKSPACE};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::serve::Server;
use crate::config::Config;
use crate::{lifecycle, telemetry};

/// `sandbox` and its ports.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Port of the page; 0 takes any free one.
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// Port of the server; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    server_port: u16,
}

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    runtime.block_on(serve(options))
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("there is no place for the database")?;
    let (page_acceptor, page_address) = bind(options.port, "--port").await?;
    // Bound before it listens in earnest: Kontur and the PBX are told the port first.
    let (acceptor, listen) = bind(options.server_port, "--server-port").await?;
    let sandbox = Sandbox::start(SandboxOptions { server_url: format!("http://{listen}") });
    let sandbox = Arc::new(sandbox.await.context("the simulated systems cannot start")?);

    let database = format!("sqlite://{}", folder.path().join("sandbox.db").display());
    let written = folder.path().join("kontur-telephony.toml");
    std::fs::write(&written, sandbox.configuration_toml(&listen.to_string(), &database))?;
    let config = Config::load(Some(&written), &BTreeMap::new())?;
    telemetry::start_log(&config.log.level, config.log.format);

    let stop = CancellationToken::new();
    let server = Server::on(acceptor, &config).await?;
    let serving = tokio::spawn(server.run(stop.clone()));
    let set_up = sandbox.setup().await;
    if set_up.status != 200 {
        return Err(anyhow!("setup was refused with {}: {}", set_up.status, set_up.body));
    }
    welcome(page_address, listen);
    let links = links(listen);
    let app = page(PageState { sandbox, links });
    let page_stop = stop.clone();
    let showing = tokio::spawn(async move {
        poem::Server::new_with_acceptor(page_acceptor)
            .run_with_graceful_shutdown(app, page_stop.cancelled(), None)
            .await
    });
    lifecycle::asked_to_end().await;
    stop.cancel();
    serving.await.context("the server panicked")??;
    showing.abort();
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the newcomer reads first")]
fn welcome(page: SocketAddr, server: SocketAddr) {
    println!("The sandbox is ready. Open this page and ring in:");
    println!();
    println!("    http://{page}");
    println!();
    println!("The server itself is at http://{server} (API: http://{server}/docs). Ctrl-C ends everything.");
}

fn links(server: SocketAddr) -> Vec<Link> {
    let link = |name: &str, path: &str| Link { name: name.to_owned(), url: format!("http://{server}{path}") };
    vec![
        link("docs", "/docs"),
        link("admin", &format!("/admin/v1/integrations/{WORKSPACE}")),
        link("metrics", "/metrics"),
    ]
}

async fn bind(port: u16, option: &str) -> anyhow::Result<(TcpAcceptor, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.with_context(|| format!("port {port} is taken; give another with {option}"))?;
    let address = listener.local_addr()?;
    Ok((TcpAcceptor::from_tokio(listener)?, address))
}
