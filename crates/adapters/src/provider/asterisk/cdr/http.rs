//! A small endpoint of the customer's beside the PBX, which answers with records (docs/providers/asterisk.md, History).
//!
//! `GET url?from=…&to=…` (RFC 3339): the records that ended from then to then, in the order in which they ended;
//! `GET url?linkedid=…`: those of a call. `{"rows": [{"linkedid": "1795402616.0", "start": "…", …}], "more": true}`; with
//! `more` there are further ones, which are asked for from the last one's end on.

use std::collections::HashMap;

use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::page::Reader;
use super::row::{Record, read};
use crate::http::{Asked, Reply};
use crate::provider::asterisk::NAME;

const ASKED: Asked = Asked { system: NAME, operation: "read history" };

/// An endpoint whose times are of a zone, if they have no offset.
#[derive(Debug, Clone)]
pub(super) struct HttpRows {
    http: reqwest::Client,
    url: Url,
    token: Option<Secret>,
    zone: Tz,
}

/// An answer.
#[derive(Debug, Deserialize)]
struct Page {
    rows: Vec<HashMap<String, Value>>,
    #[serde(default)]
    more: bool,
}

impl HttpRows {
    pub(super) fn new(http: reqwest::Client, url: Url, token: Option<Secret>, zone: Tz) -> Self {
        Self { http, url, token, zone }
    }

    /// Has `reader` take in what ended from `from` on.
    pub(super) async fn scan<R: Reader>(&self, from: Timestamp, mut reader: R) -> Result<R, RemoteError> {
        let mut from = from;
        loop {
            let (reply, page) =
                self.ask(&[("from", &from.rfc3339()), ("to", &reader.until().rfc3339())]).await?;
            let records: Vec<Record> = page.rows.iter().map(|row| self.record(row)).collect();
            let last = records.iter().filter_map(|record| Some(record.as_ref().ok()?.end)).max();
            for record in records {
                reader.take(record);
            }
            match last {
                _ if !page.more => return Ok(reader),
                Some(last) if last > from => from = last,
                _ => {
                    let message =
                        "there are said to be more rows, but none that ended later; expected them in the \
                                   order of their end"
                            .to_owned();
                    return Err(ASKED.error(RemoteErrorKind::Malformed, &reply, message));
                }
            }
            if from > reader.until() {
                return Ok(reader);
            }
        }
    }

    /// The records of a call.
    pub(super) async fn of_call(&self, linkedid: &str) -> Result<Vec<Record>, RemoteError> {
        let (_, page) = self.ask(&[("linkedid", linkedid)]).await?;
        Ok(page.rows.iter().map(|row| self.record(row)).collect())
    }

    /// Whether it answers with rows, asked for a call that never was.
    pub(super) async fn check(&self) -> Result<(), RemoteError> {
        self.of_call("0.0").await.map(drop)
    }

    fn record(&self, row: &HashMap<String, Value>) -> Record {
        let texts: HashMap<&str, String> =
            row.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
        read(|name| texts.get(name).map(String::as_str), self.zone)
    }

    async fn ask(&self, query: &[(&str, &str)]) -> Result<(Reply, Page), RemoteError> {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(query);
        let mut request = self.http.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let reply = ASKED.send(request).await?;
        if !reply.status.is_success() {
            return Err(ASKED.refused(&reply));
        }
        let page = reply.json(ASKED)?;
        Ok((reply, page))
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
