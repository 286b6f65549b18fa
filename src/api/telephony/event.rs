//! Events of a generic PBX as the documents show them. Only documents them: the adapter reads them, and a test below
//! holds the two together.

use poem_openapi::{Enum, Object};

/// An event of a call.
#[derive(Debug, Object)]
#[oai(example)]
pub(super) struct Event {
    /// The PBX's id of the event; the same when it is sent again.
    id: String,
    /// What happened.
    #[oai(rename = "type")]
    kind: Kind,
    /// When it happened: RFC 3339 with offset.
    at: String,
    /// The PBX's id of the call; the same in the history.
    call_id: String,
    /// From the company's viewpoint; where it is absent the legs decide.
    direction: Option<Direction>,
    /// The client's number in any spelling; absent, empty or `anonymous`: withheld.
    client_phone: Option<String>,
    /// The company's number that was called or is shown.
    vats_phone: Option<String>,
    /// The `request_id` of `POST {control_url}/calls`, if that started the call (GUID).
    request_id: Option<String>,
    /// The leg; required in `leg.…`.
    leg: Option<Leg>,
    /// The recording; required in `recording.ready`.
    recording: Option<Recording>,
    /// Why the leg or call ended without a conversation.
    reason: Option<Reason>,
}

/// Many events at once. If one of them is invalid nothing of the batch counts.
#[derive(Debug, Object)]
pub(super) struct Batch {
    /// The events, in the order they happened.
    #[oai(validator(min_items = 1, max_items = 1000))]
    events: Vec<Event>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum Kind {
    /// The call began.
    #[oai(rename = "call.started")]
    CallStarted,
    /// The phone rings.
    #[oai(rename = "leg.ringing")]
    LegRinging,
    /// It was picked up.
    #[oai(rename = "leg.answered")]
    LegAnswered,
    /// It was put on hold.
    #[oai(rename = "leg.held")]
    LegHeld,
    /// It was taken from hold.
    #[oai(rename = "leg.resumed")]
    LegResumed,
    /// It is over.
    #[oai(rename = "leg.ended")]
    LegEnded,
    /// The call is over.
    #[oai(rename = "call.finished")]
    CallFinished,
    /// The call could not be placed.
    #[oai(rename = "call.failed")]
    CallFailed,
    /// A recording can be fetched.
    #[oai(rename = "recording.ready")]
    RecordingReady,
}

/// From the company's viewpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Direction {
    /// A client called.
    Inbound,
    /// An employee called a client.
    Outbound,
    /// Employees among themselves.
    Internal,
}

/// A leg: a conversation between two participants, or the attempt at one.
#[derive(Debug, Object)]
struct Leg {
    /// The PBX's id of the leg; the same in the history.
    id: String,
    /// Who calls.
    from: Option<Party>,
    /// Who is called.
    to: Option<Party>,
}

/// One side of a leg.
#[derive(Debug, Object)]
struct Party {
    /// The outside world or an employee.
    #[oai(rename = "type")]
    kind: PartyKind,
    /// The employee's extension; required with `user`.
    extension: Option<String>,
}

/// The outside world or an employee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum PartyKind {
    /// The outside world.
    Client,
    /// An employee.
    User,
}

/// The recording of a leg.
#[derive(Debug, Object)]
struct Recording {
    /// The leg that was recorded.
    leg_id: String,
    /// Where to fetch it: by GET with the bearer `control_token`.
    url: String,
    /// MIME type.
    content_type: Option<String>,
    /// Bytes.
    size: Option<u64>,
}

/// Why a leg or call ended without a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum Reason {
    /// The called side was talking.
    Busy,
    /// Nobody picked up.
    NoAnswer,
    /// The caller gave up.
    Cancelled,
    /// The called side could not be reached.
    Unreachable,
    /// The called side refused.
    Rejected,
    /// A fault.
    Error,
}

impl poem_openapi::types::Example for Event {
    fn example() -> Self {
        let client = Party { kind: PartyKind::Client, extension: None };
        let user = Party { kind: PartyKind::User, extension: Some("101".to_owned()) };
        Self {
            id: "evt-1".to_owned(),
            kind: Kind::LegAnswered,
            at: "2026-11-22T10:00:03.120+03:00".to_owned(),
            call_id: "pbx-42".to_owned(),
            direction: Some(Direction::Inbound),
            client_phone: Some("+7 999 777-55-33".to_owned()),
            vats_phone: Some("79229929292".to_owned()),
            request_id: None,
            leg: Some(Leg { id: "pbx-42-1".to_owned(), from: Some(client), to: Some(user) }),
            recording: None,
            reason: None,
        }
    }
}

#[cfg(test)]
mod tests;
