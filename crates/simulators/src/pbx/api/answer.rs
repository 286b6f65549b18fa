//! How the PBX answers what it cannot do.

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::types::{Any, Type};
use poem_openapi::{ApiResponse, Object};
use serde_json::{Value, json};

use crate::strict::{Described, Refusal};

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

/// The PBX cannot answer at the moment.
pub(super) fn unavailable() -> Response {
    error("unavailable", "try again later").with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
}
