//! The history of an Asterisk: its call detail records, wherever it keeps them (contract Providers §c.4). Records are
//! written when somebody hangs up, so that a call that goes on may have some already.

mod began;
mod calls;
mod csv;
mod http;
mod page;
mod postgres;
mod recording;
mod row;
mod sql;
mod sqlite;
mod time;

use std::collections::HashSet;
use std::time::Duration;

use chrono_tz::Tz;
use domain::call::past::PastCall;
use domain::clock::Timestamp;
use domain::id::ExternalId;
use domain::instance::settings::{CdrSettings, CdrSource};
use domain::port::provider::{HistoryPage, Window};
use domain::port::{RemoteError, RemoteErrorKind};

use super::rules::Rules;
use super::{NAME, fault};
use page::{LONGEST_CALL, Listed, Mark, Next, Wanted};
use row::Record;

/// A call whose `linkedid` does not tell when it began is looked for among those of the last days.
const RECENT: Duration = Duration::from_hours(48);

/// Whether a clock is off, or in another zone than it is said to be, is nothing that a look-up depends on.
const ZONES: Duration = Duration::from_hours(14);

/// The call detail records of one Asterisk.
#[derive(Debug)]
pub(super) struct Cdr {
    source: Source,
    rules: Rules,
}

#[derive(Debug)]
enum Source {
    Csv(csv::CsvFile),
    Sqlite(sqlite::SqliteTable),
    Postgres(Box<postgres::PostgresTable>),
    Http(http::HttpRows),
}

impl Cdr {
    /// Reads what `settings` say. Times are of `zone` unless they say otherwise. The error is for a person and says which
    /// key is wrong.
    pub(super) fn new(
        settings: &CdrSettings,
        rules: Rules,
        zone: Tz,
        http: reqwest::Client,
    ) -> Result<Self, String> {
        let zone = settings.time_zone.unwrap_or(zone);
        let name = |table: &String| {
            let expected =
                || format!("cdr.table {table:?} is no name of a table such as cdr or asterisk.cdr");
            if sql::is_name(table) { Ok(table.clone()) } else { Err(expected()) }
        };
        let source = match &settings.source {
            CdrSource::Csv { path } => Source::Csv(csv::CsvFile::new(path.clone(), zone)),
            CdrSource::Sqlite { path, table } => {
                Source::Sqlite(sqlite::SqliteTable::new(path.clone(), name(table)?, zone))
            }
            CdrSource::Postgres { database_url, table } => {
                Source::Postgres(Box::new(postgres::PostgresTable::new(database_url, name(table)?, zone)?))
            }
            CdrSource::Http { url, token } => {
                Source::Http(http::HttpRows::new(http, url.clone(), token.clone(), zone))
            }
        };
        Ok(Self { source, rules })
    }

    /// A page of the calls that began within `window`, without those that go on.
    pub(super) async fn history(
        &self,
        window: Window,
        cursor: Option<&str>,
        goes_on: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<HistoryPage, RemoteError> {
        let after = match cursor {
            Some(cursor) => Mark::parse(cursor).ok_or_else(not_ours)?.max(Mark::before(window.from)),
            None => Mark::before(window.from),
        };
        let Listed { marks, has_more } = self.source.next(&after, window.to).await?;
        let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
            return Ok(HistoryPage::default());
        };
        let (from, to) = (first.began_at, last.began_at.plus(LONGEST_CALL));
        let next = has_more.then(|| last.to_string());
        let linkedids: Vec<String> =
            marks.into_iter().map(|mark| mark.linkedid).filter(|id| !goes_on(id)).collect();
        let mut calls = self.calls(&linkedids, from, to).await?;
        calls.retain(|call| window.from <= call.started_at && call.started_at < window.to);
        Ok(HistoryPage { calls, next })
    }

