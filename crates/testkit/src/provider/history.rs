//! What a telephony system tells of the past, page by page.

use std::collections::VecDeque;
use std::sync::Mutex;

use domain::call::past::PastCall;
use domain::port::provider::{HistoryPage, Window};
use domain::port::{RemoteError, RemoteErrorKind};

use crate::lock;

/// Calls of a page.
const PAGE: usize = 200;

/// Pages as they were made, then calls that it looks through; and what it was asked for.
#[derive(Debug, Default)]
pub struct FakeHistory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    pages: VecDeque<HistoryPage>,
    /// In the order they began.
    calls: Vec<PastCall>,
    refusals: VecDeque<RemoteError>,
    /// How often it forgot the cursors that it gave out.
    forgot: u32,
    asked: Vec<(Window, Option<String>)>,
}

impl FakeHistory {
    /// The next pages; after them it looks through the calls that it knows.
    pub fn push(&self, page: HistoryPage) {
        lock(&self.0).pages.push_back(page);
    }

    /// Knows these calls as well from now on; of a call that it knew it has what is said now.
    pub fn write(&self, calls: impl IntoIterator<Item = PastCall>) {
        let known = &mut lock(&self.0).calls;
        for call in calls {
            known.retain(|before| before.call != call.call);
            let place = known.partition_point(|before| before.started_at <= call.started_at);
            known.insert(place, call);
        }
    }

    /// Refuses the next requests.
    pub fn refuse(&self, errors: impl IntoIterator<Item = RemoteError>) {
        lock(&self.0).refusals.extend(errors);
    }

    /// Does not know the cursors any more that it gave out so far.
    pub fn forget_cursors(&self) {
        lock(&self.0).forgot += 1;
    }

    /// The windows and cursors that it was asked for so far.
    pub fn asked(&self) -> Vec<(Window, Option<String>)> {
        lock(&self.0).asked.clone()
    }

    pub(super) fn page(&self, window: Window, cursor: Option<&str>) -> Result<HistoryPage, RemoteError> {
        let mut inner = lock(&self.0);
        inner.asked.push((window, cursor.map(str::to_owned)));
        if let Some(error) = inner.refusals.pop_front() {
            return Err(error);
        }
        if let Some(page) = inner.pages.pop_front() {
            return Ok(page);
        }
        inner.look_through(window, cursor)
    }
}

impl Inner {
    fn look_through(&self, window: Window, cursor: Option<&str>) -> Result<HistoryPage, RemoteError> {
        let unknown = || {
            RemoteError::new("generic", "read history", RemoteErrorKind::Rejected, "the cursor is not known")
        };
        let from = cursor.map_or(Ok(0), |cursor| self.place(cursor).ok_or_else(unknown))?;
        let wanted =
            self.calls.iter().filter(|call| window.from <= call.started_at && call.started_at < window.to);
        let calls: Vec<PastCall> = wanted.skip(from).take(PAGE + 1).cloned().collect();
        let next = (calls.len() > PAGE).then(|| format!("{}-{}", self.forgot, from + PAGE));
        Ok(HistoryPage { calls: calls.into_iter().take(PAGE).collect(), next })
    }

    fn place(&self, cursor: &str) -> Option<usize> {
        let (given, place) = cursor.split_once('-')?;
        place.parse().ok().filter(|_| given == self.forgot.to_string())
    }
}
