//! The one place where the errors of the HTTP library become the errors of the simulated system.

use poem::error::{ParsePathError, ResponseError};
use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt, Error, Request, Response};
use poem_openapi::error as openapi_error;

use super::check::Faults;
use crate::server::Exchange;

/// A request that is not what the contract describes.
#[derive(Debug, thiserror::Error)]
#[error("the request does not fit the contract: {0:?}")]
pub(crate) struct Invalid(pub(crate) Faults);

impl Invalid {
    /// One fault in one field.
    pub(crate) fn one(field: &str, text: impl Into<String>) -> Self {
        Self(Faults::from([(field.to_owned(), vec![text.into()])]))
    }
}

impl ResponseError for Invalid {
    fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

/// What a system refuses and why, before it is put in its own words.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// Empty unless the status is 400.
    pub(crate) faults: Faults,
    pub(crate) text: String,
}

impl Refusal {
    /// Reads an error of the library.
    fn of(error: &Error) -> Self {
        let faults = faults_of(error);
        Self { status: error.status(), faults, text: error.to_string() }
    }
}

/// Puts every refusal into the words of the system, and everything but a refused credential into the journal as a
/// violation: whoever sends what the contract does not know has broken it.
pub(crate) fn with_refusals<E>(app: E, words: fn(&Refusal) -> Response) -> impl Endpoint<Output = Response>
where
    E: Endpoint + 'static,
{
    app.map_to_response().around(move |app, request: Request| async move {
        let exchange = request.extensions().get::<Exchange>().cloned().unwrap_or_default();
        match app.call(request).await {
            Err(error) if error.has_source() => {
                let refusal = Refusal::of(&error);
                if refusal.status != StatusCode::UNAUTHORIZED {
                    exchange.violation(format!("{}: {}", refusal.status.as_u16(), refusal.text));
                }
                Ok(words(&refusal))
            }
            // An error without a source is an answer that a handler chose to give early.
            other => other,
        }
    })
}

fn faults_of(error: &Error) -> Faults {
    if let Some(Invalid(faults)) = error.downcast_ref::<Invalid>() {
        return faults.clone();
    }
    if let Some(error) = error.downcast_ref::<openapi_error::ParseParamError>() {
        return Invalid::one(error.name, error.reason.clone()).0;
    }
    if let Some(error) = error.downcast_ref::<openapi_error::ParsePathError>() {
        return Invalid::one(error.name, error.reason.clone()).0;
    }
    if error.downcast_ref::<ParsePathError>().is_some() || error.status() == StatusCode::BAD_REQUEST {
        return Invalid::one("$", error.to_string()).0;
    }
    Faults::new()
}
