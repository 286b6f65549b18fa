//! A span by the days of a workspace.

use chrono::NaiveDate;

use crate::clock::Timestamp;
use crate::port::provider::Window;
use crate::schedule::Zone;

/// The days of a span by the clocks of `zone`, each with the part of the span that is in it.
pub fn days(window: Window, zone: Zone) -> Vec<(String, Window)> {
    let mut days = Vec::new();
    let mut from = window.from;
    while from < window.to {
        let date = from.utc().with_timezone(&zone).date_naive();
        let to = midnight_after(date, zone).map_or(window.to, |midnight| midnight.min(window.to));
        // A zone whose clocks make no sense does not stop us.
        let to = if to > from { to } else { window.to };
        days.push((date.to_string(), Window { from, to }));
        from = to;
    }
    days
}

/// Where the clocks are put forward at midnight, the day begins later.
fn midnight_after(date: NaiveDate, zone: Zone) -> Option<Timestamp> {
    let next = date.succ_opt()?;
    let hours = (0..3).filter_map(|hour| next.and_hms_opt(hour, 0, 0));
    let begins = hours.filter_map(|time| time.and_local_timezone(zone).earliest()).next()?;
    Some(begins.to_utc().into())
}
