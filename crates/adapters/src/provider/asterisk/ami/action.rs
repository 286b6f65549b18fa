//! Actions: what we ask Asterisk to do. No value can end its line, so that no text from outside can become another
//! field or another action.

use std::fmt::Write as _;

/// An action as it goes out.
#[derive(Clone, PartialEq, Eq)]
pub struct Action {
    name: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Action {
    /// An action without fields.
    pub const fn new(name: &'static str) -> Self {
        Self { name, fields: Vec::new() }
    }

    /// With a field more. Line ends and other control characters in `value` become spaces.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.fields.push((key, value.replace(char::is_control, " ")));
        self
    }

    /// As bytes on the wire; the responses to it carry `id`.
    pub(super) fn encode(&self, id: u64) -> String {
        let mut text = format!("Action: {}\r\nActionID: {id}\r\n", self.name);
        for (key, value) in &self.fields {
            // Writing to a string cannot fail.
            let _ = write!(text, "{key}: {value}\r\n");
        }
        text.push_str("\r\n");
        text
    }
}
