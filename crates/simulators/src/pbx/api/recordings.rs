//! Recordings, read by plain `GET` with the bearer token.

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::{Binary, Response};
use poem_openapi::{ApiResponse, OpenApi};

use super::ControlToken;
use super::answer::{ErrorBody, error};
use crate::pbx::Handle;
use crate::strict::Described;

#[derive(ApiResponse)]
enum Sound {
    /// The recording.
    #[oai(status = 200)]
    Bytes(Binary<Vec<u8>>),
    /// There is no such recording.
    #[oai(status = 404)]
    NotFound(Described<ErrorBody>),
    /// The url has expired: ask the call for a fresh one.
    #[oai(status = 410)]
    Expired(Described<ErrorBody>),
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
    ) -> Response<Sound> {
        let system = handle.system();
        if *generation != system.generation {
            return Response::new(Sound::Expired(error("expired", "the url has expired")));
        }
        match system.recording(&leg_id) {
            Some(recording) => Response::new(Sound::Bytes(Binary(recording.bytes.to_vec())))
                .header("content-type", recording.content_type.clone()),
            None => Response::new(Sound::NotFound(error("not_found", "there is no such recording"))),
        }
    }
}
