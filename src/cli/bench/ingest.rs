//! `bench ingest`: the real path (signature, parse, dedupe, fold, plan, commit to disk) ÷ a bare JSON handler.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use clap::Args;
use poem::listener::TcpAcceptor;
use poem::web::Json;
use poem::{Route, handler, post};
use serde::{Deserialize, Serialize};
use simulators::sandbox::{ADMIN_TOKEN, Sandbox, SandboxOptions, WORKSPACE};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::load::Done;
use super::{Figure, Round};
use crate::cli::serve::Server;
use crate::config::Config;

/// `bench ingest`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
    /// Connections, each with one event under way.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Rounds; each measures both sides.
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Seconds per side and round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let figure = runtime.block_on(measure(options))?;
    figure.print(options.json)
}

async fn measure(options: &Options) -> anyhow::Result<Figure> {
    let stop = CancellationToken::new();
    let ours = Ours::start(&stop).await?;
    let reference = start_reference(&stop).await?;
    let mut rounds = Vec::new();
    for round in 0..=options.rounds {
        let path = format!("/telephony/{WORKSPACE}/generic");
        let accepted = load(options, ours.address, &path, &ours.secret, round).await?;
        let plain = load(options, reference, "/", &ours.secret, round).await?;
        if round > 0 {
            rounds.push(Round { ours: accepted, reference: plain }); // the first round warms both up
        }
    }
    stop.cancel();
    ours.serving.await.context("the server panicked")??;
    let goal = if options.connections >= 256 { 0.40 } else { 0.35 };
    Ok(Figure::new("ingest", goal, rounds))
}

/// The server under measurement: set up, then paused, so that deliveries are planned and stored but not sent.
struct Ours {
    address: SocketAddr,
    secret: String,
    serving: tokio::task::JoinHandle<anyhow::Result<()>>,
    _sandbox: Sandbox,
    _folder: tempfile::TempDir,
}

impl Ours {
    async fn start(stop: &CancellationToken) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let sandbox = Sandbox::start(SandboxOptions { server_url: format!("http://{address}") }).await?;
        let database = format!("sqlite://{}", folder.path().join("bench.db").display());
        let written = folder.path().join("kontur-telephony.toml");
        std::fs::write(&written, sandbox.configuration_toml(&address.to_string(), &database))?;
        let config = Config::load(Some(&written), &BTreeMap::new())?;
        let server = Server::on(TcpAcceptor::from_tokio(listener)?, &config).await?;
        let serving = tokio::spawn(server.run(stop.clone()));
        let set_up = sandbox.setup().await;
        ensure!(set_up.status == 200, "setup was refused: {}", set_up.body);
        pause(address).await?;
        let secret = sandbox.pbx.options().send.secret.clone();
        Ok(Self { address, secret, serving, _sandbox: sandbox, _folder: folder })
    }
}

async fn pause(server: SocketAddr) -> anyhow::Result<()> {
    let url = format!("http://{server}/admin/v1/integrations/{WORKSPACE}/pause");
    let http = adapters::http::client(std::time::Duration::from_secs(10))?;
    let status = http.post(url).bearer_auth(ADMIN_TOKEN).send().await?.status();
    ensure!(status.is_success(), "the integration cannot be paused: {status}");
    Ok(())
}

/// An event as the bare handler takes it: parsed, but nothing done with it.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "call_id")]
    _call: String,
    #[serde(rename = "leg")]
    _leg: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct Reply {
    accepted: u32,
    duplicates: u32,
}

#[handler]
fn bare(_event: Json<Event>) -> Json<Reply> {
    Json(Reply { accepted: 1, duplicates: 0 })
}

async fn start_reference(stop: &CancellationToken) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let server = poem::Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
    let app = Route::new().at("/", post(bare));
    tokio::spawn(server.run_with_graceful_shutdown(app, stop.clone().cancelled_owned(), None));
    Ok(address)
}

/// Requests per second of a load that runs in a process of its own.
async fn load(options: &Options, to: SocketAddr, path: &str, secret: &str, run: u64) -> anyhow::Result<f64> {
    let program = std::env::current_exe().context("this program cannot be found to make the load")?;
    let arguments = [
        ("--address", to.to_string()),
        ("--path", path.to_owned()),
        ("--connections", options.connections.to_string()),
        ("--seconds", options.seconds.to_string()),
        ("--secret", secret.to_owned()),
        ("--run", run.to_string()),
    ];
    let mut command = Command::new(program);
    command.args(["bench", "load"]).stderr(Stdio::inherit());
    for (name, value) in arguments {
        command.arg(name).arg(value);
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(output.status.success(), "the load failed; see above");
    let done: Done = serde_json::from_slice(&output.stdout)?;
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are far below 2^52")]
    Ok(done.accepted as f64 / done.seconds)
}
