//! A problem as a reply, and as the documentation shows it.

use poem::error::ResponseError;
use poem::http::{StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};

use super::{Fault, Problem, whole_seconds};

const CONTENT_TYPE: &str = "application/problem+json";

/// An error as RFC 9457 describes it.
#[derive(Debug, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none)]
struct Body {
    /// Which kind of problem, such as `urn:kontur-telephony:problem:not-found`; stable.
    #[oai(rename = "type")]
    kind: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong here, and what to do.
    detail: String,
    /// Each fault of the request, if it was found wrong.
    errors: Option<Vec<Fault>>,
}

fn type_of(name: &str) -> String {
    format!("urn:kontur-telephony:problem:{name}")
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind.facts();
        let body = Body {
            kind: type_of(name),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            errors: (!self.faults.is_empty()).then_some(self.faults),
        };
        let mut reply = Response::builder().status(status).content_type(CONTENT_TYPE);
        if let Some(wait) = self.retry_after {
            reply = reply.header(header::RETRY_AFTER, whole_seconds(wait));
        }
        reply.body(body.to_json_string())
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.kind.facts().0
    }

    fn as_response(&self) -> Response {
        self.clone().into_response()
    }
}

/// What any operation may answer. One list for all: the kinds say more than the statuses.
const DOCUMENTED: &[(u16, &str)] = &[
    (400, "The request is wrong; `errors` names each fault."),
    (401, "The caller is not known."),
    (404, "There is no such thing."),
    (409, "This does not fit the present state."),
    (413, "The body is longer than 1 MiB."),
    (500, "Something is broken here; the log has it."),
    (502, "A remote system refused."),
    (503, "Not now; `Retry-After` says when to come again."),
];

impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        let response = |&(status, description): &(u16, &'static str)| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: Body::schema_ref() }],
            headers: Vec::new(),
        };
        MetaResponses { responses: DOCUMENTED.iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        Body::register(registry);
    }
}
