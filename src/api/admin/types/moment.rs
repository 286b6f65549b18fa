//! Points in time.

use domain::clock::Timestamp;
use poem_openapi::registry::MetaSchema;
use serde_json::Value;

use super::json_scalar;

/// A time of RFC 3339 with any offset; given out in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api::admin) struct Moment(pub(in crate::api::admin) Timestamp);

impl Moment {
    const NAME: &str = "moment";

    fn schema() -> MetaSchema {
        let example = Some("2026-11-22T10:00:03.120+03:00".into());
        MetaSchema { example, ..MetaSchema::new_with_format("string", "date-time") }
    }

    /// A `+` that was not escaped comes out of a query as a space; there is no other space in a time.
    fn read(text: &str) -> Result<Self, String> {
        Timestamp::parse(&text.replace(' ', "+")).map(Self).map_err(|error| error.to_string())
    }

    fn shown(self) -> Value {
        self.0.rfc3339().into()
    }
}

json_scalar!(Moment);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_that_was_not_escaped_is_understood() {
        assert_eq!(Moment::read("2026-11-22T10:00:00 03:00"), Moment::read("2026-11-22T07:00:00Z"));
        assert!(Moment::read("yesterday").unwrap_err().contains("yesterday"));
    }
}
