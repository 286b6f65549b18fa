//! The load: signed events of calls that go on side by side, one per request, over keep-alive connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use domain::clock::{Clock, SystemClock};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// `bench load`.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// Where to send.
    #[arg(long)]
    pub(super) address: SocketAddr,
    /// Which path to post to.
    #[arg(long)]
    pub(super) path: String,
    /// Connections, each with one request under way.
    #[arg(long)]
    pub(super) connections: usize,
    /// For how long.
    #[arg(long)]
    pub(super) seconds: u64,
    /// Signs the events; `whsec_` and base64.
    #[arg(long)]
    pub(super) secret: String,
    /// Makes the calls of this run differ from those of others.
    #[arg(long)]
    pub(super) run: u64,
}

/// What the load did.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// Requests answered with 200.
    pub(super) accepted: u64,
    /// In so many seconds.
    pub(super) seconds: f64,
}

/// What happens in each call.
const STEPS: [(&str, bool); 5] = [
    ("call.started", false),
    ("leg.ringing", true),
    ("leg.answered", true),
    ("leg.ended", true),
    ("call.finished", false),
];

/// Sends, and prints what was done as JSON.
#[expect(clippy::print_stdout, reason = "read by the process that asked for the load")]
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(send_all(options))?;
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

async fn send_all(options: &Options) -> anyhow::Result<Done> {
    let key = STANDARD.decode(options.secret.trim_start_matches("whsec_")).context("--secret")?;
    let began = Instant::now();
    let until = began + Duration::from_secs(options.seconds);
    let senders =
        (0..options.connections).map(|connection| Sender::new(options, &key, connection).run(until));
    let counts: Vec<u64> = futures_util::future::try_join_all(senders).await?;
    Ok(Done { accepted: counts.iter().sum(), seconds: began.elapsed().as_secs_f64() })
}

/// One connection.
struct Sender<'a> {
    options: &'a Options,
    key: &'a [u8],
    connection: usize,
    sent: u64,
}

impl<'a> Sender<'a> {
    fn new(options: &'a Options, key: &'a [u8], connection: usize) -> Self {
        Self { options, key, connection, sent: 0 }
    }

    async fn run(mut self, until: Instant) -> anyhow::Result<u64> {
        let stream = tokio::net::TcpStream::connect(self.options.address).await?;
        stream.set_nodelay(true)?;
        let (mut requests, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        while Instant::now() < until {
            self.send(&mut requests).await?;
        }
        connection.abort();
        Ok(self.sent)
    }

    async fn send(&mut self, requests: &mut SendRequest<Full<Bytes>>) -> anyhow::Result<()> {
        let request = self.next_request()?;
        let response = requests.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status != 200 {
            bail!("answered {status}: {}", String::from_utf8_lossy(&body));
        }
        self.sent += 1;
        Ok(())
    }

    fn next_request(&self) -> anyhow::Result<hyper::Request<Full<Bytes>>> {
        let (call, step) = (self.sent / STEPS.len() as u64, self.sent % STEPS.len() as u64);
        let call = format!("{}-{}-{call}", self.options.run, self.connection);
        let now = SystemClock.now();
        let body = event(&call, usize::try_from(step)?, &now.rfc3339());
        let id = format!("msg-{call}-{step}");
        let timestamp = now.seconds().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key)?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_bytes()] {
            mac.update(part);
        }
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        Ok(hyper::Request::post(&self.options.path)
            .header("host", "bench")
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Full::new(Bytes::from(body)))?)
    }
}

fn event(call: &str, step: usize, at: &str) -> String {
    let (kind, has_leg) = STEPS[step];
    let leg = if has_leg {
        format!(r#"{{"id":"{call}-1","from":{{"type":"client"}},"to":{{"type":"user","extension":"101"}}}}"#)
    } else {
        "null".to_owned()
    };
    format!(
        r#"{{"id":"{call}-{step}","type":"{kind}","at":"{at}","call_id":"{call}","direction":"inbound","client_phone":"+7 999 777-55-33","vats_phone":"79229929292","request_id":null,"leg":{leg},"recording":null,"reason":null}}"#
    )
}
