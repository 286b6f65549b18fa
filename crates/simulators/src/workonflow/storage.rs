//! Where the bytes of files go: pre-signed urls beside the API, as an object storage gives them out.

use bytes::Bytes;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use sha2::{Digest, Sha256};

use super::team::{StoredFile, Team};
use crate::hex::hex;
use crate::server::Exchange;

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

/// What signs requests to the API, or to anything else; a pre-signed url is its own credential.
const CREDENTIALS: [&str; 5] = ["api-key", "x-bot-id", "x-timestamp", "x-signature", "authorization"];

/// Query of a pre-signed url.
#[derive(serde::Deserialize)]
struct Signed {
    #[serde(default)]
    expires: i64,
    #[serde(default)]
    signature: String,
}

/// Answers a request below [`PREFIX`]; what the caller did wrong is noted.
pub(super) fn answer(
    team: &mut Team,
    request: &Request,
    body: Bytes,
    now: i64,
    exchange: &Exchange,
) -> Response {
    let id = request.uri().path().strip_prefix(PREFIX).unwrap_or_default();
    let Ok(signed) = request.params::<Signed>() else { return plain(StatusCode::FORBIDDEN) };
    let Some(file) = team.files.get_mut(id) else { return plain(StatusCode::NOT_FOUND) };
    if let Some(name) = CREDENTIALS.iter().find(|name| request.headers().contains_key(**name)) {
        exchange.violation(format!("the header {name} came along to a storage url, which needs none"));
        return plain(StatusCode::FORBIDDEN);
    }
    if signed.signature != sign(request.method().as_str(), id, signed.expires) {
        exchange.violation("a storage url was changed or used with another method");
        return plain(StatusCode::FORBIDDEN);
    }
    match *request.method() {
        Method::PUT => plain(put(file, body, now, exchange)),
        _ => match &file.content {
            Some(content) => Response::builder().body(content.clone()),
            None => plain(StatusCode::NOT_FOUND),
        },
    }
}

/// Takes the bytes, once and in time. Who got no answer has to try again, and is not blamed for that.
fn put(file: &mut StoredFile, body: Bytes, now: i64, exchange: &Exchange) -> StatusCode {
    if now > file.put_until {
        if !exchange.answer_is_lost() {
            exchange.violation(format!("the url of the file {} was used after it had expired", file.id));
        }
        return StatusCode::FORBIDDEN;
    }
    if file.content.is_some() && !file.may_be_repeated {
        exchange.violation(format!("the url of the file {} was used twice", file.id));
        return StatusCode::FORBIDDEN;
    }
    if let Some(size) = file.announced_size.filter(|size| *size != body.len() as u64) {
        exchange.violation(format!("the file {} has {} bytes, announced were {size}", file.id, body.len()));
        return StatusCode::BAD_REQUEST;
    }
    file.content = Some(body);
    file.may_be_repeated = exchange.answer_is_lost();
    StatusCode::OK
}

fn plain(status: StatusCode) -> Response {
    Response::builder().status(status).finish()
}
