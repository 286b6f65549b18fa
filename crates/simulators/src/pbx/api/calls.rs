//! `…/control/calls`: begin a call, end a leg, read the history.

use std::time::Instant;

use chrono::{DateTime, FixedOffset};
use poem::IntoResponse;
use poem::web::{Data, Json};
use poem_openapi::param::{Path, Query};
use poem_openapi::{ApiResponse, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::ControlToken;
use super::answer::{Answer, ErrorBody, Served, error, too_often};
use super::wire::{CallBody, CallId, CallPage, CreateCall};
use crate::pbx::call::CallShown;
use crate::pbx::exchange::PhoneSystem;
use crate::pbx::history::{Place, Window};
use crate::pbx::{Handle, PbxError};
use crate::server::{Exchange, JournalNote};
use crate::strict::{Described, Invalid, Strict};

/// The size of a page, and the largest.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

#[derive(ApiResponse)]
enum Created {
    /// The employee's telephone rings.
    #[oai(status = 202)]
    Accepted(Described<CallId>),
    /// There is no such extension.
    #[oai(status = 404)]
    NotFound(Described<ErrorBody>),
    /// The request id was used for another call.
    #[oai(status = 409)]
    Conflict(Described<ErrorBody>),
}

#[derive(ApiResponse)]
enum Deleted {
    /// The leg has ended, now or before.
    #[oai(status = 204)]
    Gone,
    /// There is no such call or leg.
    #[oai(status = 404)]
    NotFound(Described<ErrorBody>),
}

pub(super) struct Calls;

#[OpenApi(prefix_path = "/control")]
impl Calls {
    /// Begin a call: the employee's telephone rings first, then the client's
    #[oai(path = "/calls", method = "post")]
    async fn create(
        &self,
        _token: ControlToken,
        handle: Data<&Handle>,
        exchange: Data<&Exchange>,
        body: Strict<CreateCall>,
    ) -> Created {
        let wanted = body.body;
        let known = &handle.options.extensions;
        if !known.is_empty() && !known.contains(&wanted.extension) {
            return Created::NotFound(error(
                "not_found",
                &format!("there is no extension {}", wanted.extension),
            ));
        }
        if let Some(call) = handle.system().requested(&wanted.request_id).cloned() {
            if call.client_phone != wanted.client_phone.0 || call.leg(&wanted.extension).is_none() {
                exchange.violation(format!("the request id {} was used for another call", wanted.request_id));
                return Created::Conflict(error("conflict", "the request id was used for another call"));
            }
            return Created::Accepted(Described::new(json!({"call_id": call.call_id})));
        }
        let call_id = handle.dial_out(&wanted.extension, &wanted.client_phone.0, Some(&wanted.request_id));
        Created::Accepted(Described::new(json!({"call_id": call_id})))
    }

    /// End a leg
    #[oai(path = "/calls/:call_id/legs/:leg_id", method = "delete")]
    async fn end_leg(
        &self,
        _token: ControlToken,
        handle: Data<&Handle>,
        call_id: Path<String>,
        leg_id: Path<String>,
    ) -> Deleted {
        match handle.act(|system| system.drop_leg(&call_id, &leg_id, None)) {
            Ok(()) | Err(PbxError::WrongState { .. }) => Deleted::Gone,
            Err(unknown) => Deleted::NotFound(error("not_found", &unknown.to_string())),
        }
    }

    /// The history: calls with `started_at` in [from, to), oldest first
    #[oai(path = "/calls", method = "get")]
    async fn list(
        &self,
        _token: ControlToken,
        handle: Data<&Handle>,
        from: Query<DateTime<FixedOffset>>,
        to: Query<DateTime<FixedOffset>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// 1 to 500; 100 unless given.
        limit: Query<Option<usize>>,
    ) -> poem::Result<Served<Answer<CallPage>>> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Invalid::one("limit", format!("the limit is not in 1..={MAX_LIMIT}")).into());
        }
        if *from >= *to {
            return Err(Invalid::one("to", "the window is empty").into());
        }
        let after = match &cursor.0 {
            Some(cursor) => {
                Some(Place::decode(cursor).ok_or_else(|| Invalid::one("cursor", "not a cursor of mine"))?)
            }
            None => None,
        };
        let window = Window { from: *from, to: *to, after, limit };
        let mut system = handle.system();
        if let Err(retry_after) = system.limiter.take(Instant::now()) {
            return Ok(Served::new(too_often(retry_after)));
        }
        Ok(page(&system, &window))
    }

    /// One call, with fresh urls of its recordings
    #[oai(path = "/calls/:call_id", method = "get")]
    async fn get(
        &self,
        _token: ControlToken,
        handle: Data<&Handle>,
        call_id: Path<String>,
    ) -> Answer<CallBody> {
        let system = handle.system();
        match system.call(&call_id) {
            Ok(call) => Answer::Done(Described::new(json!(system.history_entry(&call)))),
            Err(unknown) => Answer::NotFound(error("not_found", &unknown.to_string())),
        }
    }
}

/// [`CallPage`], to be written.
#[derive(Serialize)]
struct PageShown<'a> {
    calls: Vec<CallShown<'a>>,
    next_cursor: Option<String>,
}

fn page(system: &PhoneSystem, window: &Window) -> Served<Answer<CallPage>> {
    let page = system.page(window);
    let calls: Vec<_> = page.calls.iter().map(|call| system.history_entry(call)).collect();
    // Written at once: a page of values costs several times as much to make.
    let body = PageShown { calls, next_cursor: page.next.map(|last| last.encode()) };
    let mut response = Json(body).into_response();
    if !system.imagined().is_empty() {
        // A journal of a million calls would cost the memory that imagining them saves.
        response.extensions_mut().insert(JournalNote(format!("({} calls)", page.calls.len())));
    }
    Served::new(response)
}
