//! Recordings, read by plain `GET` with the bearer token.

use poem::Request;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Binary;
use poem_openapi::{ApiResponse, OpenApi};

use super::ControlToken;
use super::answer::{ErrorBody, Served, error};
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
    ) -> Served<Answer> {
        let mut system = handle.system();
        if *generation != system.generation_of(&leg_id) {
            return Answer::Expired(error("expired", "the url has expired")).into();
        }
        let Some(recording) = system.recording(&leg_id) else {
            return Answer::NotFound(error("not_found", "there is no such recording")).into();
        };
        let troubles = system.troubles.take(&leg_id);
        Served::new(serve::answer(&recording, request.headers(), &troubles))
    }
}
