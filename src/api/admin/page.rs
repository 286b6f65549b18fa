//! Pages of lists: `{"items":[…],"next_cursor":…}`.

use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON};

use super::types::{Cursor, Limit};

/// A page of a list.
#[derive(Debug, Object)]
pub(super) struct Page<T: ParseFromJSON + ToJSON> {
    /// What is on the page.
    pub(super) items: Vec<T>,
    /// Give it as `cursor` to get the next page; `null` on the last.
    pub(super) next_cursor: Option<String>,
}

impl<T: ParseFromJSON + ToJSON> Page<T> {
    /// A list that is never long.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }

    /// The first `limit` of `rows`, of which one more was asked for to see whether there are more.
    pub(super) fn of<R>(
        mut rows: Vec<R>,
        limit: Limit,
        id: impl Fn(&R) -> i64,
        show: impl FnMut(R) -> T,
    ) -> Self {
        let limit = usize::try_from(limit.0).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more).map(id);
        Self { items: rows.into_iter().map(show).collect(), next_cursor: last.map(|id| Cursor(id).text()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_cursor_only_if_there_is_more() {
        let page = |rows: Vec<i64>| Page::of(rows, Limit(2), |id| *id, |id| id);
        assert_eq!(page(vec![9, 8, 7]).next_cursor, Some(Cursor(8).text()));
        assert_eq!(page(vec![9, 8, 7]).items, [9, 8]);
        assert_eq!(page(vec![9, 8]).next_cursor, None);
        assert_eq!(page(vec![]).next_cursor, None);
    }
}
