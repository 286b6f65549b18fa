//! Webhooks of the providers. The hot path: a raw body, a look at headers, one call of the engine.

mod document;
mod event;
mod route;

use std::sync::Arc;

use poem::{Endpoint, IntoResponse, Request, Response, Route, RouteMethod};

use super::problem::Problem;
use super::{ApiState, body};
pub(super) use document::Document;

/// The provider's name and whatever a provider puts after it.
const PATHS: [&str; 2] = ["/telephony/:workspace/:provider", "/telephony/:workspace/:provider/*rest"];

/// Where the dialplan of an Asterisk asks for the responsible employee.
const ROUTE: &str = "/telephony/:workspace/asterisk/route";

/// Adds the routes of `/telephony`; they are no nest, which would cost a second look-up.
pub(super) fn routes(routes: Route, state: &Arc<ApiState>) -> Route {
    let asked = RouteMethod::new().get(route::Handler(Arc::clone(state)));
    PATHS
        .into_iter()
        .fold(routes, |routes, path| routes.at(path, RouteMethod::new().post(Handler(Arc::clone(state)))))
        .at(ROUTE, asked)
}

struct Handler(Arc<ApiState>);

impl Endpoint for Handler {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let taken = self.take(&mut request).await;
        Ok(taken.unwrap_or_else(IntoResponse::into_response))
    }
}

impl Handler {
    async fn take(&self, request: &mut Request) -> Result<Response, Problem> {
        let body = body::read(request.take_body()).await?;
        let part = |name| request.raw_path_param(name).unwrap_or_default();
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let taken = self.0.engine.take_webhook(part("workspace"), part("provider"), &header, body).await?;
        let reply = format!(r#"{{"accepted":{},"duplicates":{}}}"#, taken.accepted, taken.duplicates);
        Ok(Response::builder().content_type("application/json").body(reply))
    }
}
