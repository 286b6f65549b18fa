//! A telephony's history, page by page, made before it is asked for.

use std::time::Duration;

use domain::clock::Timestamp;
use serde_json::{Value, json};

/// Calls of a page, as the adapter asks.
pub(in crate::cli::bench) const PAGE: usize = 200;

/// Where pages are asked for.
pub(in crate::cli::bench) const PATH: &str = "/pbx/calls";

/// The calls began so long ago or later.
const AGO: Duration = Duration::from_hours(20);

/// Each lasted for so long, and they are over.
const LASTED: Duration = Duration::from_mins(1);

/// Pages that are ready to be sent.
#[derive(Debug, Default)]
pub(super) struct History(Vec<String>);

impl History {
    /// So many calls, all answered; calls of different names differ.
    pub(super) fn new(name: &str, calls: usize, now: Timestamp) -> Self {
        let first = now.minus(AGO);
        let every = AGO.saturating_sub(LASTED * 10) / u32::try_from(calls.max(1)).unwrap_or(u32::MAX);
        let pages = calls.div_ceil(PAGE);
        let page = |page: usize| {
            let numbers = page * PAGE..calls.min((page + 1) * PAGE);
            let at = |number: usize| first.plus(every * u32::try_from(number).unwrap_or(u32::MAX));
            let calls: Vec<Value> = numbers.map(|number| call(name, number, at(number))).collect();
            let next = (page + 1 < pages).then(|| (page + 1).to_string());
            json!({"calls": calls, "next_cursor": next}).to_string()
        };
        Self((0..pages).map(page).collect())
    }

    /// The page that a query asks for; its cursor is the page's number.
    pub(super) fn page(&self, query: &str) -> String {
        let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
        let number = cursor.map_or(Some(0), |cursor| cursor.parse::<usize>().ok());
        let page = number.and_then(|number| self.0.get(number));
        page.cloned().unwrap_or_else(|| r#"{"calls":[],"next_cursor":null}"#.to_owned())
    }
}

fn call(name: &str, number: usize, at: Timestamp) -> Value {
    let id = format!("{name}-{number:09}");
    let (answered_at, finished_at) = (at.plus(LASTED / 12).rfc3339(), at.plus(LASTED).rfc3339());
    json!({
        "call_id": id, "direction": "inbound", "client_phone": format!("7900{:07}", number % 10_000_000),
        "vats_phone": "79229929292", "request_id": null, "started_at": at.rfc3339(), "finished_at": finished_at,
        "legs": [{
            "id": format!("{id}-1"), "from": {"type": "client"}, "to": {"type": "user", "extension": "101"},
            "started_at": at.rfc3339(), "answered_at": answered_at, "finished_at": finished_at, "recording": null,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_last_call() {
        let history = History::new("h", 450, Timestamp::from_micros(1_795_330_800_000_000));
        let (mut query, mut ids) = ("limit=200".to_owned(), Vec::new());
        loop {
            let page: Value = serde_json::from_str(&history.page(&query)).unwrap();
            let calls = page["calls"].as_array().unwrap();
            ids.extend(calls.iter().map(|call| call["call_id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("limit=200&cursor={next}");
        }
        let expected: Vec<String> = (0..450).map(|number| format!("h-{number:09}")).collect();
        assert_eq!(ids, expected);
        assert_eq!(History::default().page("limit=1"), r#"{"calls":[],"next_cursor":null}"#);
    }
}
