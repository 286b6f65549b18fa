//! Shapes of JSON objects as tables: what a remote system accepts is written down once, then checked against
//! requests and printed as OpenAPI.
//!
//! Strict on purpose: a field nobody documented is a fault, because the real system would drop it silently.

mod check;
mod schema;

pub(crate) use check::faults;
pub(crate) use schema::object;

/// One field of an object.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// The name on the wire.
    pub(crate) name: &'static str,
    /// What it may hold.
    pub(crate) kind: Kind,
    /// Whether an object without it is refused.
    pub(crate) required: bool,
}

/// What a field may hold.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// 24 hexadecimal digits.
    Id,
    /// Any string that is not empty.
    Text,
    /// A string that may be empty.
    AnyText,
    /// Local time as `YYYY-MM-DD hh:mm:ss`.
    LocalTime,
    /// Tags separated by commas, none of them empty.
    Tags,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number that is not negative.
    Count,
    /// `true` or `false`; words and numbers are refused.
    Boolean,
    /// An array of at least one such value.
    List(&'static Kind),
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// Any object.
    Map,
    /// `[from, to]` in milliseconds since 1970; `from` may be null.
    Period,
    /// One kind or the other.
    Either(&'static Kind, &'static Kind),
}

impl Field {
    /// A field that has to be there.
    pub(crate) const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: true }
    }

    /// A field that may be left out.
    pub(crate) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false }
    }
}
