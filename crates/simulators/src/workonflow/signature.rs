//! Who is calling (contract §1): the dialect is told from the headers, the signature is computed again.

use poem::http::HeaderMap;
use sha2::{Digest, Sha256};

use super::action::Dialect;
use crate::hex::hex;

/// What an application of the team signs with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `Api-key` in the query dialect, the bot id in the body dialect.
    pub api_key: String,
    /// The part that is never sent.
    pub secret_key: String,
}

/// Why a request is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denial {
    /// 403 in the query dialect, 401 in the body dialect.
    pub(super) code: u16,
    pub(super) message: &'static str,
}

/// The dialect of a request with good credentials.
///
/// The query dialect does not send the second it signed, so every second within `tolerance` is tried.
pub(super) fn check(
    credentials: &Credentials,
    headers: &HeaderMap,
    body: &[u8],
    now: i64,
    tolerance: i64,
) -> Result<Dialect, Denial> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signature = header("x-signature").unwrap_or_default();
    if let Some(bot_id) = header("x-bot-id") {
        let deny = |message| Err(Denial { code: 401, message });
        let Some(second) = header("x-timestamp").and_then(|text| text.parse::<i64>().ok()) else {
            return deny("X-timestamp must be the time in seconds");
        };
        if (second - now).abs() > tolerance {
            return deny("X-timestamp is too far from the present");
        }
        if bot_id != credentials.api_key || signature != sign(credentials, second, body) {
            return deny("X-Bot-Id or X-Signature is wrong");
        }
        return Ok(Dialect::Body);
    }
    let deny = |message| Err(Denial { code: 403, message });
    match header("api-key") {
        None => deny("neither Api-key nor X-Bot-Id was sent"),
        Some(key) if key != credentials.api_key => deny("Api-key is unknown"),
        Some(_) => {
            let seconds = (now - tolerance)..=(now + tolerance);
            let matches = seconds.into_iter().any(|second| sign(credentials, second, b"") == signature);
            if matches { Ok(Dialect::Query) } else { deny("X-Signature is wrong or too old") }
        }
    }
}

/// `apikey + secretkey + seconds (+ body)`, SHA-256 in lower-case hex. The query dialect signs no body.
fn sign(credentials: &Credentials, second: i64, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(&credentials.api_key);
    hash.update(&credentials.secret_key);
    hash.update(second.to_string());
    hash.update(body);
    hex(&hash.finalize())
}
