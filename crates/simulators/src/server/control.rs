//! `/_sim/journal`, `/_sim/violations` and `/_sim/faults`: what every simulated system offers to tests from outside
//! and to the sandbox page. These paths are no part of the system: they are not journaled and never fail.

#![expect(clippy::needless_pass_by_value, reason = "handlers own what they extract")]

use poem::http::StatusCode;
use poem::web::{Data, Json, Query};
use poem::{Endpoint, EndpointExt, Response, Route, get, handler};
use serde::Deserialize;

use crate::faults::{Fault, Faults};
use crate::journal::{Entry, Journal, System};

/// Adds the paths to a system.
pub(super) fn with_control(
    app: impl Endpoint<Output = Response> + 'static,
    journal: Journal,
    faults: Faults,
) -> impl Endpoint<Output = Response> + 'static {
    Route::new()
        .at("/_sim/journal", get(entries).delete(clear))
        .at("/_sim/violations", get(violations))
        .at("/_sim/faults", get(active).post(set).delete(mend))
        .nest_no_strip("/", app)
        .data(journal)
        .data(faults)
        .map_to_response()
}

/// Which entries to show; none given: all.
#[derive(Deserialize)]
struct Filter {
    system: Option<System>,
    operation: Option<String>,
    /// Only entries with a greater number.
    after: Option<u64>,
}

#[handler]
fn entries(journal: Data<&Journal>, filter: Query<Filter>) -> Json<Vec<Entry>> {
    let mut entries = journal.entries();
    entries.retain(|entry| {
        filter.system.is_none_or(|system| entry.system == system)
            && filter.operation.as_ref().is_none_or(|operation| entry.operation == *operation)
            && filter.after.is_none_or(|after| entry.seq > after)
    });
    Json(entries)
}

#[handler]
fn clear(journal: Data<&Journal>) -> StatusCode {
    journal.clear();
    StatusCode::NO_CONTENT
}

#[handler]
fn violations(journal: Data<&Journal>) -> Json<Vec<String>> {
    Json(journal.violations())
}

#[handler]
fn active(faults: Data<&Faults>) -> Json<Vec<Fault>> {
    Json(faults.active())
}

#[handler]
fn set(faults: Data<&Faults>, fault: Json<Fault>) -> Json<Vec<Fault>> {
    faults.set(fault.0);
    Json(faults.active())
}

#[handler]
fn mend(faults: Data<&Faults>) -> StatusCode {
    faults.clear();
    StatusCode::NO_CONTENT
}
