//! The control API that we call (design, Generic PBX). The bearer token goes to `control_url` and nowhere else.

use std::fmt;

use domain::call::event::Recording;
use domain::call::past::PastCall;
use domain::clock::Timestamp;
use domain::id::{ExternalId, LegId};
use domain::phone::Country;
use domain::port::provider::{DialRequest, HistoryPage, WebhookFault, Window};
use domain::port::recordings::{FetchError, Fetched, Sink};
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use reqwest::Method;
use serde::Deserialize;
use url::Url;

use super::fields::{Faults, Path};
use super::wire::{self, List, MOST, NewCall, Object, Page, PlacedCall};
use super::{NAME, history};
use crate::fetch::{Credentials, Source};
use crate::http::{Asked, Reply};

/// Calls asked for at once; the contract allows 500. With a few legs each, a page stays far below the body limit.
const PAGE: &str = "200";

/// The first second of the year 2000.
const LONG_GONE: Window = Window {
    from: Timestamp::from_micros(946_684_800_000_000),
    to: Timestamp::from_micros(946_684_801_000_000),
};

/// A PBX's control API.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Secret,
    country: Country,
    /// For recordings that are not at the PBX itself.
    public: Option<reqwest::Client>,
    hosts: Vec<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.host_str()).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(http: reqwest::Client, base: Url, token: Secret, country: Country) -> Self {
        Self { http, base, token, country, public: None, hosts: Vec::new() }
    }

    /// Recordings may be at these hosts as well.
    pub(super) fn with_hosts(mut self, public: Option<reqwest::Client>, hosts: Vec<String>) -> Self {
        (self.public, self.hosts) = (public, hosts);
        self
    }

    /// Places a call. The PBX knows a repeat by its `request_id`.
    pub(super) async fn dial(&self, request: &DialRequest) -> Result<ExternalId, RemoteError> {
        let asked = asked("place call");
        let body = NewCall {
            request_id: request.request.as_str(),
            extension: request.extension.as_str(),
            client_phone: request.client_phone.as_str(),
            auto_answer: request.auto_answer,
        };
        let url = self.url(asked, &["calls"])?;
        let reply = succeeded(asked, asked.send(self.request(Method::POST, url).json(&body)).await?)?;
        let placed: PlacedCall<'_> = read(asked, &reply)?;
        let mut faults = Faults::default();
        let call = faults.id(Path::of("call_id"), &placed.call_id);
        call.map(ExternalId::new).ok_or_else(|| malformed(asked, &reply, "", &faults.found))
    }

    /// Ends a leg. One that the PBX does not know any more has ended.
    pub(super) async fn hang_up(&self, call: &ExternalId, leg: &LegId) -> Result<(), RemoteError> {
        let asked = asked("hang up");
        let url = self.url(asked, &["calls", call.as_str(), "legs", leg.as_str()])?;
        let reply = asked.send(self.request(Method::DELETE, url)).await?;
        if matches!(reply.status.as_u16(), 404 | 410) {
            return Ok(());
        }
        succeeded(asked, reply).map(drop)
    }

    /// A page of the calls that began within `window`.
    pub(super) async fn history(
        &self,
        window: Window,
        cursor: Option<&str>,
    ) -> Result<HistoryPage, RemoteError> {
        self.page(asked("read history"), window, cursor, PAGE).await
    }

    /// Asks for the history of a second long gone.
    pub(super) async fn check(&self) -> Result<(), RemoteError> {
        self.page(asked("check"), LONG_GONE, None, "1").await.map(drop)
    }

    async fn page(
        &self,
        asked: Asked,
        window: Window,
        cursor: Option<&str>,
        limit: &str,
    ) -> Result<HistoryPage, RemoteError> {
        let mut url = self.url(asked, &["calls"])?;
        url.query_pairs_mut()
            .append_pair("from", &window.from.rfc3339())
            .append_pair("to", &window.to.rfc3339())
            .append_pair("limit", limit)
            .extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
        let reply = succeeded(asked, asked.send(self.request(Method::GET, url)).await?)?;
        let page: Page<'_> = read(asked, &reply)?;
        let next = next_cursor(&page).map_err(|faults| malformed(asked, &reply, "", &faults))?;
        Ok(HistoryPage { calls: self.past_calls(asked, &reply, &page)?, next })
    }

    /// A call that cannot be read is left out and reported, so that it does not keep all the others from being
    /// known. If none can be read, it is the PBX that is wrong.
    fn past_calls(&self, asked: Asked, reply: &Reply, page: &Page<'_>) -> Result<Vec<PastCall>, RemoteError> {
        let items = match &page.calls {
            List::Are(items, total) if *total <= MOST => items,
            List::Are(_, total) => {
                let message = format!("the page has {total} calls; expected at most {PAGE}");
                return Err(asked.error(RemoteErrorKind::Malformed, reply, message));
            }
            List::Absent | List::Other(_) => {
                let message = "the reply has no list \"calls\"".to_owned();
                return Err(asked.error(RemoteErrorKind::Malformed, reply, message));
            }
        };
        let mut calls = Vec::with_capacity(items.len());
        let mut first_error = None;
        for (index, item) in items.iter().enumerate() {
            match self.past_call(item) {
                Ok(call) => calls.push(call),
                Err(faults) => {
                    let error = malformed(asked, reply, &format!("calls[{index}]."), &faults);
                    tracing::warn!(provider = NAME, %error, "a call of the PBX's history cannot be read and is left out");
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if calls.is_empty() => Err(error),
            _ => Ok(calls),
        }
    }

    fn past_call(&self, item: &Object<wire::PastCall<'_>>) -> Result<PastCall, Vec<WebhookFault>> {
        match item {
            Object::Is(raw) => history::call(raw, self.country),
            Object::Absent | Object::Other(_) => {
                let message = "is no object; expected a call".to_owned();
                Err(vec![WebhookFault { index: None, field: String::new(), message }])
            }
        }
    }

    /// One call as it is known now.
    pub(super) async fn call(&self, call: &ExternalId) -> Result<PastCall, RemoteError> {
        let asked = asked("read call");
        let url = self.url(asked, &["calls", call.as_str()])?;
        let reply = succeeded(asked, asked.send(self.request(Method::GET, url)).await?)?;
        let raw: Object<wire::PastCall<'_>> = read(asked, &reply)?;
        self.past_call(&raw).map_err(|faults| malformed(asked, &reply, "", &faults))
    }

    /// Writes the audio at a recording's URL to `into`.
    pub(super) async fn fetch(
        &self,
        recording: &Recording,
        into: &mut dyn Sink,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        let public = self.public.as_ref();
        let (http, hosts, credentials) = (&self.http, &self.hosts, Credentials::Bearer(&self.token));
        let source = Source { http, public, own: &self.base, credentials, hosts };
        source.fetch(asked("fetch recording"), recording, into, limit).await
    }

    fn request(&self, method: Method, url: Url) -> reqwest::RequestBuilder {
        self.http.request(method, url).bearer_auth(self.token.expose())
    }

    /// `control_url` with further segments, each encoded. Ids that a URL cannot hold as a segment are refused.
    fn url(&self, asked: Asked, segments: &[&str]) -> Result<Url, RemoteError> {
        let refuse =
            |message: &str| RemoteError::new(NAME, asked.operation, RemoteErrorKind::Rejected, message);
        if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
            return Err(refuse("an id of \".\" or \"..\" cannot be a part of a URL"));
        }
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => drop(path.pop_if_empty().extend(segments)),
            Err(()) => return Err(refuse("control_url cannot have a path; expected an http or https URL")),
        }
        Ok(url)
    }
}

