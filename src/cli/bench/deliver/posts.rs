//! `bench posts`: a loop around the HTTP client that sends what a callback looks like and does nothing else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Args;
use reqwest::header::CONTENT_TYPE;

use crate::cli::bench::apart;

/// As many as a destination of a workspace has under way.
const IN_FLIGHT: usize = 64;

const PATH: &str = "/api/v1/raw/communications/callbacks/telephony/call-event";

const BODY: &str = r#"{"communicationId":"0d1f3a6e-0000-4000-8000-000000000001","externalId":"raw-1-1","externalCallItemId":"raw-1-1-1","realtimeCallItemId":"raw-1-1-1","timestamp":"2026-11-22T07:00:03.120+00:00","type":"connected","from":{"type":"client"},"to":{"type":"user","userId":"44d00000-0000-4000-8000-000000000101"}}"#;

/// `bench posts`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli::bench) struct Options {
    /// Where to send.
    #[arg(long)]
    address: SocketAddr,
    /// For how long.
    #[arg(long)]
    seconds: f64,
}

/// Requests per second of a loop in a process of its own.
pub(super) fn measure(address: SocketAddr, seconds: f64) -> anyhow::Result<f64> {
    apart::measure(&["posts".to_owned(), format!("--address={address}"), format!("--seconds={seconds}")])
}

/// Sends, and prints what was done as JSON.
pub(in crate::cli::bench) fn run(options: &Options) -> anyhow::Result<()> {
    apart::run(send_all(options))
}

async fn send_all(options: &Options) -> anyhow::Result<f64> {
    let http = adapters::http::client(Duration::from_secs(10))?;
    let url = format!("http://{}{PATH}", options.address);
    let began = Instant::now();
    let until = began + Duration::from_secs_f64(options.seconds);
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..IN_FLIGHT {
        senders.spawn(send(http.clone(), url.clone(), until));
    }
    let mut sent = 0;
    while let Some(done) = senders.join_next().await {
        sent += done??;
    }
    Ok(f64::from(sent) / began.elapsed().as_secs_f64())
}

async fn send(http: reqwest::Client, url: String, until: Instant) -> reqwest::Result<u32> {
    let mut sent = 0;
    while Instant::now() < until {
        let request = http.post(&url).header("x-xcom-accesskey", "bench");
        let response = request.header(CONTENT_TYPE, "application/json").body(BODY).send().await?;
        response.error_for_status()?.bytes().await?;
        sent += 1;
    }
    Ok(sent)
}
