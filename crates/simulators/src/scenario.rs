//! Traces: the events of a whole call as plain JSON, for tests that send them in any order and number.

use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock;
pub use crate::pbx::sign;
use crate::pbx::text;

/// The story that a trace tells. Extensions are 101, 102 and 103.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// In, rung at 101, answered, ended by the client.
    Answered,
    /// In, rung at 101, nobody picks up.
    Missed,
    /// In, rung at 101 to 103, answered at 102.
    RingGroup,
    /// In, rung at 101 to 103, nobody picks up.
    RingGroupMissed,
    /// In, answered at 101, transferred to 102, which answers.
    Transferred,
    /// In, answered at 101, held and resumed.
    Held,
    /// Dialled by 101 from the telephone, answered by the client.
    Outbound,
    /// Like `Outbound`, asked for by request `request_id`.
    ClickToCall,
    /// Asked for by `request_id`, could not be placed.
    Failed,
}

impl Kind {
    /// Every story.
    pub const ALL: [Self; 9] = [
        Self::Answered,
        Self::Missed,
        Self::RingGroup,
        Self::RingGroupMissed,
        Self::Transferred,
        Self::Held,
        Self::Outbound,
        Self::ClickToCall,
        Self::Failed,
    ];

    /// Whether an employee and the client talk in it.
    pub fn is_answered(self) -> bool {
        !matches!(self, Self::Missed | Self::RingGroupMissed | Self::Failed)
    }
}

/// The events of call number `n`, which began just now. Calls of different numbers share no id and no client.
pub fn trace(kind: Kind, n: u64) -> Vec<Value> {
    Trace::new(kind, n).events()
}

/// A trace with choices.
#[derive(Debug, Clone)]
pub struct Trace {
    kind: Kind,
    n: u64,
    started_at: DateTime<Utc>,
    request_id: Option<String>,
}

impl Trace {
    /// Call number `n`, begun just now. `ClickToCall` and `Failed` get a made-up request id.
    pub fn new(kind: Kind, n: u64) -> Self {
        let asked_for = matches!(kind, Kind::ClickToCall | Kind::Failed);
        let request_id = asked_for.then(|| Uuid::from_u128(u128::from(n) << 16 | 0x4000_8000).to_string());
        Self { kind, n, started_at: clock::now(), request_id }
    }

    /// The same call, begun at another time.
    #[must_use]
    pub fn started_at(self, started_at: DateTime<Utc>) -> Self {
        Self { started_at, ..self }
    }

    /// The same call, asked for by a communication of Kontur.
    #[must_use]
    pub fn requested_by(self, communication_id: Uuid) -> Self {
        Self { request_id: Some(communication_id.to_string()), ..self }
    }

    /// The telephony's id of the call.
    pub fn call_id(&self) -> String {
        format!("trace-{}", self.n)
    }

    /// The client's number as the PBX writes it.
    pub fn client_phone(&self) -> String {
        format!(
            "+7 9{:02} {:03}-{:02}-{:02}",
            self.n / 10_000_000 % 100,
            self.n / 10_000 % 1000,
            self.n / 100 % 100,
            self.n % 100
        )
    }

    /// The client's number as Kontur is told: digits.
    pub fn client_digits(&self) -> String {
        self.client_phone().chars().filter(char::is_ascii_digit).collect()
    }

    /// The events in the order in which they happened.
    pub fn events(&self) -> Vec<Value> {
        let mut story = Story { trace: self, events: Vec::new() };
        story.tell("call.started", None, None);
        match self.kind {
            Kind::Answered => story.conversation("101"),
            Kind::Missed => story.ring_in_vain(&["101"]),
            Kind::RingGroup => story.ring_group(),
            Kind::RingGroupMissed => story.ring_in_vain(&["101", "102", "103"]),
            Kind::Transferred => story.transfer(),
            Kind::Held => story.hold(),
            Kind::Outbound | Kind::ClickToCall => story.outbound(),
            Kind::Failed => story.fail(),
        }
        story.events
    }
}

