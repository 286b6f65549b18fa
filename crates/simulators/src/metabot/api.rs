//! Answers `POST {base}/bots/{botId}/jobs/schedule`; whatever prefix the base has is accepted.

use std::sync::{Arc, Mutex};

use poem::http::{HeaderMap, Method, StatusCode};
use poem::{Endpoint, Request, Response};
use serde_json::{Map, Value, json};

use super::job::{Job, faults};
use crate::clock;
use crate::server::Exchange;
use crate::sync::lock;

/// All jobs, for tests from outside; no part of the API.
const STATE: &str = "/_sim/state";

/// What the handler and the tests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) bot_id: u64,
    pub(super) token: String,
    pub(super) jobs: Mutex<Vec<Job>>,
}

/// The endpoint of every path.
pub(super) struct Api {
    pub(super) shared: Arc<Shared>,
}

/// Why a job is not taken: status and text.
struct Refusal(StatusCode, String);

impl Endpoint for Api {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if request.uri().path() == STATE {
            return Ok(reply(StatusCode::OK, &json!({"jobs": *lock(&self.shared.jobs)})));
        }
        let body = request.take_body().into_bytes().await?;
        let exchange = request.extensions().get::<Exchange>().cloned().unwrap_or_default();
        Ok(match self.shared.schedule(&request, &body, &exchange) {
            Ok(id) => reply(StatusCode::OK, &json!({"success": true, "job": {"id": id}})),
            Err(Refusal(status, error)) => reply(status, &json!({"success": false, "error": error})),
        })
    }
}

impl Shared {
    fn schedule(&self, request: &Request, body: &[u8], exchange: &Exchange) -> Result<u64, Refusal> {
        let wrong = |status: StatusCode, faults: Vec<String>| {
            let text = faults.join("; ");
            exchange.violations(faults);
            Refusal(status, text)
        };
        let Some(bot_id) = bot_id(request.method(), request.uri().path()) else {
            let fault = format!("{} {} is no method of the bot API", request.method(), request.uri().path());
            return Err(wrong(StatusCode::NOT_FOUND, vec![fault]));
        };
        if !self.lets_in(request.headers()) {
            return Err(Refusal(StatusCode::UNAUTHORIZED, "the token is missing or unknown".to_owned()));
        }
        if bot_id != self.bot_id.to_string() {
            return Err(Refusal(StatusCode::FORBIDDEN, "the token is not for this bot".to_owned()));
        }
        let parsed: Result<Map<String, Value>, _> = serde_json::from_slice(body);
        let job = parsed.map_err(|error| {
            wrong(StatusCode::BAD_REQUEST, vec![format!("the body is no JSON object: {error}")])
        })?;
        let faults = faults(&job);
        if !faults.is_empty() {
            return Err(wrong(StatusCode::UNPROCESSABLE_ENTITY, faults));
        }
        Ok(self.take(job, exchange))
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        header("authentication") == Some(self.token.as_str()) || bearer == Some(self.token.as_str())
    }

    fn take(&self, body: Map<String, Value>, exchange: &Exchange) -> u64 {
        let mut jobs = lock(&self.jobs);
        if let Some(earlier) = jobs.iter().find(|job| job.body == body) {
            exchange.violation(format!("a second job like job {}", earlier.id));
        }
        let id = jobs.len() as u64 + 1;
        jobs.push(Job { id, received_at: clock::now().timestamp_millis(), body });
        id
    }
}

/// The operation of a path. [`STATE`] has none: nobody shall see it looked at.
pub(super) fn operation(method: &Method, path: &str) -> Option<String> {
    if path == STATE {
        return None;
    }
    let word = if bot_id(method, path).is_some() { "jobs/schedule" } else { "unknown" };
    Some(word.to_owned())
}

/// The bot id of `POST …/bots/{botId}/jobs/schedule`.
fn bot_id<'a>(method: &Method, path: &'a str) -> Option<&'a str> {
    let (_prefix, bot_id) = path.strip_suffix("/jobs/schedule")?.rsplit_once("/bots/")?;
    (*method == Method::POST).then_some(bot_id)
}

fn reply(status: StatusCode, body: &Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}
