//! So many events a second, whether or not earlier ones were answered. What is late is counted from when it was due.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::prepare::{Connection, Requests};
use super::{Done, Options, Sent, accepted};
use crate::cli::bench::figure::quantile;
use crate::cli::bench::http::Message;
use crate::cli::bench::process;

/// Room for an answer.
const BUFFER: usize = 4 * 1024;

/// From here to the first event: every thread is there by then.
const SOON: Duration = Duration::from_millis(50);

/// When the events are due, on both clocks.
#[derive(Clone, Copy)]
struct Schedule {
    began: Instant,
    began_shared: u64,
    every: Duration,
}

impl Schedule {
    fn due(self, event: usize) -> Duration {
        self.every * u32::try_from(event).unwrap_or(u32::MAX)
    }
}

/// Sends with a thread for each connection: threads wake up more precisely than timers of a runtime.
pub(super) fn send(options: &Options, requests: &Requests, rate: u32) -> anyhow::Result<Done> {
    let lanes = requests.connections();
    let addresses = options.addresses.iter().cycle().take(lanes.len());
    let streams: Vec<TcpStream> = addresses.map(TcpStream::connect).collect::<Result<_, _>>()?;
    let soon = u64::try_from(SOON.as_nanos())?;
    let schedule = Schedule {
        began: Instant::now() + SOON,
        began_shared: process::now() + soon,
        every: Duration::from_secs(1) / rate.max(1),
    };
    let sent = thread::scope(|scope| {
        let threads: Vec<_> = (0..)
            .zip(lanes)
            .zip(streams)
            .map(|((number, lane), stream)| {
                let events = (number..).step_by(lanes.len());
                scope.spawn(move || send_lane(stream, lane, events, schedule))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| bail!("a thread of the load panicked")))
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    let seconds = schedule.began.elapsed().as_secs_f64();
    let (events, took): (Vec<Sent>, Vec<f64>) = sent.into_iter().flatten().unzip();
    let (p50_ms, p99_ms) = (quantile(took.iter().copied(), 0.5), quantile(took.iter().copied(), 0.99));
    let (began, ended) = (schedule.began_shared, process::now());
    Ok(Done { accepted: took.len(), calls: 0, seconds, began, ended, p50_ms, p99_ms, events })
}

/// The events, and how many milliseconds after it was due each was answered.
fn send_lane(
    mut stream: TcpStream,
    lane: &Connection,
    events: impl Iterator<Item = usize>,
    schedule: Schedule,
) -> anyhow::Result<Vec<(Sent, f64)>> {
    stream.set_nodelay(true)?;
    let mut sent = Vec::new();
    for ((request, (call, step)), event) in lane.requests().zip(&lane.named).zip(events) {
        let due = schedule.began + schedule.due(event);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(request)?;
        read_answer(&mut stream)?;
        let took = due.elapsed().as_secs_f64() * 1000.0;
        let due = schedule.began_shared + u64::try_from(schedule.due(event).as_nanos())?;
        sent.push((Sent { call: call.clone(), step: *step, due }, took));
    }
    Ok(sent)
}

fn read_answer(stream: &mut TcpStream) -> anyhow::Result<()> {
    let (mut buffer, mut filled) = ([0; BUFFER], 0);
    loop {
        match stream.read(&mut buffer[filled..])? {
            0 => bail!("the connection was closed before an answer was there"),
            read => filled += read,
        }
        if Message::first(&buffer[..filled]).is_some() {
            return accepted(&buffer[..filled]);
        }
    }
}
