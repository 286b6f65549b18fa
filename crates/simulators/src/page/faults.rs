//! The fault switches of the page: one choice per system, made of the simulators' own faults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::{Fault, FaultKind, Faults};

/// How long `slow` takes.
const SLOW: Duration = Duration::from_secs(3);

/// What a system can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Choice {
    /// Works.
    Healthy,
    /// Answers 503 at once.
    Down,
    /// Works, 3 s late.
    Slow,
    /// Never answers.
    Hang,
    /// Answers 200 with an error inside.
    ErrorInside,
}

impl Choice {
    /// Makes the system behave like this from now on.
    pub(super) fn apply(self, faults: &Faults) {
        faults.clear();
        let kind = match self {
            Self::Healthy => return,
            Self::Down => FaultKind::status(503),
            Self::Slow => FaultKind::delay(SLOW),
            Self::Hang => FaultKind::Hang,
            Self::ErrorInside => FaultKind::ErrorInside,
        };
        faults.set(Fault::always(kind));
    }

    /// What the system is set to; a fault that the page has no word for counts as `Down`.
    pub(super) fn of(faults: &Faults) -> Self {
        match faults.active().first().map(|fault| &fault.kind) {
            None => Self::Healthy,
            Some(FaultKind::DelayMs(_)) => Self::Slow,
            Some(FaultKind::Hang) => Self::Hang,
            Some(FaultKind::ErrorInside) => Self::ErrorInside,
            Some(_) => Self::Down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_replaces_the_one_before_and_is_read_back() {
        let faults = Faults::default();
        for choice in [Choice::Down, Choice::Slow, Choice::Hang, Choice::ErrorInside, Choice::Healthy] {
            choice.apply(&faults);
            assert_eq!(Choice::of(&faults), choice);
            assert!(faults.active().len() <= 1);
        }
    }
}
