//! The history: what happened and what is imagined, in one order, page by page.

mod limit;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, FixedOffset};

pub use self::limit::HistoryLimit;
pub(super) use self::limit::Limiter;
use super::call::Call;
use super::exchange::PhoneSystem;

/// Where a call stands in the history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Unix time in milliseconds.
    started_at: i64,
    call_id: String,
}

/// What is asked for: calls with `started_at` in [from, to), behind a place.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) from: DateTime<FixedOffset>,
    pub(super) to: DateTime<FixedOffset>,
    /// The last call of the page before.
    pub(super) after: Option<Place>,
    pub(super) limit: usize,
}

/// Some calls, oldest first, and whether there are more.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) calls: Vec<Cow<'a, Call>>,
    /// Where the next page begins behind; none: this was the last.
    pub(super) next: Option<Place>,
}

impl Place {
    pub(super) fn new(started_at: DateTime<FixedOffset>, call_id: String) -> Self {
        Self { started_at: started_at.timestamp_millis(), call_id }
    }

    pub(super) fn of(call: &Call) -> Self {
        Self::new(call.started_at, call.call_id.clone())
    }

    /// Before everything that started at this moment.
    fn at(moment: DateTime<FixedOffset>) -> Self {
        Self::new(moment, String::new())
    }

    /// As text that means nothing to others.
    pub(super) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}|{}", self.started_at, self.call_id))
    }

    /// Reads what [`Place::encode`] wrote.
    pub(super) fn decode(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (millis, id) = text.split_once('|')?;
        Some(Self { started_at: millis.parse().ok()?, call_id: id.to_owned() })
    }
}

impl Window {
    /// Nothing before this place is asked for.
    pub(super) fn first(&self) -> Place {
        self.after.clone().into_iter().fold(Place::at(self.from), Place::max)
    }

    /// Whether a call that does not stand before [`Window::first`] is asked for.
    pub(super) fn takes(&self, call: &Call) -> bool {
        call.started_at >= self.from && self.after.as_ref().is_none_or(|after| Place::of(call) > *after)
    }

    /// Whether this call and all behind it are too late.
    pub(super) fn ends_before(&self, call: &Call) -> bool {
        call.started_at >= self.to
    }
}

impl PhoneSystem {
    /// A page of the history; what it costs depends on its size and hardly on that of the history.
    pub(super) fn page(&self, window: &Window) -> Page<'_> {
        let mut calls: Vec<Cow<'_, Call>> = some(window, self.happened_since(window.first()));
        for imagined in self.imagined() {
            calls.extend(some(window, imagined.since(&window.first()).map(Cow::Owned)));
        }
        calls.sort_by_cached_key(|call| Place::of(call));
        let has_more = calls.len() > window.limit;
        calls.truncate(window.limit);
        let next = calls.last().filter(|_| has_more).map(|last| Place::of(last));
        Page { calls, next }
    }
}

/// What a page can take of some calls in their order, and one more.
fn some<'a>(window: &Window, calls: impl Iterator<Item = Cow<'a, Call>>) -> Vec<Cow<'a, Call>> {
    let in_window = calls.take_while(|call| !window.ends_before(call)).filter(|call| window.takes(call));
    in_window.take(window.limit + 1).collect()
}
