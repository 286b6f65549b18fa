//! Where the next page of a list begins.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use poem_openapi::registry::MetaSchema;
use serde_json::Value;

use super::json_scalar;

/// Opaque to callers, so that what is in it may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api::admin) struct Cursor(pub(in crate::api::admin) i64);

impl Cursor {
    const NAME: &str = "cursor";

    fn schema() -> MetaSchema {
        MetaSchema::new("string")
    }

    fn read(text: &str) -> Result<Self, String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| Self(i64::from_be_bytes(bytes))).ok_or_else(|| {
            "is no cursor; take next_cursor of the page before as it is, or leave it out".to_owned()
        })
    }

    /// As it is given out.
    pub(in crate::api::admin) fn text(self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.to_be_bytes())
    }

    fn shown(self) -> Value {
        self.text().into()
    }
}

json_scalar!(Cursor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_out_is_taken() {
        assert_eq!(Cursor::read(&Cursor(42).text()), Ok(Cursor(42)));
        for wrong in ["", "42", "AAAA", "%"] {
            assert!(Cursor::read(wrong).unwrap_err().contains("next_cursor"), "{wrong}");
        }
    }
}
