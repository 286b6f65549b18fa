//! `bench requests`: a loop around the HTTP client that makes the requests of an import and does nothing else: pages of
//! the history one after the other, and for each call one that registers it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::cli::bench::apart;
use crate::cli::bench::figure::per_second;
use crate::cli::bench::sink::{HISTORY_PAGE, HISTORY_PATH};

/// As many as a destination of a workspace has under way.
const IN_FLIGHT: usize = 64;

const PATH: &str = "/api/v1/raw/communications/callbacks/telephony/register-call";

const BODY: &str = r#"{"externalId":"raw-000000001","direction":"inbound","clientPhone":"79000000001","externalVatsPhone":"79229929292","externalCreatedAt":"2026-11-22T07:00:00.000+00:00","items":[{"id":"raw-000000001-1","from":{"type":"client"},"to":{"type":"user","userId":"44d00000-0000-4000-8000-000000000101"},"startedAt":"2026-11-22T07:00:05.000+00:00","finishedAt":"2026-11-22T07:01:05.000+00:00","recordings":[]}]}"#;

/// `bench requests`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli::bench) struct Options {
    /// Where to send.
    #[arg(long)]
    address: SocketAddr,
    /// Calls of the history.
    #[arg(long)]
    calls: usize,
}

/// Calls per second of a loop in a process of its own.
pub(super) fn measure(address: SocketAddr, calls: usize) -> anyhow::Result<f64> {
    apart::measure(&["requests".to_owned(), format!("--address={address}"), format!("--calls={calls}")])
}

/// Sends, and prints what was done as JSON.
pub(in crate::cli::bench) fn run(options: &Options) -> anyhow::Result<()> {
    apart::run(send_all(options))
}

async fn send_all(options: &Options) -> anyhow::Result<f64> {
    let http = adapters::http::client(Duration::from_secs(10))?;
    let (base, room) = (format!("http://{}", options.address), Arc::new(Semaphore::new(IN_FLIGHT)));
    let (mut sending, began) = (JoinSet::new(), Instant::now());
    for page in 0..options.calls.div_ceil(HISTORY_PAGE) {
        read(&http, &format!("{base}{HISTORY_PATH}?limit={HISTORY_PAGE}&cursor={page}")).await?;
        for _ in 0..HISTORY_PAGE.min(options.calls - page * HISTORY_PAGE) {
            let turn = Arc::clone(&room).acquire_owned().await?;
            let (http, url) = (http.clone(), format!("{base}{PATH}"));
            sending.spawn(async move {
                let _turn = turn;
                register(&http, &url).await
            });
        }
        while let Some(sent) = sending.try_join_next() {
            sent??;
        }
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(per_second(options.calls, began.elapsed().as_secs_f64()))
}

async fn read(http: &reqwest::Client, url: &str) -> reqwest::Result<()> {
    let response = http.get(url).bearer_auth("bench").send().await?;
    response.error_for_status()?.bytes().await.map(drop)
}

async fn register(http: &reqwest::Client, url: &str) -> reqwest::Result<()> {
    let request = http.post(url).header("x-xcom-accesskey", "bench");
    let response = request.header(CONTENT_TYPE, "application/json").body(BODY).send().await?;
    response.error_for_status()?.bytes().await.map(drop)
}