    /// Calls whose records were found a moment ago.
    async fn calls(
        &self,
        linkedids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<PastCall>, RemoteError> {
        if linkedids.is_empty() {
            return Ok(Vec::new());
        }
        let records = self.source.records(linkedids, from, to).await?;
        let found: HashSet<&str> = records.iter().map(row::linkedid).collect();
        if linkedids.iter().any(|linkedid| !found.contains(linkedid.as_str())) {
            let message = "records are gone that were there a moment ago, as when their file is rotated; they are \
                           read again later";
            return Err(fault("read history", RemoteErrorKind::Unavailable, message));
        }
        let read = calls::calls(records, &self.rules);
        if read.left_out > 0 {
            tracing::warn!(
                provider = NAME,
                count = read.left_out,
                "calls of the history are left out: nobody is known in them, or a record cannot be read"
            );
        }
        Ok(read.calls)
    }

    /// A call as its records have it, whether it goes on or not. `NotFound` if there are none.
    pub(super) async fn call(&self, id: &ExternalId) -> Result<PastCall, RemoteError> {
        let records = self.source.of_call(id.as_str()).await?;
        let none =
            || fault("read call", RemoteErrorKind::NotFound, "the call has no records that can be read");
        calls::calls(records, &self.rules).calls.pop().ok_or_else(none)
    }

    /// Whether records can be read, tell which of them are of one call, and have times of the zone.
    pub(super) async fn check(&self) -> Result<(), RemoteError> {
        let latest = match &self.source {
            Source::Csv(file) => file.latest().await?,
            Source::Sqlite(table) => table.latest().await?,
            Source::Postgres(table) => table.latest().await?,
            Source::Http(endpoint) => endpoint.check().await.map(|()| Vec::new())?,
        };
        match began::minutes_late(&latest) {
            Some(minutes) => Err(other_zone(minutes)),
            None => Ok(()),
        }
    }
}

impl Source {
    async fn next(&self, after: &Mark, to: Timestamp) -> Result<Listed, RemoteError> {
        let next = || Next::new(after.clone(), to);
        match self {
            Self::Csv(file) => Ok(file.scan(after.began_at, next()).await?.listed()),
            Self::Http(endpoint) => Ok(endpoint.scan(after.began_at, next()).await?.listed()),
            Self::Sqlite(table) => table.next(after, to).await,
            Self::Postgres(table) => table.next(after, to).await,
        }
    }

    async fn records(
        &self,
        linkedids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Record>, RemoteError> {
        let wanted = || Wanted::new(linkedids.iter().cloned(), to);
        match self {
            Self::Csv(file) => Ok(file.scan(from, wanted()).await?.records),
            Self::Http(endpoint) => Ok(endpoint.scan(from, wanted()).await?.records),
            Self::Sqlite(table) => table.records(linkedids, from, to).await,
            Self::Postgres(table) => table.records(linkedids, from, to).await,
        }
    }

    async fn of_call(&self, linkedid: &str) -> Result<Vec<Record>, RemoteError> {
        let near = began::of(linkedid).map(|at| (at.minus(ZONES), at.plus(LONGEST_CALL).plus(ZONES)));
        match (self, near) {
            (Self::Http(endpoint), _) => endpoint.of_call(linkedid).await,
            (Self::Csv(file), None) => {
                let wanted = Wanted::new([linkedid.to_owned()], FOREVER.1);
                Ok(file.scan_last(RECENT, wanted).await?.records)
            }
            (_, near) => {
                let (from, to) = near.unwrap_or(FOREVER);
                self.records(&[linkedid.to_owned()], from, to).await
            }
        }
    }
}

/// Longer than there are telephones: the years 1970 to 9000.
const FOREVER: (Timestamp, Timestamp) =
    (Timestamp::from_micros(0), Timestamp::from_micros(221_845_392_000_000_000));

fn not_ours() -> RemoteError {
    fault("read history", RemoteErrorKind::Rejected, "the cursor is none of ours")
}

fn other_zone(minutes: i64) -> RemoteError {
    let hours =
        format!("{}{}:{:02}", if minutes < 0 { "-" } else { "" }, minutes.abs() / 60, minutes.abs() % 60);
    let message =
        format!("the times of the records are {hours} h late; set cdr.time_zone to the zone of the PBX");
    fault("check", RemoteErrorKind::Rejected, message)
}

#[cfg(test)]
mod tests;
