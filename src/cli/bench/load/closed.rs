//! As many events as are taken: each connection sends its next one when the last was answered.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::prepare::{Connection, Requests};
use super::{Done, Options, accepted};
use crate::cli::bench::figure::quantile;
use crate::cli::bench::http::Message;
use crate::cli::bench::process;

/// Room for an answer.
const BUFFER: usize = 4 * 1024;

/// Sends on one thread.
pub(super) fn send(options: &Options, requests: &Requests) -> anyhow::Result<Done> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(send_all(options, requests))
}

async fn send_all(options: &Options, requests: &Requests) -> anyhow::Result<Done> {
    let mut streams = Vec::new();
    for number in 0..requests.connections().len() {
        streams.push(Streams::connect(&options.addresses, number).await?);
    }
    let limited = options.events.is_some();
    let until = Until {
        at: Instant::now() + Duration::from_secs_f64(options.seconds),
        over: Cell::new(false),
        limited,
    };
    let (began, began_shared) = (Instant::now(), process::now());
    let senders = streams
        .into_iter()
        .zip(requests.connections())
        .map(|(streams, lane)| send_lane(streams, lane, &until));
    let took: Vec<Vec<f64>> = futures_util::future::try_join_all(senders).await?;
    let seconds = began.elapsed().as_secs_f64();
    let ended = process::now();
    let steps = options.calls.steps().len();
    let calls = took.iter().map(|lane| lane.len() / steps).sum();
    let took = took.concat();
    let (p50_ms, p99_ms) = (quantile(took.iter().copied(), 0.5), quantile(took.iter().copied(), 0.99));
    let accepted = took.len();
    Ok(Done { accepted, calls, seconds, began: began_shared, ended, p50_ms, p99_ms, events: Vec::new() })
}

/// When to stop.
struct Until {
    at: Instant,
    /// A connection has sent all it had: the others would go on with less competition.
    over: Cell<bool>,
    /// Everything has to be sent, however long it takes.
    limited: bool,
}

impl Until {
    fn reached(&self, now: Instant) -> bool {
        !self.limited && (now >= self.at || self.over.get())
    }
}

/// A connection to each of those that take events, used in turn.
struct Streams {
    streams: Vec<TcpStream>,
    next: usize,
}

impl Streams {
    /// Half of many begin with the one, half with the other of two.
    async fn connect(addresses: &[SocketAddr], number: usize) -> anyhow::Result<Self> {
        let mut streams = Vec::with_capacity(addresses.len());
        for address in addresses {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        Ok(Self { streams, next: number })
    }

    fn next(&mut self) -> &mut TcpStream {
        let place = self.next % self.streams.len();
        self.next += 1;
        &mut self.streams[place]
    }
}

/// How many milliseconds each request took.
async fn send_lane(mut streams: Streams, lane: &Connection, until: &Until) -> anyhow::Result<Vec<f64>> {
    let (mut buffer, mut took) = (vec![0; BUFFER], Vec::new());
    let mut began = Instant::now();
    for request in lane.requests() {
        if until.reached(began) {
            return Ok(took);
        }
        let stream = streams.next();
        stream.write_all(request).await?;
        read_answer(stream, &mut buffer).await?;
        let now = Instant::now();
        took.push((now - began).as_secs_f64() * 1000.0);
        began = now;
    }
    until.over.set(true);
    Ok(took)
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<()> {
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..]).await? {
            0 => bail!("the connection was closed before an answer was there"),
            read => filled += read,
        }
        if Message::first(&buffer[..filled]).is_some() {
            return accepted(&buffer[..filled]);
        }
    }
}
