//! Reconciliations: what the telephony, this server, Kontur and Workonflow have of a span, and the repair.

mod shown;

use std::sync::Arc;

use domain::port::provider::Window;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use self::shown::{Reconciliation, Repaired};
use super::Tag;
use super::body::JsonBody;
use super::types::Moment;
use crate::api::ApiState;
use crate::api::problem::{Fault, Problem};

/// Operations.
pub(in crate::api) struct Reconciliations(pub(super) Arc<ApiState>);

/// Which calls to compare.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct ComparedSpan {
    /// Calls that began at this time or later.
    from: Option<Moment>,
    /// Calls that began before this time; left out: until now.
    to: Option<Moment>,
}

#[derive(ApiResponse)]
enum Begun {
    /// The comparison runs in the background.
    #[oai(status = 202)]
    Runs(Json<Reconciliation>),
}

#[OpenApi(prefix_path = "/admin/v1/integrations", tag = "Tag::Integrations")]
impl Reconciliations {
    /// Compare what all sides have of a span
    ///
    /// The telephony's history, the calls here, Kontur and Workonflow, day by day. Every difference has its cause.
    #[oai(path = "/:workspace/reconciliations", method = "post", operation_id = "begin_reconciliation")]
    async fn begin(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        body: JsonBody<ComparedSpan>,
    ) -> Result<Begun, Problem> {
        let span = body.fields()?;
        let Some(from) = span.from else {
            let fault =
                Fault::of_field("from", "is missing; expected the time from which on calls are compared");
            return Err(Problem::invalid("a field of the body is wrong", vec![fault]));
        };
        let to = span.to.map_or_else(|| self.0.engine.now(), |to| to.0);
        let instance = self.0.engine.instance(&workspace)?;
        let window = Window { from: from.0, to };
        let id = self.0.engine.begin_reconciliation(&instance, window).await?;
        let begun = self.0.engine.reconciliation(&instance, id).await?;
        Ok(Begun::Runs(Json(Reconciliation::of(&workspace, begun)?)))
    }

    /// Show a reconciliation
    #[oai(path = "/:workspace/reconciliations/:id", method = "get", operation_id = "get_reconciliation")]
    async fn get(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        /// The reconciliation's number.
        id: Path<i64>,
    ) -> Result<Json<Reconciliation>, Problem> {
        let instance = self.0.engine.instance(&workspace)?;
        let found = self.0.engine.reconciliation(&instance, id.0).await?;
        Ok(Json(Reconciliation::of(&workspace, found)?))
    }

    /// Make whole what a reconciliation found
    ///
    /// Reads what was not read, sends again what was given up, registers again what was deleted in Kontur. What is whole
    /// is left alone: a second repair changes nothing.
    #[oai(path = "/:workspace/reconciliations/:id/repair", method = "post", operation_id = "repair")]
    async fn repair(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        /// The reconciliation's number.
        id: Path<i64>,
    ) -> Result<Json<Repaired>, Problem> {
        let instance = self.0.engine.instance(&workspace)?;
        Ok(Json(Repaired::of(self.0.engine.repair(&instance, id.0).await?)))
    }
}
