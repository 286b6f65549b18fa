//! How long each event of a load with a rate took to come out on the other side.

use std::collections::HashMap;
use std::time::Duration;

use crate::cli::bench::control::eventually;
use crate::cli::bench::load::Sent;
use crate::cli::bench::sink::{Arrival, Sink};

/// What Kontur is told of each event of a whole call.
const CALLBACKS: [&str; 5] = ["call-started", "appeared", "connected", "disconnected", "call-finished"];

/// Callbacks that take longer are stuck.
const WITHIN: Duration = Duration::from_secs(30);

/// The milliseconds from when each of the events of whole calls was due until its callback arrived. The first fifth is
/// left out: connections are made then.
pub(in crate::cli::bench) fn trips(sink: &Sink, mut sent: Vec<Sent>) -> anyhow::Result<Vec<f64>> {
    sent.sort_by_key(|event| event.due);
    let counted = &sent[sent.len() / 5..];
    eventually("every event is told", WITHIN, || {
        let arrivals = sink.arrivals()?;
        let at: HashMap<(&str, &str), u64> = arrivals.iter().map(keyed).collect();
        let trip = |event: &Sent| {
            let what = CALLBACKS.get(event.step)?;
            Some(milliseconds(event.due, *at.get(&(event.call.as_str(), *what))?))
        };
        Ok(counted.iter().map(trip).collect())
    })
}

fn keyed(arrival: &Arrival) -> ((&str, &str), u64) {
    ((arrival.call.as_str(), arrival.what.as_str()), arrival.at)
}

fn milliseconds(from: u64, to: u64) -> f64 {
    Duration::from_nanos(to.saturating_sub(from)).as_secs_f64() * 1000.0
}
