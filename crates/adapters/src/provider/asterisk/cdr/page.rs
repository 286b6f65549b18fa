//! Pages of a history that can only be read from beginning to end: which calls come next, and what is known of them. Pure,
//! and of the size of a page, not of the history.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use domain::clock::Timestamp;

use super::row::{Record, linkedid};

/// Calls of a page.
pub(super) const PAGE: usize = 200;

/// No call is taken to last longer: its records lie within, counted from when it began.
pub(super) const LONGEST_CALL: Duration = Duration::from_hours(24);

/// Where a call stands in the history; as a text, the cursor of the page that comes after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) began_at: Timestamp,
    pub(super) linkedid: String,
}

impl Mark {
    /// Before all calls that began then.
    pub(super) const fn before(began_at: Timestamp) -> Self {
        Self { began_at, linkedid: String::new() }
    }

    pub(super) fn parse(cursor: &str) -> Option<Self> {
        let (micros, linkedid) = cursor.split_once('/')?;
        let began_at = Timestamp::from_micros(micros.parse().ok()?);
        Some(Self { began_at, linkedid: linkedid.to_owned() })
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.began_at.micros(), self.linkedid)
    }
}

/// Takes in records in about the order in which they were written.
pub(super) trait Reader: Send + 'static {
    /// Takes one in.
    fn take(&mut self, record: Record);

    /// Records that were written later are of no interest.
    fn until(&self) -> Timestamp;
}

/// The calls of a page, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) marks: Vec<Mark>,
    /// Others come after them.
    pub(super) has_more: bool,
}

/// The calls that come next, of those that began within a window.
#[derive(Debug)]
pub(super) struct Next {
    after: Mark,
    to: Timestamp,
    marks: BTreeSet<Mark>,
    began_at: HashMap<String, Timestamp>,
    /// Calls that are not after it, of which there may be later records.
    passed: HashSet<String>,
    /// The first that found no place: of what comes after it not all is known.
    full_at: Option<Mark>,
}

impl Next {
    /// The calls after a mark that began before `to`.
    pub(super) fn new(after: Mark, to: Timestamp) -> Self {
        let (marks, began_at, passed) = (BTreeSet::new(), HashMap::new(), HashSet::new());
        Self { after, to, marks, began_at, passed, full_at: None }
    }

    /// A page of them.
    pub(super) fn listed(mut self) -> Listed {
        let mut has_more = false;
        if let Some(full_at) = self.full_at {
            drop(self.marks.split_off(&full_at));
            has_more = !self.marks.is_empty();
        }
        Listed { marks: self.marks.into_iter().collect(), has_more }
    }

    fn forget(&mut self, linkedid: &str) {
        if let Some(began_at) = self.began_at.remove(linkedid) {
            self.marks.remove(&Mark { began_at, linkedid: linkedid.to_owned() });
        }
    }

    fn keep(&mut self, mark: Mark) {
        self.began_at.insert(mark.linkedid.clone(), mark.began_at);
        self.marks.insert(mark);
        if self.marks.len() <= PAGE {
            return;
        }
        if let Some(last) = self.marks.pop_last() {
            self.began_at.remove(&last.linkedid);
            self.full_at = Some(self.full_at.take().map_or(last.clone(), |known| known.min(last)));
        }
    }
}

impl Reader for Next {
    fn take(&mut self, record: Record) {
        let Ok(row) = record else { return };
        let mark = Mark { began_at: row.start, linkedid: row.linkedid };
        if mark <= self.after {
            self.forget(&mark.linkedid);
            self.passed.insert(mark.linkedid);
            return;
        }
        let is_earliest = self.began_at.get(&mark.linkedid).is_none_or(|known| mark.began_at < *known);
        if mark.began_at < self.to && is_earliest && !self.passed.contains(&mark.linkedid) {
            self.forget(&mark.linkedid);
            self.keep(mark);
        }
    }

    fn until(&self) -> Timestamp {
        let last = self.marks.last().filter(|_| self.marks.len() == PAGE);
        last.map_or(self.to, |last| last.began_at).plus(LONGEST_CALL)
    }
}

/// All records of some calls.
#[derive(Debug)]
pub(super) struct Wanted {
    linkedids: HashSet<String>,
    until: Timestamp,
    pub(super) records: Vec<Record>,
}

impl Wanted {
    /// The calls, and when their last record was written.
    pub(super) fn new(linkedids: impl IntoIterator<Item = String>, until: Timestamp) -> Self {
        Self { linkedids: linkedids.into_iter().collect(), until, records: Vec::new() }
    }
}

impl Reader for Wanted {
    fn take(&mut self, record: Record) {
        if self.linkedids.contains(linkedid(&record)) {
            self.records.push(record);
        }
    }

    fn until(&self) -> Timestamp {
        self.until
    }
}

#[cfg(test)]
mod tests;
