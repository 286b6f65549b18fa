//! `sandbox`: the server with a made-up company around it, all on loopback, all in this process.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use poem::listener::TcpAcceptor;
use simulators::page::{Link, PageState, page};
use simulators::sandbox::{Sandbox, SandboxOptions, WORKSPACE};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::serve::Server;
use crate::config::Config;
use crate::lifecycle::{self, Signals};
use crate::telemetry;

/// Where the configuration that is written out keeps the server's database: beside the file.
const DATABASE: &str = "sqlite://kontur-telephony.db";

/// `sandbox`, its ports, and whether the server is a part of it.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Port of the page; 0 takes any free one.
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// Port of the server; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    server_port: u16,
    /// Port of the simulated Kontur; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    kontur_port: u16,
    /// Start the simulated systems alone, for a server that you run with `serve` on --server-port. A configuration for
    /// it goes to standard output.
    #[arg(long)]
    without_server: bool,
}

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    runtime.block_on(async {
        let page = bind(options.port, "--port").await?;
        if options.without_server { systems(options, page).await } else { everything(options, page).await }
    })
}

type Bound = (TcpAcceptor, SocketAddr);

async fn everything(options: &Options, (page_acceptor, page_address): Bound) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("there is no place for the database")?;
    // Bound before it listens in earnest: Kontur and the PBX are told the port first.
    let (acceptor, listen) = bind(options.server_port, "--server-port").await?;
    let sandbox = start(options, listen).await?;

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
    let showing = show(sandbox, page_acceptor, listen);
    let ended = lifecycle::run(stop, async { serving.await.context("the server panicked")? }).await;
    showing.abort();
    ended
}

/// The simulated systems and the page, without a server of their own.
async fn systems(options: &Options, (page_acceptor, page_address): Bound) -> anyhow::Result<()> {
    if options.server_port == 0 {
        bail!("--server-port: the systems have to know where the server will listen; give its port");
    }
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, options.server_port));
    let sandbox = start(options, listen).await?;
    introduce(&sandbox, page_address, listen);
    let showing = show(sandbox, page_acceptor, listen);
    Signals::listen().asked_to_end().await;
    showing.abort();
    Ok(())
}

async fn start(options: &Options, server: SocketAddr) -> anyhow::Result<Arc<Sandbox>> {
    let around = SandboxOptions { server_url: format!("http://{server}") };
    let kontur_port = (options.kontur_port != 0).then_some(options.kontur_port);
    let sandbox = Sandbox::start_on(around, kontur_port).await;
    Ok(Arc::new(sandbox.context("the simulated systems cannot start; is --kontur-port taken?")?))
}

fn show(sandbox: Arc<Sandbox>, acceptor: TcpAcceptor, server: SocketAddr) -> JoinHandle<io::Result<()>> {
    let app = page(PageState { sandbox, links: links(server) });
    tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(app))
}

#[expect(clippy::print_stdout, reason = "this is what the newcomer reads first")]
fn welcome(page: SocketAddr, server: SocketAddr) {
    println!("The sandbox is ready. Open this page and ring in:");
    println!();
    println!("    http://{page}");
    println!();
    println!("The server itself is at http://{server} (API: http://{server}/docs). Ctrl-C ends everything.");
}

/// The configuration goes to standard output alone, so that it can be sent to a file.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what the newcomer reads first")]
fn introduce(sandbox: &Sandbox, page: SocketAddr, server: SocketAddr) {
    print!("{}", sandbox.configuration_toml(&server.to_string(), DATABASE));
    eprintln!("The simulated systems are ready and expect a server at http://{server}; start it with serve.");
    eprintln!("Kontur is at {}, the page at http://{page}. Ctrl-C ends everything.", sandbox.kontur.url());
}

fn links(server: SocketAddr) -> Vec<Link> {
    let link = |name: &str, path: &str| Link { name: name.to_owned(), url: format!("http://{server}{path}") };
    vec![
        link("docs", "/docs"),
        link("admin", &format!("/admin/v1/integrations/{WORKSPACE}")),
        link("metrics", "/metrics"),
    ]
}

async fn bind(port: u16, option: &str) -> anyhow::Result<Bound> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.with_context(|| format!("port {port} is taken; give another with {option}"))?;
    let address = listener.local_addr()?;
    Ok((TcpAcceptor::from_tokio(listener)?, address))
}
