//! The one place of this crate that asks the system for the time.

use chrono::{DateTime, SecondsFormat, Utc};

/// The present moment.
#[expect(clippy::disallowed_methods, reason = "the simulators share no clock with the server they test")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The present moment as RFC 3339 text with microseconds and offset, as Kontur writes it.
pub fn now_text() -> String {
    now().to_rfc3339_opts(SecondsFormat::Micros, false)
}
