//! Answers requests: who, which action, which parameters, then the action itself.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, Request, Response};
use serde_json::{Map, Value, json};

use super::action::{self, Action, Dialect};
use super::signature::{self, Credentials};
use super::team::Team;
use super::{actions, storage};
use crate::clock;
use crate::server::Exchange;
use crate::sync::lock;

/// All data of the team, for tests from outside; no part of the API.
pub(super) const STATE: &str = "/_sim/state";

/// What the handler and the tests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) credentials: Credentials,
    /// Seconds a signature may be away from this clock.
    pub(super) tolerance: i64,
    /// Milliseconds this system's clock is ahead of the real one.
    pub(super) clock_offset: AtomicI64,
    pub(super) team: Mutex<Team>,
}

/// The endpoint of every path.
pub(super) struct Api {
    pub(super) shared: Arc<Shared>,
}

/// An answer: `code` is the HTTP status, too.
struct Reply {
    code: u16,
    message: String,
    data: Value,
}

impl Endpoint for Api {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let body = request.take_body().into_bytes().await?;
        let exchange = request.extensions().get::<Exchange>().cloned().unwrap_or_default();
        let base_url = base_url(&request);
        if request.uri().path() == STATE {
            return Ok(json_response(200, &lock(&self.shared.team).to_json()));
        }
        if request.uri().path().starts_with(storage::PREFIX) {
            let mut team = lock(&self.shared.team);
            return Ok(storage::answer(&mut team, &request, body, self.shared.now(), &exchange));
        }
        let name = operation(request.method(), request.uri().path()).unwrap_or_default();
        let reply = self.shared.answer(&request, &body, &base_url, &exchange).unwrap_or_else(|reply| reply);
        Ok(reply.into_response(&name))
    }
}

impl Shared {
    /// Unix time in milliseconds, by this system's clock.
    pub(super) fn now(&self) -> i64 {
        clock::now().timestamp_millis() + self.clock_offset.load(Ordering::Relaxed)
    }

    fn answer(
        &self,
        request: &Request,
        body: &Bytes,
        base_url: &str,
        exchange: &Exchange,
    ) -> Result<Reply, Reply> {
        let now = self.now();
        let dialect =
            signature::check(&self.credentials, request.headers(), body, now / 1000, self.tolerance)
                .map_err(|denial| Reply::new(denial.code, denial.message))?;
        let wrong = |faults: Vec<String>| {
            let message = faults.join("; ");
            exchange.violations(faults);
            Reply::new(400, message)
        };
        let action = find(dialect, request).map_err(|fault| wrong(vec![fault]))?;
        let parameters = parameters(dialect, request, body).map_err(|fault| wrong(vec![fault]))?;
        let faults = action.faults(&parameters);
        if !faults.is_empty() {
            return Err(wrong(faults));
        }
        let mut team = lock(&self.team);
        if team_id(request) != team.id {
            return Err(Reply::new(400, "wrong team"));
        }
        let result = (action.run)(&mut team, &action::Request { parameters: &parameters, now, base_url });
        exchange.violations(team.violations.drain(..));
        result.map(Reply::ok).map_err(|refusal| Reply::new(400, refusal.0))
    }
}

/// The operation of a path: what stands behind the team id. [`STATE`] has none: nobody shall see it looked at.
pub(super) fn operation(method: &Method, path: &str) -> Option<String> {
    if path == STATE {
        return None;
    }
    if path.starts_with(storage::PREFIX) {
        return Some(format!("storage/{}", method.as_str().to_lowercase()));
    }
    let name = path.trim_start_matches('/').split_once('/').map_or("", |(_team, name)| name);
    Some(name.to_owned())
}

fn team_id(request: &Request) -> &str {
    request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default()
}

fn find(dialect: Dialect, request: &Request) -> Result<&'static Action, String> {
    let name = operation(request.method(), request.uri().path()).unwrap_or_default();
    let Some(action) = actions::of(dialect).find(|action| action.name == name) else {
        return Err(format!("unknown action {name}"));
    };
    let method = action.method(dialect);
    if request.method().as_str() == method {
        return Ok(action);
    }
    Err(format!("{name} is called with {method} in this dialect, not {}", request.method()))
}

/// The parameters, from where the dialect has them.
fn parameters(dialect: Dialect, request: &Request, body: &[u8]) -> Result<Map<String, Value>, String> {
    if dialect == Dialect::Body {
        return object(body, "the body");
    }
    if request.method() == Method::GET {
        return query_parameters(request);
    }
    let mut outer = object(body, "the body")?;
    match (outer.remove("query"), outer.is_empty()) {
        (Some(Value::Object(parameters)), true) => Ok(parameters),
        _ => Err("the body must be {\"query\": {…}} and nothing else".to_owned()),
    }
}

fn query_parameters(request: &Request) -> Result<Map<String, Value>, String> {
    let mut pairs: Vec<(String, String)> =
        request.params().map_err(|_| "the query string cannot be read".to_owned())?;
    match pairs.pop() {
        None => Ok(Map::new()),
        Some((name, json)) if name == "query" && pairs.is_empty() => object(json.as_bytes(), "query"),
        Some(_) => Err("the query string must be query={…} and nothing else".to_owned()),
    }
}

fn object(json: &[u8], what: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(json).map_err(|error| format!("{what} is no JSON object: {error}"))
}

/// Where the caller reached us; pre-signed urls have to work from there.
fn base_url(request: &Request) -> String {
    let host = request.header("host").map_or_else(|| request.local_addr().to_string(), str::to_owned);
    format!("http://{host}")
}

impl Reply {
    fn ok(data: Value) -> Self {
        Self { code: 200, message: "OK".to_owned(), data }
    }

    fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Value::Null }
    }

    /// Some replies of the real system spell `message` as `massage`; here those about contacts and comments.
    fn into_response(self, operation: &str) -> Response {
        let misspelt = operation.starts_with("contact/") || operation.starts_with("comment/");
        let message = if misspelt { "massage" } else { "message" };
        let body = json!({"code": self.code, message: self.message, "data": self.data});
        json_response(self.code, &body)
    }
}

fn json_response(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}
