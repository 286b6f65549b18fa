//! Who is responsible for a caller, for the dialplan of an Asterisk (design, Configuration). The reply is plain text, the
//! extension or nothing: whatever else a dialplan gets it would dial.

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{Endpoint, FromRequest, Request, Response};
use serde::Deserialize;

use crate::api::ApiState;

/// What the dialplan sends.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    phone: String,
    #[serde(default)]
    token: String,
}

/// Answers the dialplan.
pub(super) struct Handler(pub(super) Arc<ApiState>);

impl Endpoint for Handler {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let workspace = request.raw_path_param("workspace").unwrap_or_default();
        let reply = |status: StatusCode, text: String| {
            Response::builder().status(status).content_type(PLAIN).body(text)
        };
        let Ok(Query(asked)) = Query::<Asked>::from_request_without_body(&request).await else {
            return Ok(reply(StatusCode::BAD_REQUEST, String::new()));
        };
        let routed = self.0.engine.route(workspace, &asked.token, &asked.phone).await;
        Ok(match routed {
            Ok(extension) => {
                reply(StatusCode::OK, extension.map(|extension| extension.to_string()).unwrap_or_default())
            }
            Err(error) => {
                tracing::warn!(workspace, %error, "a dialplan may not ask who is responsible for a caller");
                reply(StatusCode::UNAUTHORIZED, String::new())
            }
        })
    }
}

/// The type of the reply.
const PLAIN: &str = "text/plain; charset=utf-8";
