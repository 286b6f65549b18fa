//! The telephony callbacks, contract §4.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::{Value, json};
use uuid::Uuid;

use super::AccessKey;
use crate::kontur::answer::{Answer, Conflict};
use crate::kontur::callbacks::Callback;
use crate::kontur::state::Shared;
use crate::kontur::wire::{
    CallEvent, CallFailed, CallFinished, CallRecording, CallStarted, Direction, RegisterCall,
};
use crate::kontur::workspace::Workspace;
use crate::server::Exchange;
use crate::strict::{Invalid, Phone, Strict};

/// A call as Kontur stores it.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct CommunicationBody {
    id: Uuid,
    #[oai(rename = "type")]
    kind: String,
    /// The telephony's id behind the integration's name: `Telephony/pbx-42`.
    external_id: Option<String>,
    direction: Option<Direction>,
    client_phone: Option<Phone>,
    external_vats_phone: Option<Phone>,
    assigned_to_group_id: Option<Uuid>,
    /// `{companyIds, contactIds, dealIds}`
    links: Any<Value>,
    /// `{call: {items, events}}`
    data: Any<Value>,
    created_at: String,
}

/// Who is responsible for a caller.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Responsible {
    user_ids: Vec<Uuid>,
}

pub(super) struct Callbacks(pub(super) Arc<Shared>);

impl Callbacks {
    fn handle(
        &self,
        ws: &str,
        json: &Value,
        exchange: &Exchange,
        act: impl FnOnce(&Callback<'_>, &mut Workspace) -> Result<Value, Conflict>,
    ) -> Result<Value, Conflict> {
        let mut state = self.0.state();
        let callback = Callback { json, exchange, repeats_allowed: state.repeats_allowed };
        act(&callback, state.workspace(ws)?)
    }
}

#[OpenApi]
impl Callbacks {
    /// A call has begun
    #[oai(path = "/:ws/communications/callbacks/telephony/call-started", method = "post")]
    async fn call_started(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        exchange: Data<&Exchange>,
        body: Strict<CallStarted>,
    ) -> Answer<CommunicationBody> {
        self.handle(&ws, &body.json, &exchange, |callback, ws| callback.call_started(ws, &body.body)).into()
    }

    /// Something happened to a call item
    #[oai(path = "/:ws/communications/callbacks/telephony/call-event", method = "post")]
    async fn call_event(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        exchange: Data<&Exchange>,
        body: Strict<CallEvent>,
    ) -> Answer<String> {
        self.handle(&ws, &body.json, &exchange, |callback, ws| callback.call_event(ws, &body.body)).into()
    }

    /// A call has ended
    #[oai(path = "/:ws/communications/callbacks/telephony/call-finished", method = "post")]
    async fn call_finished(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        exchange: Data<&Exchange>,
        body: Strict<CallFinished>,
    ) -> Answer<String> {
        self.handle(&ws, &body.json, &exchange, |callback, ws| callback.call_finished(ws, &body.body)).into()
    }

    /// A call that a user asked for could not be placed
    #[oai(path = "/:ws/communications/callbacks/telephony/call-failed", method = "post")]
    async fn call_failed(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        exchange: Data<&Exchange>,
        body: Strict<CallFailed>,
    ) -> Answer<String> {
        self.handle(&ws, &body.json, &exchange, |callback, ws| callback.call_failed(ws, &body.body)).into()
    }

    /// A recording of a registered call
    #[oai(path = "/:ws/communications/callbacks/telephony/call-recording", method = "post")]
    async fn call_recording(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        exchange: Data<&Exchange>,
        body: Strict<CallRecording>,
    ) -> Answer<String> {
        self.handle(&ws, &body.json, &exchange, |callback, ws| callback.call_recording(ws, &body.body)).into()
    }

    /// Register a finished call
    #[oai(path = "/:ws/communications/callbacks/telephony/register-call", method = "post")]
    async fn register_call(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        exchange: Data<&Exchange>,
        body: Strict<RegisterCall>,
    ) -> Answer<String> {
        self.handle(&ws, &body.json, &exchange, |callback, ws| callback.register_call(ws, &body.body)).into()
    }

    /// Who is responsible for a caller; one of the two parameters has to be given
    #[oai(path = "/:ws/communications/callbacks/telephony/call-redirect", method = "get")]
    async fn call_redirect(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        #[oai(name = "externalId")] external_id: Query<Option<String>>,
        #[oai(name = "phoneNumber")] phone_number: Query<Option<String>>,
    ) -> poem::Result<Answer<Responsible>> {
        if external_id.is_some() == phone_number.is_some() {
            return Err(Invalid::one("phoneNumber", "give either externalId or phoneNumber").into());
        }
        let mut state = self.0.state();
        let users = state.workspace(&ws).and_then(|workspace| {
            let of_call = |id: &String| workspace.communications.by_external_id(id)?.client_phone.clone();
            let phone = phone_number.0.or_else(|| external_id.0.as_ref().and_then(of_call));
            let users = phone.and_then(|phone| workspace.responsible.get(&phone));
            users.cloned().ok_or_else(|| Conflict::new("notFound", "Responsible user not found"))
        });
        Ok(users.map(|users| json!({"userIds": users})).into())
    }
}
