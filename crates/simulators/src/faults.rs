//! The switchboard of failures: what a simulated system shall do wrong, for which operation, how many times.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sync::lock;

/// One failure to play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The operation it hits; none: every operation of the system.
    #[serde(default)]
    pub operation: Option<String>,
    /// A part of the paths it hits, such as `/acme/`; none: all of them.
    #[serde(default)]
    pub path: Option<String>,
    pub kind: FaultKind,
    /// How many requests it hits; none: until cleared.
    #[serde(default)]
    pub times: Option<u32>,
}

/// What goes wrong. Only `DelayMs`, `CutAfter`, `HangAfter` and `DateOff` let the request through to the system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is processed after this many milliseconds, whether or not the caller still waits.
    DelayMs(u64),
    /// Answered with this status, without processing.
    Status {
        status: u16,
        #[serde(default)]
        body: Value,
        /// Seconds for the `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Never answered, never processed; the connection stays open.
    Hang,
    /// The connection is reset before anything is processed.
    CutBefore,
    /// The request is processed, then the connection is reset without an answer.
    CutAfter,
    /// The request is processed and never answered; the connection stays open.
    HangAfter,
    /// HTTP 200 with a page of HTML, as a proxy in maintenance sends.
    Garbage,
    /// HTTP 200 with JSON that breaks off in the middle.
    BrokenJson,
    /// HTTP 200 with good JSON that is not what the system says to anything.
    OddJson,
    /// HTTP 200 whose body says that it failed, in the system's own words.
    ErrorInside,
    /// All is well, but the header `Date` is this many seconds ahead of the clock, or behind it.
    DateOff(i64),
}

impl Fault {
    /// A failure of every operation until cleared.
    pub fn always(kind: FaultKind) -> Self {
        Self { operation: None, path: None, kind, times: None }
    }

    /// A failure of the next `times` requests, whatever they are.
    pub fn times(kind: FaultKind, times: u32) -> Self {
        Self { times: Some(times), ..Self::always(kind) }
    }

    /// The same failure, for paths with this part only.
    #[must_use]
    pub fn at(self, part_of_path: impl Into<String>) -> Self {
        Self { path: Some(part_of_path.into()), ..self }
    }

    /// The same failure, for one operation only.
    #[must_use]
    pub fn on(self, operation: impl Into<String>) -> Self {
        Self { operation: Some(operation.into()), ..self }
    }
}

impl FaultKind {
    /// A delay.
    pub fn delay(delay: Duration) -> Self {
        Self::DelayMs(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
    }

    /// A bare status without a body.
    pub fn status(status: u16) -> Self {
        Self::Status { status, body: Value::Null, retry_after: None }
    }

    /// The word that the journal shows.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DelayMs(_) => "delay",
            Self::Status { .. } => "status",
            Self::Hang => "hang",
            Self::CutBefore => "cut_before",
            Self::CutAfter => "cut_after",
            Self::HangAfter => "hang_after",
            Self::Garbage => "garbage",
            Self::BrokenJson => "broken_json",
            Self::OddJson => "odd_json",
            Self::ErrorInside => "error_inside",
            Self::DateOff(_) => "date_off",
        }
    }
}

/// The faults of one system; a clone is the same switchboard.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    active: Arc<Mutex<Vec<Fault>>>,
}

impl Faults {
    /// Adds a fault behind those already set: the first that matches a request is played, so that limited faults
    /// set one after the other happen one after the other.
    pub fn set(&self, fault: Fault) {
        lock(&self.active).push(fault);
    }

    /// Everything works again.
    pub fn clear(&self) {
        lock(&self.active).clear();
    }

    /// What is set at the moment.
    pub fn active(&self) -> Vec<Fault> {
        lock(&self.active).clone()
    }

    /// The fault to play for this request, used up by one.
    pub fn take(&self, operation: &str, path: &str) -> Option<FaultKind> {
        let mut active = lock(&self.active);
        let position = active.iter().position(|fault| fault.hits(operation, path))?;
        let kind = active[position].kind.clone();
        if let Some(times) = &mut active[position].times {
            *times -= 1;
            if *times == 0 {
                active.remove(position);
            }
        }
        Some(kind)
    }
}

impl Fault {
    fn hits(&self, operation: &str, path: &str) -> bool {
        let names_it = self.operation.as_deref().is_none_or(|named| named == operation);
        let is_there = self.path.as_deref().is_none_or(|part| path.contains(part));
        names_it && is_there && self.times != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limited_faults_of_one_operation_play_one_after_the_other() {
        let faults = Faults::default();
        faults.set(Fault::times(FaultKind::status(503), 2).on("call-event"));
        faults.set(Fault::times(FaultKind::Hang, 1).on("call-event"));
        assert_eq!(faults.take("call-started", "/"), None);
        let played: Vec<_> =
            std::iter::from_fn(|| faults.take("call-event", "/")).map(|kind| kind.name()).collect();
        assert_eq!(played, ["status", "status", "hang"]);
    }

    #[test]
    fn a_fault_of_some_paths_hits_no_other() {
        let faults = Faults::default();
        faults.set(Fault::always(FaultKind::Hang).at("/acme/"));
        assert_eq!(faults.take("call-event", "/api/v1/other/communications"), None);
        assert_eq!(faults.take("call-event", "/api/v1/acme/communications"), Some(FaultKind::Hang));
    }

    #[test]
    fn a_fault_survives_json() {
        let fault =
            Fault::times(FaultKind::Status { status: 429, body: Value::Null, retry_after: Some(3) }, 1);
        let json = serde_json::to_value(&fault).expect("to JSON");
        assert_eq!(serde_json::from_value::<Fault>(json).expect("from JSON"), fault);
        let short: Fault = serde_json::from_str(r#"{"kind":"hang"}"#).expect("short form");
        assert_eq!(short, Fault::always(FaultKind::Hang));
    }
}
