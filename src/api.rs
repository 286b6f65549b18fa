//! What the server answers over HTTP. Handlers translate: a request into a call of the engine, its result or error
//! into a reply. They decide nothing.

mod admin;
mod body;
mod document;
mod farewell;
mod health;
mod kontur;
mod problem;
mod roots;
mod telephony;
mod workonflow;

use std::collections::HashMap;
use std::sync::Arc;

use domain::id::{InstanceId, Workspace};
use domain::secret::Secret;
use engine::Engine;
use engine::instance::Instance;
use poem::{Endpoint, EndpointExt, Response, Route};
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

use self::farewell::Farewell;
use self::problem::{Fault, Problem};
use self::roots::Roots;

/// What the handlers work with.
pub struct ApiState {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// What administrators have to show.
    pub admin_token: Secret,
    /// The settings of the configuration file's integrations by workspace, without their secrets.
    pub declared: HashMap<String, serde_json::Value>,
    /// Renders the metrics as Prometheus reads them.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Under which URL Kontur and the providers reach this server, without a slash at the end.
    pub public_url: String,
}

/// The workspaces of the integrations there are.
type Workspaces = HashMap<InstanceId, Workspace>;

impl ApiState {
    /// The instance that a filter names. A name that is not known is a wrong parameter.
    fn instance_named(&self, workspace: Option<&str>) -> Result<Option<Arc<Instance>>, Problem> {
        let instance = workspace.map(|workspace| self.engine.instance(workspace)).transpose();
        instance.map_err(|error| {
            let fault = Fault::of_field("workspace", error.to_string());
            Problem::invalid("there is no such workspace here", vec![fault])
        })
    }

    fn workspaces(&self) -> Workspaces {
        let all = self.engine.all_instances();
        all.iter().map(|instance| (instance.id, instance.workspace.clone())).collect()
    }
}

/// The whole route table (design, Routes). From `stop` on connections end with the answer under way.
pub fn routes(state: ApiState, stop: CancellationToken) -> impl Endpoint<Output = Response> {
    let state = Arc::new(state);
    let others = telephony::routes(Route::new(), &state)
        .nest_no_strip("/workonflow", workonflow::routes(&state))
        .nest_no_strip("/admin/v1", admin::routes(&state))
        .at("/docs", document::page())
        .at("/openapi.json", document::json())
        .at("/openapi.yaml", document::yaml())
        .at("/healthz", health::alive())
        .at("/readyz", health::ready(&state))
        .at("/metrics", health::metrics(&state.metrics));
    Roots { kontur: kontur::routes(&state), others: others.with(problem::Problems) }.with(Farewell(stop))
}

/// The routes of a port that serves metrics alone.
pub fn metrics_routes(state: &ApiState) -> impl Endpoint<Output = Response> + use<> {
    health::metrics_alone(&state.metrics)
}

/// The OpenAPI documents of this server by file stem, as YAML.
pub fn openapi() -> Vec<(&'static str, String)> {
    document::all()
}

/// Whether `given` is the secret. How long it takes says nothing about where the two differ.
fn is_secret(secret: &Secret, given: &str) -> bool {
    secret.digest().ct_eq(&Secret::new(given).digest()).into()
}

#[cfg(test)]
mod tests;
