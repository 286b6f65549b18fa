//! Events of Workonflow (contract Workonflow §3). They carry no signature, hence the token in the path.

use std::collections::HashMap;
use std::sync::Arc;

use domain::secret::Secret;
use engine::error::EngineError;
use engine::happening;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, IntoResponse, Request, Response, Route, RouteMethod};
use poem_openapi::registry::{MetaApi, MetaOperation, MetaResponses, MetaSchema, MetaTag, Registry};
use poem_openapi::{ApiResponse, OpenApi};
use serde_json::Value;

use super::document::operation;
use super::problem::Problem;
use super::{ApiState, body, is_secret};

const PATH: &str = "/workonflow/:workspace/:events_token";

/// The endpoint of `/workonflow`.
pub(super) fn routes(state: &Arc<ApiState>) -> Route {
    Route::new().at(PATH, RouteMethod::new().post(Handler(Arc::clone(state))))
}

struct Handler(Arc<ApiState>);

impl Endpoint for Handler {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let heard = self.hear(&mut request).await;
        Ok(heard.map_or_else(IntoResponse::into_response, |()| {
            Response::builder().content_type("application/json").body("{}")
        }))
    }
}

impl Handler {
    async fn hear(&self, request: &mut Request) -> Result<(), Problem> {
        // A wrong token and an unknown workspace look the same from outside.
        let unknown = || Problem::from(EngineError::NotFound("nobody listens at this address".to_owned()));
        let part = |name| request.raw_path_param(name).unwrap_or_default();
        let instance = self.0.engine.instance(part("workspace")).map_err(|_| unknown())?;
        let live = instance.live();
        let token = live.settings.workonflow.as_ref().and_then(|workonflow| workonflow.events_token.as_ref());
        if !token.is_some_and(|token: &Secret| is_secret(token, part("events_token"))) {
            return Err(unknown());
        }
        let body = body::read(request.take_body()).await?;
        let event: Value = serde_json::from_slice(&body)
            .map_err(|error| EngineError::Invalid(format!("the event is not JSON: {error}")))?;
        happening::workonflow_told(&instance.workspace, event_type(&event));
        Ok(())
    }
}

/// Cut short: it is somebody else's text.
fn event_type(event: &Value) -> &str {
    let word = event.get("eventType").and_then(Value::as_str).unwrap_or("unknown");
    word.char_indices().nth(64).map_or(word, |(end, _)| &word[..end])
}

const TAG: &str = "Workonflow";
const ABOUT: &str = "What Workonflow tells.";
const DESCRIPTION: &str = "Any event is accepted, those that are not known as well. Give Workonflow's console the URL with \
    the integration's `events_token`.";

/// Documents the address of events; it is answered by a plain route.
pub(super) struct Document;

impl OpenApi for Document {
    fn meta() -> Vec<MetaApi> {
        let any = operation::inline(MetaSchema::new("object"));
        let mut responses = Problem::meta().responses;
        responses.retain(|response| matches!(response.status, Some(400 | 404 | 413)));
        responses.insert(0, operation::response(200, "It was heard.", any.clone()));
        let event = MetaOperation {
            request: Some(operation::body(any, true, "The event.")),
            responses: MetaResponses { responses },
            operation_id: Some("hear_workonflow"),
            ..operation::post(TAG, "Tell an event", DESCRIPTION)
        };
        operation::api(vec![operation::path(PATH, about_path, event)])
    }

    fn register(registry: &mut Registry) {
        registry.create_tag(MetaTag { name: TAG, description: Some(ABOUT), external_docs: None });
        Problem::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

fn about_path(name: &str) -> &'static str {
    match name {
        "workspace" => "The workspace in Kontur.",
        _ => "The integration's `events_token`.",
    }
}
