//! The HTTP client of all adapters: time-outs, body limit, and one road from a reply or a broken connection to a
//! [`RemoteError`].

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::DateTime;
use domain::clock::Timestamp;
use domain::port::{RemoteError, RemoteErrorKind};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::fetch::resolver::PublicOnly;

/// Replies larger than this are not read: no API here sends one.
const MAX_REPLY_BYTES: usize = 4 * 1024 * 1024;

/// Files are read in pieces of this size.
const CHUNK: usize = 64 * 1024;

/// Replies are shortened to this for messages and timelines.
const SHOWN_CHARS: usize = 300;

/// The shortest and the longest run of digits that is taken for a phone number (E.164).
const PHONE_DIGITS: (usize, usize) = (7, 15);

/// The TLS of this machine cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct ClientError(#[from] reqwest::Error);

/// A client with our time-outs and user agent. Redirects are not followed, lest credentials go astray. One is enough
/// for the whole process: connections are pooled per host.
pub fn client(timeout: Duration) -> Result<reqwest::Client, ClientError> {
    Ok(builder(timeout).build()?)
}

/// A client that reaches public addresses only, whatever a name leads to. It goes through no proxy: that would do the
/// resolving.
pub fn public_client(timeout: Duration) -> Result<reqwest::Client, ClientError> {
    Ok(builder(timeout).no_proxy().dns_resolver(Arc::new(PublicOnly)).build()?)
}

fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    // A second installation is refused, which is fine: the first one is ours.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("kontur-telephony/", env!("CARGO_PKG_VERSION")))
}

/// The file at `path` as a request's body, read as it is sent.
pub(crate) fn file_body(path: PathBuf) -> reqwest::Body {
    let chunks = futures_util::stream::try_unfold(None, move |file| next_chunk(file, path.clone()));
    reqwest::Body::wrap_stream(chunks)
}

/// The next piece of a file, which is opened if it is not yet; none at its end.
pub(crate) async fn next_chunk(
    file: Option<File>,
    path: PathBuf,
) -> io::Result<Option<(Bytes, Option<File>)>> {
    let read = move || {
        let mut file = file.map_or_else(|| File::open(path), Ok)?;
        let mut chunk = vec![0; CHUNK];
        let size = file.read(&mut chunk)?;
        chunk.truncate(size);
        Ok((size > 0).then(|| (chunk.into(), Some(file))))
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// A reply that was read whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is asked of whom, for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) system: &'static str,
    pub(crate) operation: &'static str,
}

impl Asked {
    /// Sends the request and reads the reply, whatever its status.
    pub(crate) async fn send(self, request: reqwest::RequestBuilder) -> Result<Reply, RemoteError> {
        self.send_for(request, MAX_REPLY_BYTES).await
    }

    /// The same for a reply of up to `limit` bytes, such as a file.
    pub(crate) async fn send_for(
        self,
        request: reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Reply, RemoteError> {
        let response = request.send().await.map_err(|error| self.broken(&error))?;
        self.reply(response, limit).await
    }

    /// Reads a reply whose head is here already, up to `limit` bytes.
    pub(crate) async fn reply(self, response: reqwest::Response, limit: usize) -> Result<Reply, RemoteError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read(response, limit).await?;
        Ok(Reply { status, headers, body })
    }

    /// The error for a reply whose status is no success, judged by the status alone.
    pub(crate) fn refused(self, reply: &Reply) -> RemoteError {
        let kind = match reply.status.as_u16() {
            401 | 403 => RemoteErrorKind::Unauthorized,
            404 | 410 => RemoteErrorKind::NotFound,
            408 | 425 | 429 => RemoteErrorKind::RateLimited,
            400..=499 => RemoteErrorKind::Rejected,
            500..=599 => RemoteErrorKind::Unavailable,
            _ => RemoteErrorKind::Malformed,
        };
        self.error(kind, reply, format!("answered {}: {}", reply.status.as_u16(), reply.shown()))
    }

    /// An error that a reply's body gave rise to.
    pub(crate) fn error(self, kind: RemoteErrorKind, reply: &Reply, message: String) -> RemoteError {
        RemoteError {
            status: Some(reply.status.as_u16()),
            retry_after: retry_after(&reply.headers),
            ..RemoteError::new(self.system, self.operation, kind, message)
        }
    }

    async fn read(self, mut response: reqwest::Response, limit: usize) -> Result<Bytes, RemoteError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if body.len() + chunk.len() > limit {
                let message = format!("the reply is larger than {limit} bytes");
                return Err(RemoteError::new(
                    self.system,
                    self.operation,
                    RemoteErrorKind::Malformed,
                    message,
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// The error for a request that got no whole reply. The URL is left out: it may carry a credential.
    pub(crate) fn broken(self, error: &reqwest::Error) -> RemoteError {
        let (kind, message) = if error.is_builder() {
            (RemoteErrorKind::Rejected, "the request cannot be built; check the configured URL")
        } else if error.is_connect() {
            (RemoteErrorKind::Unreachable, "cannot connect")
        } else if error.is_timeout() {
            (RemoteErrorKind::Interrupted, "no reply in time")
        } else {
            (RemoteErrorKind::Interrupted, "the connection was lost before the reply was complete")
        };
        RemoteError::new(self.system, self.operation, kind, message)
    }
}

impl Reply {
    /// How many seconds our clock is ahead of the system's, by the reply's `Date`.
    pub(crate) fn clock_ahead_by(&self, now: Timestamp) -> Option<i64> {
        let date = DateTime::parse_from_rfc2822(self.headers.get(DATE)?.to_str().ok()?).ok()?;
        Some(now.seconds() - date.timestamp())
    }

    /// The body, shortened, in one line, phone numbers masked.
    pub(crate) fn shown(&self) -> String {
        shown(&String::from_utf8_lossy(&self.body))
    }

    /// The body as JSON of the expected form.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, asked: Asked) -> Result<T, RemoteError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let message = format!("the reply is not as expected: {}", shown(&error.to_string()));
            asked.error(RemoteErrorKind::Malformed, self, message)
        })
    }
}

/// A remote system's text as it may be logged: shortened, in one line, phone numbers masked.
pub(crate) fn shown(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    masked(&line).chars().take(SHOWN_CHARS).collect()
}

/// Whatever looks like a phone number keeps its last four digits. Digits inside a word or a GUID are left alone.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        let digits = word.chars().take_while(char::is_ascii_digit).count();
        let rest = &word[digits..];
        let whole = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        if whole && (PHONE_DIGITS.0..=PHONE_DIGITS.1).contains(&digits) {
            masked.push('…');
            masked.push_str(&word[digits - 4..]);
        } else {
            masked.push_str(word);
        }
    }
    masked
}

/// Seconds of `Retry-After`; the date form is not used by any system here.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_masked_and_other_numbers_are_not() {
        let text = "\"79997775533\" is bad, +79991234567, id 6838aaaa-0000-4000-8000-123456789012, 2026-11-22T10:00:03.120";
        let expected =
            "\"…5533\" is bad, +…4567, id 6838aaaa-0000-4000-8000-123456789012, 2026-11-22T10:00:03.120";
        assert_eq!(shown(text), expected);
    }

    #[test]
    fn long_texts_are_cut_and_put_in_one_line() {
        assert_eq!(shown("<html>\n  <b>\tsorry"), "<html> <b> sorry");
        assert_eq!(shown(&"ж".repeat(500)).chars().count(), SHOWN_CHARS);
    }
}
