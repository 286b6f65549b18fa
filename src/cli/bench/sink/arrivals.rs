//! What arrived at the sink, and when.

use std::fmt::Write as _;

use crate::cli::bench::http::find;

/// All callbacks since they were last forgotten.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    notes: Vec<Note>,
    /// The words of all notes, one after the other.
    words: String,
}

/// An arrival, until somebody asks for it.
#[derive(Debug, Clone, Copy)]
struct Note {
    at: u64,
    /// Where its words end.
    end: usize,
}

/// How much arrived, and when. Times are those of [`crate::cli::bench::process::now`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::bench) struct Seen {
    pub(in crate::cli::bench) count: usize,
    pub(in crate::cli::bench) first: u64,
    pub(in crate::cli::bench) last: u64,
}

/// A callback that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::bench) struct Arrival {
    pub(in crate::cli::bench) at: u64,
    /// `call-started`, `appeared`, …, `call-finished`, `register-call`, `job`.
    pub(in crate::cli::bench) what: String,
    /// The telephony's id of the call.
    pub(in crate::cli::bench) call: String,
}

impl Arrivals {
    /// Notes a callback, by its name and its body.
    pub(super) fn note(&mut self, at: u64, name: &str, body: &[u8]) {
        let what = if name == "call-event" { value(body, b"\"type\":\"") } else { name };
        let call = value(body, b"\"externalId\":\"");
        self.words.push_str(what);
        self.words.push(' ');
        self.words.push_str(call);
        self.notes.push(Note { at, end: self.words.len() });
    }

    /// `COUNT FIRST LAST`.
    pub(super) fn seen(&self) -> String {
        let at = |note: Option<&Note>| note.map_or(0, |note| note.at);
        format!("{} {} {}", self.notes.len(), at(self.notes.first()), at(self.notes.last()))
    }

    /// A line for each: `AT WHAT CALL`.
    pub(super) fn list(&self) -> String {
        let (mut list, mut begin) = (String::new(), 0);
        for Note { at, end } in &self.notes {
            // Writing to a string cannot fail.
            let _infallible = writeln!(list, "{at} {}", &self.words[begin..*end]);
            begin = *end;
        }
        list
    }
}

impl Seen {
    /// From the sink's words.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let count = words.next()?.parse().ok()?;
        Some(Self { count, first: words.next()?.parse().ok()?, last: words.next()?.parse().ok()? })
    }
}

impl Arrival {
    /// From a line of the sink's list.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        let at = words.next()?.parse().ok()?;
        Some(Self { at, what: words.next()?.to_owned(), call: words.next()?.to_owned() })
    }
}

/// The text after `key`, up to the next quote. Good enough for what our own adapters write.
fn value<'a>(body: &'a [u8], key: &[u8]) -> &'a str {
    let begin = find(body, key).map_or(body.len(), |at| at + key.len());
    let end = body[begin..].iter().position(|byte| *byte == b'"').map_or(begin, |length| begin + length);
    std::str::from_utf8(&body[begin..end]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_can_be_read_again() {
        let mut arrivals = Arrivals::default();
        arrivals.note(5, "call-started", br#"{"externalId":"a"}"#);
        arrivals.note(9, "job", b"{}");
        assert_eq!(Seen::read(&arrivals.seen()), Some(Seen { count: 2, first: 5, last: 9 }));
        let list: Vec<Arrival> = arrivals.list().lines().filter_map(Arrival::read).collect();
        let arrival = |at, what: &str, call: &str| Arrival { at, what: what.into(), call: call.into() };
        assert_eq!(list, [arrival(5, "call-started", "a"), arrival(9, "job", "")]);
    }
}
