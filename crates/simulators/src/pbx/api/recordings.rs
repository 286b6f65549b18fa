//! Recordings, read by plain `GET` with the bearer token.

use poem::web::Data;
use poem::{IntoResponse, Request, Response};
use poem_openapi::param::Path;
use poem_openapi::payload::Binary;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};

use super::ControlToken;
use super::answer::{ErrorBody, error};
use crate::pbx::{Handle, serve};
use crate::strict::Described;

#[derive(ApiResponse)]
enum Answer {
    /// The recording.
    #[oai(status = 200)]
    #[expect(dead_code, reason = "the document shows it; what is sent is a stream, or odd on purpose")]
    Sound(Binary<Vec<u8>>),
    /// There is no such recording.
    #[oai(status = 404)]
    NotFound(Described<ErrorBody>),
    /// The url has expired: ask the call for a fresh one.
    #[oai(status = 410)]
    Expired(Described<ErrorBody>),
}

/// Documented as [`Answer`], and able to be anything that a PBX in trouble sends.
struct Served(Response);

impl IntoResponse for Served {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Served {
    fn meta() -> MetaResponses {
        Answer::meta()
    }

    fn register(registry: &mut Registry) {
        Answer::register(registry);
    }
}

pub(super) struct Recordings;

#[OpenApi]
impl Recordings {
    /// A recording; the url comes from `recording.ready` or from the call
    #[oai(path = "/recordings/:generation/:leg_id", method = "get")]
    async fn recording(
        &self,
        _token: ControlToken,
        handle: Data<&Handle>,
        generation: Path<u32>,
        leg_id: Path<String>,
        request: &Request,
    ) -> Served {
        let mut system = handle.system();
        if *generation != system.generation_of(&leg_id) {
            return Served(Answer::Expired(error("expired", "the url has expired")).into_response());
        }
        let Some(recording) = system.recording(&leg_id).cloned() else {
            return Served(
                Answer::NotFound(error("not_found", "there is no such recording")).into_response(),
            );
        };
        let troubles = system.troubles.take(&leg_id);
        Served(serve::answer(&recording, request.headers(), &troubles))
    }
}
