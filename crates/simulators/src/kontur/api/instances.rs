//! Integrations and their instances, contract §3.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::{Value, json};
use uuid::Uuid;

use super::InstanceAccess;
use crate::clock;
use crate::kontur::answer::{Answer, Conflict};
use crate::kontur::patch::{self, PatchFaults, Step};
use crate::kontur::state::Shared;
use crate::kontur::wire::{Instance, Operation, OperationKind, Patch};
use crate::kontur::workspace::{Credentials, Workspace};
use crate::server::Exchange;
use crate::strict::{Described, JsonPatch, Strict};

/// A patch that was applied.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Patched {
    is_successful: bool,
    response_code: String,
    result: Instance,
}

/// A patch that was not.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct NotPatched {
    /// `{invalidPaths, invalidValueTypes, invalidDatas, invalidConstraints, status, message}`
    error_info: Any<Value>,
    is_successful: bool,
    response_code: String,
}

#[derive(ApiResponse)]
enum PatchAnswer {
    /// All operations were applied.
    #[oai(status = 200)]
    Done(Described<Patched>),
    /// None was.
    #[oai(status = 409)]
    Refused(Described<NotPatched>),
}

pub(super) struct Instances(pub(super) Arc<Shared>);

#[OpenApi]
impl Instances {
    /// Activate a public integration; the body holds the arguments of its setup
    #[oai(path = "/:ws/integrations/:id/setup", method = "post")]
    async fn setup(
        &self,
        _access: InstanceAccess,
        ws: Path<String>,
        id: Path<Uuid>,
        exchange: Data<&Exchange>,
        _arguments: Strict<Any<Value>>,
    ) -> Answer<String> {
        let mut state = self.0.state();
        let missing = || Conflict::new("IntegrationNotFound", "Integration not found");
        let Ok(workspace) = state.workspace(&ws) else { return Err(missing()).into() };
        if workspace.setup.integration_id != *id {
            return Err(missing()).into();
        }
        if matches!(workspace.setup.credentials, Credentials::Private { .. }) {
            exchange.violation("integrations/setup is not for private integrations");
            return Err(missing()).into();
        }
        workspace.instance["status"] = "active".into();
        Ok("OK".into()).into()
    }

    /// The integration instance
    #[oai(path = "/:ws/integrations/instances/:id", method = "get")]
    async fn instance(&self, _access: InstanceAccess, ws: Path<String>, id: Path<Uuid>) -> Answer<Instance> {
        let mut state = self.0.state();
        find(state.workspace(&ws), *id).map(|workspace| workspace.instance.clone()).into()
    }

    /// Change the instance
    ///
    /// All operations are applied in order, or none. Array elements are addressed by their id, never by index.
    #[oai(path = "/:ws/integrations/instances/:id", method = "patch")]
    async fn patch(
        &self,
        _access: InstanceAccess,
        ws: Path<String>,
        id: Path<Uuid>,
        exchange: Data<&Exchange>,
        body: Strict<Patch, JsonPatch>,
    ) -> PatchAnswer {
        let mut state = self.0.state();
        let workspace = match find(state.workspace(&ws), *id) {
            Ok(workspace) => workspace,
            Err(conflict) => return PatchAnswer::Refused(Described::new(conflict.body())),
        };
        if body.body.operations.is_empty() {
            exchange.violation("a patch without operations");
        }
        let steps: Vec<Step> = body.body.operations.iter().map(step).collect();
        match patch::apply(&workspace.instance, &steps) {
            Ok(patched) => PatchAnswer::Done(Described::new(store(workspace, patched))),
            Err(faults) => refuse(&exchange, &faults),
        }
    }
}

fn find(workspace: Result<&mut Workspace, Conflict>, id: Uuid) -> Result<&mut Workspace, Conflict> {
    let missing = || Conflict::new("notFound", format!("IntegrationInstance {id} not found"));
    let is_it = |workspace: &&mut Workspace| workspace.installed && workspace.setup.integration_id == id;
    workspace.ok().filter(is_it).ok_or_else(missing)
}

fn step(operation: &Operation) -> Step {
    let op = match operation.op {
        OperationKind::Add => "add",
        OperationKind::Replace => "replace",
        OperationKind::Remove => "remove",
    };
    let value = operation.value.as_ref().map(|value| value.0.clone()).unwrap_or_default();
    Step { op: op.to_owned(), path: operation.path.clone(), value }
}

fn store(workspace: &mut Workspace, mut patched: Value) -> Value {
    patched["updateInfo"]["updatedAt"] = clock::now_text().into();
    workspace.instance = patched;
    json!({"isSuccessful": true, "responseCode": "ok", "result": workspace.instance})
}

fn refuse(exchange: &Exchange, faults: &PatchFaults) -> PatchAnswer {
    exchange.violation(format!("a patch with invalid operations: {faults:?}"));
    PatchAnswer::Refused(Described::new(faults.body()))
}
