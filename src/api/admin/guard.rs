//! Nobody gets in without the administrators' token: `Authorization: Bearer ADMIN_TOKEN`.

use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{Method, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, MetaSecurityScheme, Registry};

use crate::api::problem::{Kind, Problem};
use crate::api::{ApiState, is_secret};

const SCHEME: &str = "AdminToken";

/// A part of the API whose operations all ask for the token: says so in the document. [`Token`] asks.
pub(in crate::api) struct Guarded<T>(pub(super) T);

impl<T: OpenApi> OpenApi for Guarded<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        let paths = apis.iter_mut().flat_map(|api| &mut api.paths);
        for operation in paths.flat_map(|path| &mut path.operations) {
            operation.security.push(HashMap::from([(SCHEME, Vec::new())]));
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        registry.create_security_scheme(SCHEME, bearer());
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        self.0.add_routes(routes);
    }
}

fn bearer() -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: Some("The administrators' token (`admin_token` of the configuration)."),
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}

/// Asks for the token.
pub(super) struct Token(pub(super) Arc<ApiState>);

/// An endpoint behind the token.
pub(super) struct WithToken<E> {
    endpoint: E,
    state: Arc<ApiState>,
}

impl<E: Endpoint> Middleware<E> for Token {
    type Output = WithToken<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        WithToken { endpoint, state: Arc::clone(&self.0) }
    }
}

impl<E: Endpoint> Endpoint for WithToken<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let value = request.headers().get(header::AUTHORIZATION);
        match value.and_then(|value| bearer_token(value.to_str().ok()?)) {
            Some(token) if is_secret(&self.state.admin_token, token) => {
                self.endpoint.call(request).await.map(IntoResponse::into_response)
            }
            Some(_) => Ok(refused("the token in Authorization is not the administrators' token")),
            None => {
                Ok(refused("the administrators' token is missing; send Authorization: Bearer ADMIN_TOKEN"))
            }
        }
    }
}

fn refused(detail: &str) -> Response {
    let problem = Problem::new(Kind::Unauthorized, detail);
    problem.with_header(header::WWW_AUTHENTICATE, "Bearer").into_response()
}

/// The scheme's name may be written in any case (RFC 9110, 11.1).
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bearer_scheme_is_read() {
        assert_eq!(bearer_token("Bearer secret"), Some("secret"));
        assert_eq!(bearer_token("bearer  secret "), Some("secret"));
        assert_eq!(bearer_token("Basic secret"), None);
        assert_eq!(bearer_token("secret"), None);
    }
}
