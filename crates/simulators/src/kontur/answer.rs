//! How Kontur answers: a body, a 409 with a status word, or the problem shape of ASP.NET.

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::types::{Any, Type};
use poem_openapi::{ApiResponse, Object};
use rand::RngExt;
use serde_json::{Value, json};

use crate::strict::{Described, Refusal};

/// Every answer of the API.
#[derive(ApiResponse)]
pub(crate) enum Answer<T: Type> {
    /// Done.
    #[oai(status = 200)]
    Done(Described<T>),
    /// The request does not fit the contract.
    #[oai(status = 400)]
    Invalid(Described<Problem>),
    /// The access key or api key is not good: the string `Unauthorized`.
    #[oai(status = 401)]
    Unauthorized(Described<String>),
    /// The request fits, but not the state: the status word says why.
    #[oai(status = 409)]
    Conflict(Described<ConflictBody>),
}

/// The body of a 409.
#[derive(Debug, Object)]
pub(crate) struct ConflictBody {
    /// `notFound`, `communicationNotFound`, `notInstalled`, `fileTooLarge`, …
    status: String,
    message: String,
}

/// The validation errors of ASP.NET.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// By field, a list of texts.
    errors: Any<Value>,
    #[oai(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    trace_id: String,
}

/// Why the state does not allow a request.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) status: &'static str,
    pub(super) message: String,
}

impl Conflict {
    pub(super) fn new(status: &'static str, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn body(&self) -> Value {
        json!({"status": self.status, "message": self.message})
    }
}

impl<T: Type> From<Result<Value, Conflict>> for Answer<T> {
    fn from(result: Result<Value, Conflict>) -> Self {
        match result {
            Ok(json) => Self::Done(Described::new(json)),
            Err(conflict) => Self::Conflict(Described::new(conflict.body())),
        }
    }
}

/// A refusal in Kontur's words.
pub(super) fn words(refusal: &Refusal) -> Response {
    match refusal.status {
        StatusCode::UNAUTHORIZED => {
            Answer::<Any<Value>>::Unauthorized(Described::new("Unauthorized".into())).into_response()
        }
        StatusCode::BAD_REQUEST => {
            let problem = json!({
                "errors": refusal.faults,
                "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
                "title": "One or more validation errors occurred.",
                "status": 400,
                "traceId": format!("00-{:032x}-00", rand::rng().random::<u128>())
            });
            Answer::<Any<Value>>::Invalid(Described::new(problem)).into_response()
        }
        status => Response::builder().status(status).body(refusal.text.clone()),
    }
}
