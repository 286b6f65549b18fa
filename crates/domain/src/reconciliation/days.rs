//! A span by the days of a workspace.

use crate::port::provider::Window;
use crate::schedule::{Zone, midnight};

/// The days of a span by the clocks of `zone`, each with the part of the span that is in it.
pub fn days(window: Window, zone: Zone) -> Vec<(String, Window)> {
    let mut days = Vec::new();
    let mut from = window.from;
    while from < window.to {
        let date = from.utc().with_timezone(&zone).date_naive();
        let next = date.succ_opt().and_then(|date| midnight(date, zone));
        let to = next.map_or(window.to, |midnight| midnight.min(window.to));
        // A zone whose clocks make no sense does not stop us.
        let to = if to > from { to } else { window.to };
        days.push((date.to_string(), Window { from, to }));
        from = to;
    }
    days
}