const fn asked(operation: &'static str) -> Asked {
    Asked { system: NAME, operation }
}

fn succeeded(asked: Asked, reply: Reply) -> Result<Reply, RemoteError> {
    if reply.status.is_success() { Ok(reply) } else { Err(asked.refused(&reply)) }
}

fn read<'a, T: Deserialize<'a>>(asked: Asked, reply: &'a Reply) -> Result<T, RemoteError> {
    serde_json::from_slice(&reply.body).map_err(|error| {
        asked.error(RemoteErrorKind::Malformed, reply, format!("the reply is not as expected: {error}"))
    })
}

fn next_cursor(page: &Page<'_>) -> Result<Option<String>, Vec<WebhookFault>> {
    let mut faults = Faults::default();
    let next = faults.text(Path::of("next_cursor"), &page.next_cursor, "text or null").map(str::to_owned);
    if faults.found.is_empty() { Ok(next.filter(|cursor| !cursor.is_empty())) } else { Err(faults.found) }
}

fn malformed(asked: Asked, reply: &Reply, within: &str, faults: &[WebhookFault]) -> RemoteError {
    let faults: Vec<String> =
        faults.iter().map(|fault| format!("{within}{} {}", fault.field, fault.message)).collect();
    let message = format!("the reply is not as expected: {}", faults.join("; "));
    asked.error(RemoteErrorKind::Malformed, reply, message)
}