/// A leg of a story: its number and its employee.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    extension: &'a str,
}

struct Story<'a> {
    trace: &'a Trace,
    events: Vec<Value>,
}

impl Story<'_> {
    fn conversation(&mut self, extension: &str) {
        let line = Line { number: 1, extension };
        self.leg("leg.ringing", line, None);
        self.leg("leg.answered", line, None);
        self.leg("leg.ended", line, None);
        self.tell("call.finished", None, None);
    }

    fn ring_in_vain(&mut self, extensions: &[&str]) {
        for kind in ["leg.ringing", "leg.ended"] {
            for (index, extension) in extensions.iter().enumerate() {
                let reason = (kind == "leg.ended").then_some("no_answer");
                self.leg(kind, Line { number: index + 1, extension }, reason);
            }
        }
        self.tell("call.finished", None, Some("no_answer"));
    }

    fn ring_group(&mut self) {
        let lines =
            [(1, "101"), (2, "102"), (3, "103")].map(|(number, extension)| Line { number, extension });
        for line in lines {
            self.leg("leg.ringing", line, None);
        }
        self.leg("leg.answered", lines[1], None);
        self.leg("leg.ended", lines[0], Some("cancelled"));
        self.leg("leg.ended", lines[2], Some("cancelled"));
        self.leg("leg.ended", lines[1], None);
        self.tell("call.finished", None, None);
    }

    fn transfer(&mut self) {
        for line in [Line { number: 1, extension: "101" }, Line { number: 2, extension: "102" }] {
            self.leg("leg.ringing", line, None);
            self.leg("leg.answered", line, None);
            self.leg("leg.ended", line, None);
        }
        self.tell("call.finished", None, None);
    }

    fn hold(&mut self) {
        let line = Line { number: 1, extension: "101" };
        for kind in ["leg.ringing", "leg.answered", "leg.held", "leg.resumed", "leg.ended"] {
            self.leg(kind, line, None);
        }
        self.tell("call.finished", None, None);
    }

    /// The same steps as a conversation; the ends of the leg are exchanged by the direction.
    fn outbound(&mut self) {
        self.conversation("101");
    }

    fn fail(&mut self) {
        let line = Line { number: 1, extension: "101" };
        self.leg("leg.ringing", line, None);
        self.leg("leg.ended", line, Some("unreachable"));
        self.tell("call.failed", None, Some("unreachable"));
    }

    fn leg(&mut self, kind: &str, line: Line<'_>, reason: Option<&str>) {
        let (client, user) =
            (json!({"type": "client"}), json!({"type": "user", "extension": line.extension}));
        let (from, to) = if self.is_outbound() { (user, client) } else { (client, user) };
        let id = format!("{}-{}", self.trace.call_id(), line.number);
        self.tell(kind, Some(&json!({"id": id, "from": from, "to": to})), reason);
    }

    fn is_outbound(&self) -> bool {
        matches!(self.trace.kind, Kind::Outbound | Kind::ClickToCall | Kind::Failed)
    }

    /// One event; each is a hundredth of a second later than the one before.
    fn tell(&mut self, kind: &str, leg: Option<&Value>, reason: Option<&str>) {
        let trace = self.trace;
        let number = self.events.len();
        let later = Duration::milliseconds(10 * i64::try_from(number).unwrap_or_default());
        self.events.push(json!({
            "id": format!("{}-evt-{}", trace.call_id(), number + 1), "type": kind,
            "at": text(in_moscow(trace.started_at + later)), "call_id": trace.call_id(),
            "direction": if self.is_outbound() { "outbound" } else { "inbound" },
            "client_phone": trace.client_phone(), "vats_phone": "79229929292", "request_id": trace.request_id,
            "leg": leg, "recording": null, "reason": reason
        }));
    }
}

fn in_moscow(moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    FixedOffset::east_opt(3 * 3600).map_or_else(|| moment.fixed_offset(), |zone| moment.with_timezone(&zone))
}
