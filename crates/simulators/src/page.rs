//! The sandbox page: place calls, press the CRM's buttons, break things, and watch live what each system received.
//!
//! One page without framework or build step, embedded in the binary; its endpoints call the simulators directly.

mod assets;
mod buttons;
mod calls;
mod faults;
mod feed;
mod state;
mod timing;

use std::sync::Arc;
use std::time::Duration;

use poem::web::sse::SSE;
use poem::web::{Data, Json};
use poem::{EndpointExt, Request, Route, get, handler, post};
use serde::Serialize;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Keeps proxies and browsers from closing a quiet feed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What the page shows and acts on; a clone is the same.
#[derive(Debug, Clone)]
pub struct PageState {
    pub sandbox: Arc<Sandbox>,
    pub links: Vec<Link>,
}

/// A link in the page's head.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// `docs`, `admin`, `metrics` or `console`: known to the page in every language. Others are shown as they are.
    pub name: String,
    pub url: String,
}

/// The page at `/`, its files and endpoints at `/_sandbox/…`. Every address in it is relative: it may be nested.
pub fn page(state: PageState) -> Route {
    let routes = Route::new()
        .at("/", get(assets::html))
        .at("/_sandbox/:file", get(assets::file))
        .at("/_sandbox/state", get(show_state))
        .at("/_sandbox/events", get(events))
        .at("/_sandbox/clear", post(clear))
        .at("/_sandbox/ring", post(calls::ring))
        .at("/_sandbox/busy", post(calls::busy))
        .at("/_sandbox/internal", post(calls::internal))
        .at("/_sandbox/answer", post(calls::answer))
        .at("/_sandbox/hold", post(calls::hold))
        .at("/_sandbox/resume", post(calls::resume))
        .at("/_sandbox/transfer", post(calls::transfer))
        .at("/_sandbox/hangup", post(calls::hangup))
        .at("/_sandbox/miss", post(calls::miss))
        .at("/_sandbox/crm/call", post(buttons::press_call))
        .at("/_sandbox/crm/hangup", post(buttons::press_hangup))
        .at("/_sandbox/crm/setup", post(buttons::setup))
        .at("/_sandbox/crm/upgrade", post(buttons::upgrade))
        .at("/_sandbox/crm/sync", post(buttons::sync))
        .at("/_sandbox/faults", post(buttons::set_faults));
    Route::new().nest_no_strip("/", routes.data(state))
}

#[handler]
fn show_state(Data(state): Data<&PageState>) -> Json<Value> {
    Json(state::snapshot(state))
}

#[handler]
fn events(Data(state): Data<&PageState>, request: &Request) -> SSE {
    SSE::new(feed::events(&state.sandbox.journal, feed::last_seen(request))).keep_alive(KEEP_ALIVE)
}

/// Empties the columns; calls and what the systems know stay.
#[handler]
fn clear(Data(state): Data<&PageState>) -> Json<Value> {
    state.sandbox.journal.clear();
    Json(json!({}))
}
