//! One block of the manager interface: a response or an event.

use std::fmt;

/// Fields in the order they came; a key may come several times (`Variable`, `ChanVariable`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    fields: Vec<(String, String)>,
}

impl Message {
    pub(super) fn push(&mut self, key: String, value: String) {
        self.fields.push((key, value));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The first value of `key`, without regard to case. Asterisk writes what it does not know as nothing, `<unknown>` or
    /// `<none>`: that is none.
    pub fn get(&self, key: &str) -> Option<&str> {
        let value = self.raw(key)?;
        (!matches!(value, "" | "<unknown>" | "<none>")).then_some(value)
    }

    /// The event's name; none of a response.
    pub fn event(&self) -> Option<&str> {
        self.get("Event")
    }

    /// All fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn raw(&self, key: &str) -> Option<&str> {
        self.fields().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }
}

/// As it came, for whoever wants to know later.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().try_for_each(|(key, value)| writeln!(f, "{key}: {value}"))?;
        writeln!(f)
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Message {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(fields: I) -> Self {
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { fields: fields.collect() }
    }
}
