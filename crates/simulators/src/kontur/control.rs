//! `/_sim/…` of Kontur: its buttons and its state, for the sandbox page and for tests from outside.

#![expect(clippy::needless_pass_by_value, reason = "handlers own what they extract")]

use poem::http::StatusCode;
use poem::web::{Data, Json, Path};
use poem::{Endpoint, EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::crm::{Crm, CrmReply, PressedCall, Spelling};
use super::{Communication, Handle};

pub(super) fn routes(handle: Handle) -> impl Endpoint<Output = Response> + 'static {
    let workspace = "/_sim/workspaces/:ws";
    Route::new()
        .at("/_sim/state", get(show_state))
        .at(format!("{workspace}/communications"), get(list_communications))
        .at(format!("{workspace}/communications/:id"), poem::delete(delete))
        .at(format!("{workspace}/communications/:id/restore"), post(restore))
        .at(format!("{workspace}/calls/:external_id"), poem::delete(delete_call))
        .at(format!("{workspace}/setup"), post(setup))
        .at(format!("{workspace}/upgrade"), post(upgrade))
        .at(format!("{workspace}/sync"), post(sync))
        .at(format!("{workspace}/schedule"), post(schedule))
        .at(format!("{workspace}/call"), post(call))
        .at(format!("{workspace}/hangup"), post(hangup))
        .at(format!("{workspace}/instance"), poem::patch(set_instance))
        .at(format!("{workspace}/keys/expire"), post(expire_keys))
        .data(handle)
        .map_to_response()
}

/// A user presses "Call".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Call {
    user_id: Uuid,
    phone: String,
    #[serde(default)]
    spelling: Spelling,
}

/// A user presses "Hang up".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hangup {
    realtime_call_item_id: String,
    user_id: Uuid,
    #[serde(default)]
    communication_id: Uuid,
    #[serde(default)]
    spelling: Spelling,
}

fn crm(handle: &Handle, ws: &str) -> Crm {
    Crm::new(handle.clone(), ws)
}

#[handler]
fn show_state(handle: Data<&Handle>) -> Json<Value> {
    let state = handle.shared.state();
    let workspaces = state.workspaces.iter().map(|(name, workspace)| {
        let communications: Vec<&Communication> = workspace.communications.all().collect();
        let value = json!({
            "instance": workspace.instance, "installed": workspace.installed,
            "users": workspace.setup.users, "communications": communications
        });
        (name.clone(), value)
    });
    Json(json!({"workspaces": workspaces.collect::<serde_json::Map<_, _>>()}))
}

#[handler]
fn list_communications(handle: Data<&Handle>, ws: Path<String>) -> Json<Vec<Communication>> {
    let mut state = handle.shared.state();
    let all = state.workspace(&ws).map(|workspace| workspace.communications.all().cloned().collect());
    Json(all.unwrap_or_default())
}

#[handler]
fn delete(handle: Data<&Handle>, Path((ws, id)): Path<(String, Uuid)>) -> StatusCode {
    let deleted = handle.shared.state().workspace(&ws).is_ok_and(|workspace| workspace.delete(id));
    if deleted { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

#[handler]
fn restore(handle: Data<&Handle>, Path((ws, id)): Path<(String, Uuid)>) -> StatusCode {
    let restored = handle.shared.state().workspace(&ws).is_ok_and(|workspace| workspace.restore(id));
    if restored { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// Deletes the communication of a call by the telephony's id.
#[handler]
fn delete_call(handle: Data<&Handle>, Path((ws, external_id)): Path<(String, String)>) -> StatusCode {
    let mut state = handle.shared.state();
    let deleted = state.workspace(&ws).is_ok_and(|workspace| workspace.delete_call(&external_id).is_some());
    if deleted { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

#[handler]
async fn setup(handle: Data<&Handle>, ws: Path<String>, arguments: Json<Value>) -> Json<CrmReply> {
    Json(crm(&handle, &ws).setup(arguments.0).await)
}

#[handler]
async fn upgrade(handle: Data<&Handle>, ws: Path<String>) -> Json<CrmReply> {
    Json(crm(&handle, &ws).upgrade().await)
}

#[handler]
async fn sync(handle: Data<&Handle>, ws: Path<String>) -> Json<CrmReply> {
    Json(crm(&handle, &ws).sync().await)
}

/// Calls every scheduled webhook of the instance; answers `[[relativeUrl, reply]]`.
#[handler]
async fn schedule(handle: Data<&Handle>, ws: Path<String>) -> Json<Vec<(String, CrmReply)>> {
    Json(crm(&handle, &ws).run_schedule().await)
}

#[handler]
async fn call(handle: Data<&Handle>, ws: Path<String>, body: Json<Call>) -> Json<PressedCall> {
    let crm = crm(&handle, &ws).spelled(body.spelling);
    Json(crm.press_call(body.user_id, &body.phone).await)
}

#[handler]
async fn hangup(handle: Data<&Handle>, ws: Path<String>, body: Json<Hangup>) -> Json<CrmReply> {
    let crm = crm(&handle, &ws).spelled(body.spelling);
    Json(crm.press_hangup(&body.realtime_call_item_id, body.user_id, body.communication_id).await)
}

/// Sets members of the instance from Kontur's side, e.g. `{"status": "paused"}`.
#[handler]
fn set_instance(
    handle: Data<&Handle>,
    ws: Path<String>,
    members: Json<serde_json::Map<String, Value>>,
) -> StatusCode {
    let mut state = handle.shared.state();
    let Ok(workspace) = state.workspace(&ws) else { return StatusCode::NOT_FOUND };
    for (member, value) in members.0 {
        workspace.instance[member.as_str()] = value;
    }
    StatusCode::NO_CONTENT
}

#[handler]
fn expire_keys(handle: Data<&Handle>, ws: Path<String>) -> StatusCode {
    handle.shared.state().keys.expire(&ws);
    StatusCode::NO_CONTENT
}
