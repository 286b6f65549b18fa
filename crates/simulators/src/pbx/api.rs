//! The control API: what the server under test calls at the PBX.

#![expect(clippy::unused_async, reason = "poem-openapi takes async handlers and checkers only")]

mod answer;
mod calls;
mod recordings;
mod wire;

use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response, Route};
use poem_openapi::auth::Bearer;
use poem_openapi::{OpenApiService, SecurityScheme};

use self::calls::Calls;
use self::recordings::Recordings;
use super::Handle;
use crate::strict::with_refusals;

/// The control token.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", checker = "control_token")]
struct ControlToken(());

async fn control_token(request: &Request, token: Bearer) -> Option<()> {
    let handle = request.data::<Handle>()?;
    (token.token == handle.options.control_token).then_some(())
}

/// The whole API, with the errors of the library in the PBX's words.
pub(super) fn app(handle: &Handle) -> impl Endpoint<Output = Response> + 'static {
    let routes = Route::new().nest("/", service()).data(handle.clone());
    let silent = handle.silent.clone();
    with_refusals(routes, answer::words).around(move |app, request: Request| {
        let mut silent = silent.subscribe();
        async move {
            if *silent.borrow_and_update() {
                // A silent PBX does not answer; when it speaks again, what came meanwhile is not done after all.
                let _gone = silent.wait_for(|silent| !silent).await;
                return Ok(answer::unavailable());
            }
            app.call(request).await
        }
    })
}

/// The OpenAPI document as YAML.
pub(super) fn openapi() -> String {
    service().spec_yaml()
}

fn service() -> OpenApiService<(Calls, Recordings), ()> {
    OpenApiService::new((Calls, Recordings), "Generic PBX, control API", "1").description(
        "What a PBX of your own has to offer: generated from the simulator that the tests run against.",
    )
}

/// The word for an operation in the journal and in faults.
pub(super) fn operation(method: &Method, path: &str) -> Option<String> {
    if path.starts_with("/_sim/") {
        return None;
    }
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let word = match (method.as_str(), &segments[..]) {
        ("POST", ["control", "calls"]) => "calls/create",
        ("GET", ["control", "calls"]) => "calls/list",
        ("GET", ["control", "calls", _]) => "calls/get",
        ("DELETE", ["control", "calls", _, "legs", _]) => "legs/delete",
        ("GET", ["recordings", ..]) => "recordings/get",
        _ => "unknown",
    };
    Some(word.to_owned())
}
