//! The calls of the load: of every kind that is registered, two of each client.

use serde_json::Value;
use simulators::scenario::{Kind, Trace};

/// What ends in a register-call. `ClickToCall` and `Failed` belong to communications that a user asked for.
const KINDS: [Kind; 7] = [
    Kind::Answered,
    Kind::Missed,
    Kind::RingGroup,
    Kind::RingGroupMissed,
    Kind::Transferred,
    Kind::Held,
    Kind::Outbound,
];

/// A call and its events as they happened.
pub(super) struct Call {
    kind: Kind,
    pub(super) external_id: String,
    pub(super) client_digits: String,
    pub(super) events: Vec<Value>,
}

impl Call {
    /// Call number `n`: 0 and 1 are of one client, 2 and 3 of the next, and so on.
    pub(super) fn new(n: u64) -> Self {
        let kind = KINDS.into_iter().cycle().nth(usize::try_from(n).expect("small")).expect("cycles");
        let (trace, client) = (Trace::new(kind, n), Trace::new(kind, n / 2));
        let mut events = trace.events();
        for event in &mut events {
            event["client_phone"] = client.client_phone().into();
        }
        let (external_id, client_digits) = (trace.call_id(), client.client_digits());
        Self { kind, external_id, client_digits, events }
    }

    /// Whether an employee and the client talked.
    pub(super) fn is_answered(&self) -> bool {
        self.kind.is_answered()
    }

    /// Whether this is the client's number, however it is written.
    pub(super) fn is_of(&self, phone: &str) -> bool {
        phone.chars().filter(char::is_ascii_digit).eq(self.client_digits.chars())
    }

    /// The events of one type, in the order they happened.
    pub(super) fn of_type(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Value> {
        self.events.iter().filter(move |event| event["type"] == kind)
    }
}
