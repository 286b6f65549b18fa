//! How the PBX answers what it cannot do.

use std::marker::PhantomData;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::{Any, Type};
use poem_openapi::{ApiResponse, Object};
use serde_json::{Value, json};

use crate::strict::{Described, Refusal};

/// Documented as `A`, and able to be anything: a stream, or what a PBX in trouble sends.
pub(super) struct Served<A> {
    response: Response,
    documented: PhantomData<fn() -> A>,
}

impl<A> Served<A> {
    pub(super) fn new(response: Response) -> Self {
        Self { response, documented: PhantomData }
    }
}

impl<A: IntoResponse> From<A> for Served<A> {
    fn from(answer: A) -> Self {
        Self::new(answer.into_response())
    }
}

impl<A> IntoResponse for Served<A> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<A: ApiResponse> ApiResponse for Served<A> {
    fn meta() -> MetaResponses {
        A::meta()
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }
}

/// Every answer but those of creation and deletion.
#[derive(ApiResponse)]
pub(super) enum Answer<T: Type> {
    /// Done.
    #[oai(status = 200)]
    Done(Described<T>),
    /// The request does not fit this document.
    #[oai(status = 400)]
    Invalid(Described<ErrorBody>),
    /// The bearer token is missing or wrong.
    #[oai(status = 401)]
    Unauthorized(Described<ErrorBody>),
    /// There is no such thing.
    #[oai(status = 404)]
    NotFound(Described<ErrorBody>),
}

/// An error.
#[derive(Object)]
pub(super) struct ErrorBody {
    /// A stable word: `invalid`, `unauthorized`, `not_found`, `conflict`, `unavailable`.
    error: String,
    message: String,
    /// By field, what is wrong with it.
    details: Option<Any<Value>>,
}

/// The body of an error.
pub(super) fn error(word: &str, message: &str) -> Described<ErrorBody> {
    Described::new(json!({"error": word, "message": message}))
}

/// A refusal in the PBX's words.
pub(super) fn words(refusal: &Refusal) -> Response {
    match refusal.status {
        StatusCode::BAD_REQUEST => {
            let body = json!({"error": "invalid", "message": refusal.text, "details": refusal.faults});
            Answer::<Any<Value>>::Invalid(Described::new(body)).into_response()
        }
        StatusCode::UNAUTHORIZED => {
            Answer::<Any<Value>>::Unauthorized(error("unauthorized", &refusal.text)).into_response()
        }
        StatusCode::NOT_FOUND => {
            Answer::<Any<Value>>::NotFound(error("not_found", &refusal.text)).into_response()
        }
        status => error("invalid", &refusal.text).with_status(status).into_response(),
    }
}

/// Asked too often; in so many seconds it may be asked again.
pub(super) fn too_often(retry_after: u64) -> Response {
    let body = error("unavailable", "asked too often");
    let body = body.with_status(StatusCode::TOO_MANY_REQUESTS);
    body.with_header("retry-after", retry_after).into_response()
}

/// The PBX cannot answer at the moment.
pub(super) fn unavailable() -> Response {
    error("unavailable", "try again later").with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
}
