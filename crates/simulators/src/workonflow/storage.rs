//! Where the bytes of files go: pre-signed urls beside the API, as an object storage gives them out.

use bytes::Bytes;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use sha2::{Digest, Sha256};

use super::team::{StoredFile, Team};
use crate::hex::hex;

/// The first part of every storage path; no team id looks like it.
pub(super) const PREFIX: &str = "/_storage/";

/// Keeps ids from being guessed into urls; a simulator has no need of a real secret.
const SALT: &str = "workonflow-simulator";

/// The url that takes a file's bytes until `put_until`.
pub(super) fn put_url(base_url: &str, file: &StoredFile) -> String {
    let expires = file.put_until;
    format!("{base_url}{PREFIX}{}?expires={expires}&signature={}", file.id, sign("PUT", &file.id, expires))
}

/// The url that gives a file's bytes back.
pub(super) fn get_url(base_url: &str, file: &StoredFile) -> String {
    format!("{base_url}{PREFIX}{}?signature={}", file.id, sign("GET", &file.id, 0))
}

fn sign(method: &str, id: &str, expires: i64) -> String {
    hex(&Sha256::digest(format!("{SALT} {method} {id} {expires}")))
}

/// Query of a pre-signed url.
#[derive(serde::Deserialize)]
struct Signed {
    #[serde(default)]
    expires: i64,
    #[serde(default)]
    signature: String,
}

/// Answers a request below [`PREFIX`]; what the caller did wrong is returned beside the answer.
pub(super) fn answer(
    team: &mut Team,
    request: &Request,
    body: Bytes,
    now: i64,
) -> (Response, Option<&'static str>) {
    let id = request.uri().path().strip_prefix(PREFIX).unwrap_or_default();
    let Ok(signed) = request.params::<Signed>() else { return denied(None) };
    let Some(file) = team.files.get_mut(id) else { return (plain(StatusCode::NOT_FOUND), None) };
    if signed.signature != sign(request.method().as_str(), id, signed.expires) {
        return denied(Some("a storage url was changed or used with another method"));
    }
    match *request.method() {
        Method::PUT if now > signed.expires => denied(None),
        Method::PUT => put(file, body),
        _ => match &file.content {
            Some(content) => (Response::builder().body(content.clone()), None),
            None => (plain(StatusCode::NOT_FOUND), None),
        },
    }
}

fn put(file: &mut StoredFile, body: Bytes) -> (Response, Option<&'static str>) {
    let as_announced = file.announced_size.is_none_or(|size| usize::try_from(size) == Ok(body.len()));
    if !as_announced {
        return (plain(StatusCode::BAD_REQUEST), Some("the file has another size than was announced"));
    }
    file.content = Some(body);
    (plain(StatusCode::OK), None)
}

fn denied(violation: Option<&'static str>) -> (Response, Option<&'static str>) {
    (plain(StatusCode::FORBIDDEN), violation)
}

fn plain(status: StatusCode) -> Response {
    Response::builder().status(status).finish()
}
