//! The HTTP side of the simulated Kontur.

#![expect(clippy::unused_async, reason = "poem-openapi takes async handlers and checkers only")]

mod authorization;
mod callbacks;
mod files;
mod instances;
mod other;

use std::sync::Arc;

use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response, Route};
use poem_openapi::auth::{ApiKey, Bearer};
use poem_openapi::{OpenApiService, SecurityScheme};

use self::authorization::Authorization;
use self::callbacks::Callbacks;
use self::files::Files;
use self::instances::Instances;
use self::other::Other;
use super::answer;
use super::state::Shared;
use crate::strict::with_refusals;

/// Where the callbacks live, behind `/api/v1/{ws}/`.
const CALLBACKS: &str = "communications/callbacks/telephony/";

/// A key that opens the workspace of the path.
#[derive(SecurityScheme)]
#[oai(ty = "api_key", key_name = "X-XCOM-AccessKey", key_in = "header", checker = "access_key")]
pub(super) struct AccessKey(());

/// A user's bearer token; the instance methods take it in place of an access key.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", checker = "user_token")]
pub(super) struct UserToken(());

/// Either of them.
#[derive(SecurityScheme)]
pub(super) enum InstanceAccess {
    AccessKey(AccessKey),
    UserToken(UserToken),
}

async fn access_key(request: &Request, key: ApiKey) -> Option<()> {
    let shared = request.data::<Arc<Shared>>()?;
    // The library gives path parameters names of its own; the path itself is plain: /api/v1/{ws}/….
    let workspace = request.original_uri().path().split('/').nth(3)?;
    shared.state().keys.opens(&key.key, workspace).then_some(())
}

async fn user_token(request: &Request, token: Bearer) -> Option<()> {
    let shared = request.data::<Arc<Shared>>()?;
    shared.state().user_tokens.contains(&token.token).then_some(())
}

/// The whole API, with the errors of the library in Kontur's words.
pub(super) fn app(shared: &Arc<Shared>) -> impl Endpoint<Output = Response> + 'static {
    let routes = Route::new().nest("/api/v1", service(shared));
    with_refusals(routes.data(Arc::clone(shared)), answer::words)
}

/// The OpenAPI document as YAML.
pub(super) fn openapi(shared: &Arc<Shared>) -> String {
    service(shared).spec_yaml()
}

type Api = (Authorization, Instances, Callbacks, Files, Other);

fn service(shared: &Arc<Shared>) -> OpenApiService<Api, ()> {
    let shared = || Arc::clone(shared);
    let api =
        (Authorization(shared()), Instances(shared()), Callbacks(shared()), Files(shared()), Other(shared()));
    OpenApiService::new(api, "Kontur CRM, the part a telephony integration calls", "2022")
        .description("As we understand it: generated from the simulator that the tests run against.")
        .url_prefix("/api/v1")
}

/// The word for an operation in the journal and in faults.
pub(super) fn operation(method: &Method, path: &str) -> Option<String> {
    let Some(path) = path.strip_prefix("/api/v1/") else {
        return (!path.starts_with("/_sim/")).then(|| "unknown".to_owned());
    };
    let (_, rest) = path.split_once('/').unwrap_or((path, ""));
    let word = match (method.as_str(), rest) {
        (_, "authorize-private-integration" | "authorize-integration" | "ui-settings" | "events") => rest,
        ("POST", "files") => "files/upload",
        ("HEAD", file) if file.starts_with("files/") => "files/head",
        (_, file) if file.starts_with("files/") && file.ends_with("/meta") => "files/meta",
        (_, file) if file.starts_with("files/") => "files/download",
        ("PATCH", instance) if instance.starts_with("integrations/instances/") => "instances/patch",
        (_, instance) if instance.starts_with("integrations/instances/") => "instances/get",
        (_, setup) if setup.starts_with("integrations/") && setup.ends_with("/setup") => "integrations/setup",
        (_, callback) => callback.strip_prefix(CALLBACKS).unwrap_or("unknown"),
    };
    Some(word.to_owned())
}
