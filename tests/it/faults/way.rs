//! The columns: ways to fail.

use std::time::Duration;

use serde_json::Value;
use simulators::faults::FaultKind;

/// What a slow system needs for each answer.
const SLOW: Duration = Duration::from_secs(2);

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Connections are refused.
    Down,
    /// Connections are taken, requests never answered.
    Hanging,
    /// Every answer takes two seconds.
    Slow,
    /// 429 with `Retry-After`.
    Busy,
    /// 401
    Unauthorized,
    /// 409
    Conflict,
    /// 500
    Broken,
    /// 503
    Unavailable,
    /// The connection is reset before the request is processed.
    CutBefore,
    /// The request is processed, the connection reset before the answer.
    CutAfter,
    /// 200 with a page of HTML.
    Html,
    /// 200 with JSON that breaks off.
    BrokenJson,
    /// 200 with JSON of another shape.
    OddJson,
    /// 200 with the system's own word for a failure in it.
    ErrorInside,
}

impl Way {
    /// The fault to set; none: the system's door is closed instead.
    pub(super) fn fault(self) -> Option<FaultKind> {
        Some(match self {
            Self::Down => return None,
            Self::Hanging => FaultKind::Hang,
            Self::Slow => FaultKind::delay(SLOW),
            Self::Busy => FaultKind::Status { status: 429, body: Value::Null, retry_after: Some(1) },
            Self::Unauthorized => FaultKind::status(401),
            Self::Conflict => FaultKind::status(409),
            Self::Broken => FaultKind::status(500),
            Self::Unavailable => FaultKind::status(503),
            Self::CutBefore => FaultKind::CutBefore,
            Self::CutAfter => FaultKind::CutAfter,
            Self::Html => FaultKind::Garbage,
            Self::BrokenJson => FaultKind::BrokenJson,
            Self::OddJson => FaultKind::OddJson,
            Self::ErrorInside => FaultKind::ErrorInside,
        })
    }
}
