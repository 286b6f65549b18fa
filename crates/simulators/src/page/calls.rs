//! The buttons of the telephones.

use poem::error::ResponseError;
use poem::http::StatusCode;
use poem::web::{Data, Json};
use poem::{Result, handler};
use serde::Deserialize;
use serde_json::{Value, json};

use super::PageState;
use crate::pbx::{LegState, Pbx, PbxError};

/// A second of silence would do; the bytes only have to arrive unchanged.
const RECORDING: &[u8] = b"ID3 a conversation in the sandbox";

/// A client calls the company.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ring {
    client_phone: String,
    vats_phone: String,
    extensions: Vec<String>,
}

/// A colleague calls a colleague.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Internal {
    from: String,
    to: String,
}

/// Something is done to one leg.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneLeg {
    call_id: String,
    leg_id: String,
}

/// The conversation goes to another extension.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    call_id: String,
    extension: String,
}

/// Someone hangs up: an employee when a leg is named, else the client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HangUp {
    call_id: String,
    #[serde(default)]
    leg_id: Option<String>,
    /// Whether the conversations of the call were recorded.
    #[serde(default)]
    record: bool,
}

/// Nobody answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Miss {
    call_id: String,
}

/// What the exchange does not allow, as JSON that the page shows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(#[from] PbxError);

impl ResponseError for Refused {
    fn status(&self) -> StatusCode {
        StatusCode::CONFLICT
    }

    fn as_response(&self) -> poem::Response {
        let body = json!({"message": self.to_string()}).to_string();
        poem::Response::builder().status(self.status()).content_type("application/json").body(body)
    }
}

fn done(result: std::result::Result<(), PbxError>) -> Result<Json<Value>> {
    result.map_err(Refused)?;
    Ok(Json(json!({})))
}

fn ring_in(pbx: &Pbx, body: &Ring) -> String {
    let extensions: Vec<&str> = body.extensions.iter().map(String::as_str).collect();
    pbx.ring_in(&body.client_phone, &body.vats_phone, &extensions)
}

#[handler]
pub(super) fn ring(Data(state): Data<&PageState>, Json(body): Json<Ring>) -> Json<Value> {
    Json(json!({"call_id": ring_in(&state.sandbox.pbx, &body)}))
}

/// A client calls and hears the busy tone.
#[handler]
pub(super) fn busy(Data(state): Data<&PageState>, Json(body): Json<Ring>) -> Result<Json<Value>> {
    let call_id = ring_in(&state.sandbox.pbx, &body);
    done(state.sandbox.pbx.busy(&call_id))
}

#[handler]
pub(super) fn internal(Data(state): Data<&PageState>, Json(body): Json<Internal>) -> Json<Value> {
    Json(json!({"call_id": state.sandbox.pbx.call_internally(&body.from, &body.to)}))
}

#[handler]
pub(super) fn answer(Data(state): Data<&PageState>, Json(body): Json<OneLeg>) -> Result<Json<Value>> {
    done(state.sandbox.pbx.answer(&body.call_id, &body.leg_id))
}

#[handler]
pub(super) fn hold(Data(state): Data<&PageState>, Json(body): Json<OneLeg>) -> Result<Json<Value>> {
    done(state.sandbox.pbx.hold(&body.call_id, &body.leg_id))
}

#[handler]
pub(super) fn resume(Data(state): Data<&PageState>, Json(body): Json<OneLeg>) -> Result<Json<Value>> {
    done(state.sandbox.pbx.resume(&body.call_id, &body.leg_id))
}

#[handler]
pub(super) fn transfer(Data(state): Data<&PageState>, Json(body): Json<Transfer>) -> Result<Json<Value>> {
    done(state.sandbox.pbx.transfer(&body.call_id, &body.extension).map(drop))
}

#[handler]
pub(super) fn hangup(Data(state): Data<&PageState>, Json(body): Json<HangUp>) -> Result<Json<Value>> {
    let pbx = &state.sandbox.pbx;
    match &body.leg_id {
        Some(leg_id) => pbx.drop_leg(&body.call_id, leg_id),
        None => pbx.hang_up(&body.call_id),
    }
    .map_err(Refused)?;
    if body.record {
        record(pbx, &body.call_id)?;
    }
    Ok(Json(json!({})))
}

/// Announces the recordings of all conversations that have ended.
fn record(pbx: &Pbx, call_id: &str) -> Result<()> {
    let legs = pbx.call(call_id).map(|call| call.legs).unwrap_or_default();
    let spoken = legs.iter().filter(|leg| leg.state == LegState::Ended && leg.answered_at.is_some());
    for leg in spoken.filter(|leg| leg.recording.is_none()) {
        pbx.record(call_id, &leg.id, RECORDING).map_err(Refused)?;
    }
    Ok(())
}

#[handler]
pub(super) fn miss(Data(state): Data<&PageState>, Json(body): Json<Miss>) -> Result<Json<Value>> {
    done(state.sandbox.pbx.miss(&body.call_id))
}
