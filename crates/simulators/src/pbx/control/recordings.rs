//! `/_sim/recordings/…`: recordings in trouble.

use poem::http::StatusCode;
use poem::web::{Data, Json, Path};
use poem::{Endpoint, EndpointExt, Response, Route, get, handler, post};

use crate::pbx::Handle;
use crate::pbx::trouble::Trouble;

pub(super) fn routes() -> impl Endpoint<Output = Response> + 'static {
    Route::new()
        .at("/expire", post(expire_all))
        .at("/:leg/expire", post(expire))
        .at("/:leg/trouble", get(troubles).post(trouble).delete(heal))
        .map_to_response()
}

#[handler]
fn expire_all(handle: Data<&Handle>) -> StatusCode {
    handle.system().expire_recordings();
    StatusCode::NO_CONTENT
}

#[handler]
fn expire(handle: Data<&Handle>, leg: Path<String>) -> StatusCode {
    handle.system().expire_recording(&leg);
    StatusCode::NO_CONTENT
}

#[handler]
fn troubles(handle: Data<&Handle>, leg: Path<String>) -> Json<Vec<Trouble>> {
    Json(handle.system().troubles.of(&leg))
}

#[handler]
fn trouble(handle: Data<&Handle>, leg: Path<String>, trouble: Json<Trouble>) -> Json<Vec<Trouble>> {
    let mut system = handle.system();
    system.troubles.set(&leg, trouble.0);
    Json(system.troubles.of(&leg))
}

#[handler]
fn heal(handle: Data<&Handle>, leg: Path<String>) -> StatusCode {
    handle.system().troubles.heal(&leg);
    StatusCode::NO_CONTENT
}
