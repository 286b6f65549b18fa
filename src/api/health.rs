//! What orchestrators and Prometheus ask.

use std::sync::Arc;

use poem::{Endpoint, IntoResponse, Response, Route, RouteMethod, endpoint};

use super::ApiState;
use super::problem::Problem;

/// Renders the metrics as Prometheus reads them.
pub(super) type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// `/healthz`: the process is alive; nothing else is looked at, lest a slow disk has the server killed.
pub(super) fn alive() -> RouteMethod {
    RouteMethod::new().get(endpoint::make_sync(|_| text("ok\n")))
}

/// `/readyz`: the store can be written to, so events can be taken in.
pub(super) fn ready(state: &Arc<ApiState>) -> RouteMethod {
    let state = Arc::clone(state);
    RouteMethod::new().get(endpoint::make(move |_| {
        let state = Arc::clone(&state);
        async move {
            let checked = state.engine.check_store().await;
            checked.map_or_else(|error| Problem::from(error).into_response(), |()| text("ready\n"))
        }
    }))
}

/// `/metrics`.
pub(super) fn metrics(render: &Metrics) -> RouteMethod {
    /// The text format that every version of Prometheus reads.
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let render = Arc::clone(render);
    RouteMethod::new()
        .get(endpoint::make_sync(move |_| Response::builder().content_type(TEXT).body(render())))
}

/// The endpoint of a port for metrics alone.
pub(super) fn metrics_alone(render: &Metrics) -> impl Endpoint<Output = Response> + use<> {
    Route::new().at("/metrics", metrics(render)).at("/healthz", alive())
}

fn text(text: &'static str) -> Response {
    Response::builder().content_type("text/plain; charset=utf-8").body(text)
}
