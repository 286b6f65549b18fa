//! Copies of calls: how many there are, and what differs from copy to copy. Pure.

use domain::retention::Prunable;

use super::{Filled, Filling, Originals, kept, signed};

/// A table that is copied.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Which copies have its rows.
    pub(super) of: Prunable,
    /// Columns that are not copied as they are.
    changed: &'static [(&'static str, Change)],
}

/// What a copy has in a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// The number of a row of its own.
    Row,
    /// A later time.
    Time,
    /// A text that no other copy has, and that stands anywhere among all others, as the ids of a telephony do. The call's number is in
    /// that column.
    Text { call: &'static str },
    /// The number of a client, one of two million.
    Client { call: &'static str },
}

/// Each call's leg has the number of the call in it.
const LEG: (&str, Change) = ("leg_id", Change::Text { call: "call_id" });

/// The tables in which rows of calls are.
pub(super) const TABLES: [Table; 7] = [
    Table {
        name: "call",
        of: Prunable::Calls,
        changed: &[
            ("id", Change::Row),
            ("external_id", Change::Text { call: "id" }),
            ("client_phone", Change::Client { call: "id" }),
            ("began_at", Change::Time),
            ("ended_at", Change::Time),
        ],
    },
    Table {
        name: "call_event",
        of: Prunable::Calls,
        changed: &[
            ("call_id", Change::Row),
            LEG,
            ("at", Change::Time),
            ("received_at", Change::Time),
            ("raw_request_id", Change::Row),
        ],
    },
    Table { name: "call_leg", of: Prunable::Calls, changed: &[("call_id", Change::Row), LEG] },
    Table {
        name: "recording",
        of: Prunable::Calls,
        changed: &[("call_id", Change::Row), LEG, ("updated_at", Change::Time)],
    },
    Table {
        name: "delivery",
        of: Prunable::Deliveries,
        changed: &[
            ("id", Change::Row),
            ("call_id", Change::Row),
            ("created_at", Change::Time),
            ("due_at", Change::Time),
            ("first_attempt_at", Change::Time),
            ("settled_at", Change::Time),
        ],
    },
    Table {
        name: "attempt",
        of: Prunable::Deliveries,
        changed: &[("delivery_id", Change::Row), ("at", Change::Time)],
    },
    Table {
        name: "raw_request",
        of: Prunable::RawRequests,
        changed: &[("id", Change::Row), ("received_at", Change::Time)],
    },
];

impl Table {
    /// What a copy has in a column, if that is not what is copied.
    pub(super) fn change(&self, column: &str) -> Option<Change> {
        self.changed.iter().find(|(name, _)| *name == column).map(|(_, change)| *change)
    }
}

/// One copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duplicate {
    pub(super) number: i64,
    /// What is added to the numbers of rows.
    pub(super) offset: i64,
    /// How much later it is than what is copied, in microseconds.
    pub(super) later: i64,
    /// How old its youngest call is, in microseconds.
    age: i64,
}

impl Duplicate {
    /// As many as are wanted, the oldest first, which has a while to go before it is pruned.
    pub(super) fn all(originals: Originals, filling: &Filling) -> impl Iterator<Item = Self> {
        let copies = signed(filling.calls.div_ceil(originals.calls.unsigned_abs().max(1)));
        let between = kept(filling, Prunable::Calls) / copies.max(1);
        let now = filling.now.micros();
        (1..=copies).map(move |number| {
            let age = between * (copies - number);
            let offset = number.saturating_mul(originals.largest);
            Self { number, offset, later: now - originals.newest.micros() - age, age }
        })
    }

    /// Whether it has what is kept so long.
    pub(super) fn has(&self, what: Prunable, filling: &Filling) -> bool {
        matches!(what, Prunable::Calls) || self.age < kept(filling, what)
    }
}

impl Filled {
    /// What so many copies come to, but for the bytes.
    pub(super) fn with(copies: &[Duplicate], originals: Originals, filling: &Filling) -> Self {
        let calls = |what| {
            let copies = copies.iter().filter(|copy| copy.has(what, filling)).count();
            originals.calls.unsigned_abs().saturating_mul(copies as u64)
        };
        Self {
            calls: calls(Prunable::Calls),
            with_deliveries: calls(Prunable::Deliveries),
            with_requests: calls(Prunable::RawRequests),
            bytes: 0,
        }
    }
}
