//! Makes a problem of everything that goes wrong before or inside a handler.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use poem::error::ParsePathError;
use poem::http::StatusCode;
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};
use poem_openapi::error as openapi;

use super::{Fault, Kind, Problem, plain};

/// Errors and panics become problems.
pub(in crate::api) struct Problems;

/// An endpoint whose errors are problems.
pub(in crate::api) struct WithProblems<E>(E);

impl<E: Endpoint> Middleware<E> for Problems {
    type Output = WithProblems<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        WithProblems(endpoint)
    }
}

impl<E: Endpoint> Endpoint for WithProblems<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        match AssertUnwindSafe(self.0.call(request)).catch_unwind().await {
            Ok(Ok(reply)) => Ok(reply.into_response()),
            Ok(Err(error)) => Ok(problem(&error).into_response()),
            Err(_) => Ok(Problem::new(Kind::Internal, "internal error; see the log").into_response()),
        }
    }
}

fn problem(error: &poem::Error) -> Problem {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return problem.clone();
    }
    if let Some(fault) = fault(error) {
        return Problem::invalid("a parameter is wrong; correct it and send the request again", vec![fault]);
    }
    match error.status() {
        StatusCode::NOT_FOUND => {
            Problem::new(Kind::NotFound, "there is nothing at this path; /docs shows what there is")
        }
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            Kind::MethodNotAllowed,
            "this path does not take this method; /docs shows what it takes",
        ),
        StatusCode::UNAUTHORIZED => {
            Problem::new(Kind::Unauthorized, "send Authorization: Bearer with the token")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(Kind::UnsupportedMediaType, error.to_string()),
        status if status.is_client_error() => Problem::new(Kind::Invalid, error.to_string()),
        _ => {
            tracing::error!(%error, "a request failed unexpectedly");
            Problem::new(Kind::Internal, "internal error; see the log")
        }
    }
}

fn fault(error: &poem::Error) -> Option<Fault> {
    if let Some(error) = error.downcast_ref::<openapi::ParseParamError>() {
        return Some(Fault::of_field(error.name, plain(&error.reason)));
    }
    // The library numbers the parameters of a path and knows no names.
    if let Some(error) = error.downcast_ref::<openapi::ParsePathError>() {
        return Some(Fault::of_field("path", plain(&error.reason)));
    }
    if let Some(error) = error.downcast_ref::<openapi::ParseRequestPayloadError>() {
        return Some(Fault::of_field("", plain(&error.reason)));
    }
    error.downcast_ref::<ParsePathError>().map(|error| Fault::of_field("path", error.to_string()))
}
