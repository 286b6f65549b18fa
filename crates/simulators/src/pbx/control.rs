//! `/_sim/…` of the PBX: telephones in people's hands, for the sandbox page and for tests from outside.

#![expect(clippy::needless_pass_by_value, reason = "handlers own what they extract")]

mod recordings;

use poem::http::StatusCode;
use poem::web::{Data, Json, Path};
use poem::{Endpoint, EndpointExt, IntoResponse, Response, Route, get, handler, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, LegState, Party, Recording};
use super::exchange::{Announce, NewCall, PhoneSystem};
use super::history::HistoryLimit;
use super::imagined::Imagined;
use super::sound::Sound;
use super::{Direction, Handle, PbxError};

pub(super) fn routes(handle: Handle) -> impl Endpoint<Output = Response> + 'static {
    Route::new()
        .at("/_sim/state", get(show_state))
        .at("/_sim/ring-in", post(ring_in))
        .at("/_sim/dial-out", post(dial_out))
        .at("/_sim/internal", post(internal))
        .at("/_sim/silent", post(silent))
        .at("/_sim/connect", post(connect))
        .at("/_sim/events", post(send_events))
        .at("/_sim/imagine", post(imagine))
        .at("/_sim/history-limit", post(limit_history))
        .nest("/_sim/recordings", recordings::routes())
        .at("/_sim/calls/:call/:action", post(act))
        .data(handle)
        .map_to_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RingIn {
    client_phone: String,
    vats_phone: Option<String>,
    extensions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DialOut {
    extension: String,
    client_phone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Internal {
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Silent {
    silent: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connect {
    webhook_url: String,
}

/// What an action needs; each uses its own part.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    /// By id or extension; none: the leg that the action can only mean.
    leg: Option<String>,
    extension: Option<String>,
    reason: Option<String>,
    /// Bytes of a recording; none: a few.
    size: Option<u64>,
    /// Whether no event tells of the recording.
    #[serde(default)]
    unannounced: bool,
}

#[handler]
fn show_state(handle: Data<&Handle>) -> Json<Value> {
    let system = handle.system();
    let calls: Vec<Value> = system.calls().iter().map(|call| with_states(&system, call)).collect();
    Json(json!({
        "calls": calls, "waiting": handle.queue.len(), "silent": *handle.silent.borrow(),
        "webhook_url": handle.queue.url(), "extensions": handle.options.extensions,
        "history_refusals": system.limiter.refused
    }))
}

/// A call as the history shows it, each leg with its present state.
fn with_states(system: &PhoneSystem, call: &Call) -> Value {
    let mut shown = json!(system.history_entry(call));
    for (position, leg) in call.legs.iter().enumerate() {
        shown["legs"][position]["state"] = json!(leg.state);
    }
    shown
}

#[handler]
fn ring_in(handle: Data<&Handle>, body: Json<RingIn>) -> Json<Value> {
    let legs = body.extensions.iter().map(|extension| (Party::Client, Party::user(extension))).collect();
    let vats_phone = body.vats_phone.as_deref().unwrap_or(&handle.options.vats_phone);
    let (direction, client_phone) = (Direction::Inbound, body.client_phone.as_str());
    let call = NewCall { direction, client_phone, vats_phone, request_id: None, legs };
    Json(json!({"call_id": handle.begin(call)}))
}

#[handler]
fn dial_out(handle: Data<&Handle>, body: Json<DialOut>) -> Json<Value> {
    Json(json!({"call_id": handle.dial_out(&body.extension, &body.client_phone, None)}))
}

#[handler]
fn internal(handle: Data<&Handle>, body: Json<Internal>) -> Json<Value> {
    Json(json!({"call_id": handle.call_internally(&body.from, &body.to)}))
}

#[handler]
fn silent(handle: Data<&Handle>, body: Json<Silent>) -> StatusCode {
    handle.silent.send_replace(body.silent);
    StatusCode::NO_CONTENT
}

#[handler]
fn connect(handle: Data<&Handle>, body: Json<Connect>) -> StatusCode {
    handle.queue.set_url(Some(body.0.webhook_url));
    StatusCode::NO_CONTENT
}

#[handler]
fn send_events(handle: Data<&Handle>, body: Json<Vec<Value>>) -> StatusCode {
    handle.queue.push(body.0);
    StatusCode::NO_CONTENT
}

#[handler]
fn imagine(handle: Data<&Handle>, imagined: Json<Imagined>) -> StatusCode {
    handle.system().imagine(imagined.0);
    StatusCode::NO_CONTENT
}

/// A limit, or null for none.
#[handler]
fn limit_history(handle: Data<&Handle>, limit: Json<Option<HistoryLimit>>) -> StatusCode {
    handle.system().limiter.set(limit.0);
    StatusCode::NO_CONTENT
}

/// Answers the call's new state, or why it cannot do that. The body may be left out.
#[handler]
fn act(handle: Data<&Handle>, Path((call, action)): Path<(String, String)>, body: String) -> Response {
    let details = if body.is_empty() { Ok(Details::default()) } else { serde_json::from_str(&body) };
    let details = match details {
        Ok(details) => details,
        Err(error) => return answer(StatusCode::BAD_REQUEST, json!({"error": error.to_string()})),
    };
    let Some(done) = handle.act(|system| perform(system, &call, &action, details)) else {
        return answer(StatusCode::NOT_FOUND, json!({"error": format!("there is no action {action}")}));
    };
    let system = handle.system();
    match done.and_then(|()| system.call(&call)) {
        Ok(call) => answer(StatusCode::OK, with_states(&system, &call)),
        Err(error) => answer(StatusCode::CONFLICT, json!({"error": error.to_string()})),
    }
}

fn perform(
    system: &mut PhoneSystem,
    call: &str,
    action: &str,
    details: Details,
) -> Option<Result<(), PbxError>> {
    let leg = |system: &PhoneSystem, state: LegState| {
        details.leg.clone().or_else(|| the_leg(system, call, state)).unwrap_or_default()
    };
    let reason = details.reason.as_deref().and_then(known_reason);
    Some(match action {
        "answer" => system.answer(call, &leg(system, LegState::Ringing)),
        "hold" => system.hold(call, &leg(system, LegState::Talking)),
        "resume" => system.resume(call, &leg(system, LegState::Held)),
        "drop-leg" => system.drop_leg(call, &leg(system, LegState::Talking), reason),
        "transfer" => system.transfer(call, &details.extension.clone().unwrap_or_default()).map(|_| ()),
        "hang-up" => system.end(call, "call.finished", None),
        "miss" => system.end(call, "call.finished", Some("no_answer")),
        "busy" => system.end(call, "call.finished", Some("busy")),
        "fail" => system.end(call, "call.failed", Some(reason.unwrap_or("error"))),
        "record" => {
            let leg = details.leg.clone().or_else(|| recordable(system, call)).unwrap_or_default();
            let few = Sound::from("ID3 a recorded conversation");
            let sound = details.size.map_or(few, |size| Sound::Generated { key: leg.clone(), size });
            let announce = if details.unannounced { Announce::No } else { Announce::Event };
            system.record(call, &leg, Recording::mp3(sound), announce)
        }
        _ => return None,
    })
}

/// The first leg of a call in the given state.
fn the_leg(system: &PhoneSystem, call: &str, state: LegState) -> Option<String> {
    let call = system.call(call).ok()?;
    call.legs.iter().find(|leg| leg.state == state).map(|leg| leg.id.clone())
}

/// The first leg with a conversation and without a recording.
fn recordable(system: &PhoneSystem, call: &str) -> Option<String> {
    let call = system.call(call).ok()?;
    call.legs
        .iter()
        .find(|leg| leg.answered_at.is_some() && leg.recording.is_none())
        .map(|leg| leg.id.clone())
}

fn known_reason(word: &str) -> Option<&'static str> {
    let words = ["busy", "no_answer", "cancelled", "unreachable", "rejected", "error"];
    words.into_iter().find(|known| *known == word)
}

fn answer(status: StatusCode, body: Value) -> Response {
    Json(body).with_status(status).into_response()
}
