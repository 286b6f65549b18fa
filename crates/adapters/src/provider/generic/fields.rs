//! Reading single fields: each reader gives the value or notes a fault with the field's path, and goes on, so that
//! one look finds every fault of a body.

use std::fmt;

use domain::call::event::Direction;
use domain::clock::Timestamp;
use domain::port::provider::WebhookFault;

use super::wire::{Object, Scalar};

/// Longest id and longest text of a phone number, in characters.
const LONGEST: usize = 200;

/// 2000-01-01T00:00:00Z.
const FIRST_MOMENT: Timestamp = Timestamp::from_micros(946_684_800_000_000);

/// 2100-01-01T00:00:00Z: the first moment after.
const LAST_MOMENT: Timestamp = Timestamp::from_micros(4_102_444_800_000_000);

/// The words of `direction`.
pub(super) const DIRECTIONS: &[(&str, Direction)] = &[
    (Direction::Inbound.word(), Direction::Inbound),
    (Direction::Outbound.word(), Direction::Outbound),
    (Direction::Internal.word(), Direction::Internal),
];

/// Where a field is, such as `leg.to.extension` or `legs[2].id`; written out only for a fault.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
    index: Option<usize>,
}

impl<'a> Path<'a> {
    pub(super) const fn of(name: &'a str) -> Self {
        Self { parent: None, name, index: None }
    }

    pub(super) const fn item(name: &'a str, index: usize) -> Self {
        Self { parent: None, name, index: Some(index) }
    }

    pub(super) const fn field(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), name, index: None }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}

/// Notes the faults of one body.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The event that is being read, if it is one of a batch or alone; none for the body itself.
    pub(super) index: Option<usize>,
    pub(super) found: Vec<WebhookFault>,
}

impl Faults {
    pub(super) fn note(&mut self, field: impl fmt::Display, message: impl Into<String>) {
        self.found.push(WebhookFault {
            index: self.index,
            field: field.to_string(),
            message: message.into(),
        });
    }

    /// Text that may be left out; `expected` completes "expected …".
    pub(super) fn text<'a>(
        &mut self,
        at: Path<'_>,
        value: &'a Scalar<'_>,
        expected: &str,
    ) -> Option<&'a str> {
        match value {
            Scalar::Absent => None,
            Scalar::Text(text) => Some(text),
            Scalar::Number(_) | Scalar::Other(_) => {
                self.note(at, format!("is {}; expected {expected}", value.found()));
                None
            }
        }
    }

    /// Notes what is missing.
    pub(super) fn required<T>(
        &mut self,
        at: Path<'_>,
        value: Option<T>,
        is_absent: bool,
        expected: &str,
    ) -> Option<T> {
        if is_absent {
            self.note(at, format!("is missing; expected {expected}"));
        }
        value
    }

    /// An id that may be left out.
    pub(super) fn optional_id<'a>(&mut self, at: Path<'_>, value: &'a Scalar<'_>) -> Option<&'a str> {
        let text = self.text(at, value, ID)?;
        if let Some(wrong) = wrong_id(text) {
            self.note(at, format!("{wrong}; expected {ID}"));
            return None;
        }
        Some(text)
    }

    /// An id that has to be there.
    pub(super) fn id<'a>(&mut self, at: Path<'_>, value: &'a Scalar<'_>) -> Option<&'a str> {
        let id = self.optional_id(at, value);
        self.required(at, id, matches!(value, Scalar::Absent), ID)
    }

    /// A point in time that may be left out.
    pub(super) fn optional_time(&mut self, at: Path<'_>, value: &Scalar<'_>) -> Option<Timestamp> {
        let text = self.text(at, value, TIME)?;
        match Timestamp::parse(text) {
            Ok(time) if (FIRST_MOMENT..LAST_MOMENT).contains(&time) => return Some(time),
            Ok(_) => self.note(
                at,
                "is not between the years 2000 and 2100; check the clock and the time unit of the sender",
            ),
            Err(error) => self.note(at, error.to_string()),
        }
        None
    }

    /// A point in time that has to be there.
    pub(super) fn time(&mut self, at: Path<'_>, value: &Scalar<'_>) -> Option<Timestamp> {
        let time = self.optional_time(at, value);
        self.required(at, time, matches!(value, Scalar::Absent), TIME)
    }

    /// A word of a fixed set that may be left out.
    pub(super) fn word<T: Copy>(
        &mut self,
        at: Path<'_>,
        value: &Scalar<'_>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let given = match value {
            Scalar::Absent => return None,
            Scalar::Text(text) => match words.iter().find(|(word, _)| word == text) {
                Some((_, meaning)) => return Some(*meaning),
                None => format!("{:?}", shortened(text)),
            },
            Scalar::Number(_) | Scalar::Other(_) => value.found().to_owned(),
        };
        self.note(at, format!("is {given}; expected {}", one_of(words)));
        None
    }

    /// A word of a fixed set that has to be there.
    pub(super) fn required_word<T: Copy>(
        &mut self,
        at: Path<'_>,
        value: &Scalar<'_>,
        words: &[(&str, T)],
    ) -> Option<T> {
        if matches!(value, Scalar::Absent) {
            return self.required(at, None, true, &one_of(words));
        }
        self.word(at, value, words)
    }

    /// A phone number as written by the sender, with or without formatting.
    pub(super) fn phone<'a>(&mut self, at: Path<'_>, value: &'a Scalar<'_>) -> Option<&'a str> {
        let text = self.text(at, value, PHONE)?;
        if text.chars().nth(LONGEST).is_some() {
            self.note(at, format!("is longer than {LONGEST} characters; expected {PHONE}"));
            return None;
        }
        Some(text)
    }

    /// A GUID that may be left out.
    pub(super) fn guid<'a>(&mut self, at: Path<'_>, value: &'a Scalar<'_>) -> Option<&'a str> {
        let text = self.text(at, value, GUID)?;
        if is_guid(text) {
            return Some(text);
        }
        self.note(at, format!("is {:?}; expected {GUID}", shortened(text)));
        None
    }

    /// An object; says if something else is in its place. A missing one is noted when it is `required`.
    pub(super) fn object<'a, T>(
        &mut self,
        at: Path<'_>,
        value: &'a Object<T>,
        required: Option<&str>,
    ) -> Option<&'a T> {
        match value {
            Object::Is(object) => return Some(object),
            Object::Absent => {
                self.required(at, None::<()>, required.is_some(), required.unwrap_or_default());
            }
            Object::Other(found) => self.note(at, format!("is {found}; expected an object")),
        }
        None
    }
}

const ID: &str = "text of 1 to 200 characters";
const TIME: &str = "a time of RFC 3339 such as \"2026-11-22T10:00:03.120+03:00\"";
const PHONE: &str = "text such as \"+79997775533\": send phone numbers as text";
const GUID: &str = "the communicationId of Kontur's call (a GUID), or null";

fn wrong_id(text: &str) -> Option<String> {
    if text.is_empty() {
        Some("is empty".to_owned())
    } else if text.len() > LONGEST && text.chars().nth(LONGEST).is_some() {
        Some(format!("has {} characters", text.chars().count()))
    } else if text.bytes().any(|byte| byte.is_ascii_control()) {
        Some("has control characters in it".to_owned())
    } else {
        None
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn one_of<T>(words: &[(&str, T)]) -> String {
    let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    format!("one of {}", words.join(", "))
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
