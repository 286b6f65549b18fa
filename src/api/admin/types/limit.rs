//! How long a page of a list may be.

use poem_openapi::registry::MetaSchema;
use serde_json::Value;

use super::{given, json_scalar};

/// From 1 to [`Limit::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api::admin) struct Limit(pub(in crate::api::admin) u32);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl Limit {
    const NAME: &str = "limit";
    const MOST: u32 = 500;

    fn schema() -> MetaSchema {
        MetaSchema {
            default: Some(Self::default().shown()),
            minimum: Some(1.0),
            maximum: Some(f64::from(Self::MOST)),
            ..MetaSchema::new("integer")
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (1..=Self::MOST).contains(number));
        number.map(Self).ok_or_else(|| {
            format!("{} is not allowed; expected a whole number from 1 to {}", given(text), Self::MOST)
        })
    }

    fn shown(self) -> Value {
        self.0.into()
    }
}

json_scalar!(Limit);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_bounds_are_in() {
        assert_eq!(Limit::read("1"), Ok(Limit(1)));
        assert_eq!(Limit::read("500"), Ok(Limit(500)));
        for wrong in ["0", "501", "-1", "ten", ""] {
            assert!(Limit::read(wrong).unwrap_err().contains("from 1 to 500"), "{wrong}");
        }
    }
}
