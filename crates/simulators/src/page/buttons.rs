//! The buttons of the CRM and the fault switches.

use poem::http::StatusCode;
use poem::web::{Data, Json};
use poem::{Error, Result, handler};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::PageState;
use super::faults::Choice;
use super::state::{extension, live_calls};
use crate::journal::System;
use crate::kontur::{CrmReply, PressedCall};
use crate::pbx::LegState;
use crate::sandbox::{Employee, Sandbox, WORKSPACE};

/// An employee presses "Call" on a client's card.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    extension: String,
    client_phone: String,
}

/// Any of the switches.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
pub(super) enum Switch {
    /// One system behaves differently from now on.
    One { system: System, fault: Choice },
    /// Everything works again; only `healthy` is known.
    All { all: Choice },
    /// Calls go on, but the PBX tells nobody.
    Silent { silent: bool },
    /// The access keys that the server holds stop working; only `true` is known.
    Revoke { revoke_access_key: bool },
}

#[handler]
pub(super) async fn setup(Data(state): Data<&PageState>) -> Json<CrmReply> {
    Json(state.sandbox.setup().await)
}

#[handler]
pub(super) async fn upgrade(Data(state): Data<&PageState>) -> Json<CrmReply> {
    Json(state.sandbox.crm().upgrade().await)
}

#[handler]
pub(super) async fn sync(Data(state): Data<&PageState>) -> Json<CrmReply> {
    Json(state.sandbox.crm().sync().await)
}

#[handler]
pub(super) async fn press_call(
    Data(state): Data<&PageState>,
    Json(body): Json<Call>,
) -> Result<Json<CrmReply>> {
    let unknown = || refuse(StatusCode::BAD_REQUEST, "no employee has this extension");
    let employee = state.sandbox.employee(&body.extension).ok_or_else(unknown)?;
    let phone: String = body.client_phone.chars().filter(char::is_ascii_digit).collect();
    let PressedCall { reply, .. } = state.sandbox.crm().press_call(employee.kontur_user_id, &phone).await;
    Ok(Json(reply))
}

/// Presses "Hang up" on the newest live conversation, or on what still rings when nobody talks.
#[handler]
pub(super) async fn press_hangup(Data(state): Data<&PageState>) -> Result<Json<CrmReply>> {
    let nothing = || refuse(StatusCode::CONFLICT, "nobody is on the line");
    let (leg_id, employee, communication_id) = newest_leg(&state.sandbox).ok_or_else(nothing)?;
    let crm = state.sandbox.crm();
    Ok(Json(crm.press_hangup(&leg_id, employee.kontur_user_id, communication_id).await))
}

fn newest_leg(sandbox: &Sandbox) -> Option<(String, &Employee, Uuid)> {
    let calls = live_calls(sandbox);
    let in_state = |state: LegState| {
        calls.iter().rev().find_map(|call| {
            let leg = call.legs.iter().rev().find(|leg| leg.state == state)?;
            let employee = sandbox.employee(extension(leg)?)?;
            let known = sandbox.kontur.communication_of(WORKSPACE, &call.call_id);
            Some((leg.id.clone(), employee, known.map(|known| known.id).unwrap_or_default()))
        })
    };
    [LegState::Talking, LegState::Held, LegState::Ringing].into_iter().find_map(in_state)
}

#[handler]
pub(super) fn set_faults(Data(state): Data<&PageState>, Json(switch): Json<Switch>) -> Json<Value> {
    let sandbox = &state.sandbox;
    let faults_of = |system| match system {
        System::Kontur => sandbox.kontur.faults(),
        System::Workonflow => sandbox.workonflow.faults(),
        System::Metabot => sandbox.metabot.faults(),
        System::Pbx => sandbox.pbx.faults(),
    };
    match switch {
        Switch::One { system, fault } => fault.apply(faults_of(system)),
        Switch::All { all } => {
            let systems = [System::Kontur, System::Workonflow, System::Metabot, System::Pbx];
            for system in systems {
                all.apply(faults_of(system));
            }
            sandbox.pbx.set_silent(false);
        }
        Switch::Silent { silent } => sandbox.pbx.set_silent(silent),
        Switch::Revoke { revoke_access_key: true } => sandbox.kontur.expire_keys(WORKSPACE),
        Switch::Revoke { .. } => {}
    }
    Json(json!({}))
}

fn refuse(status: StatusCode, message: &str) -> Error {
    let body = json!({ "message": message }).to_string();
    Error::from_response(poem::Response::builder().status(status).content_type("application/json").body(body))
}
