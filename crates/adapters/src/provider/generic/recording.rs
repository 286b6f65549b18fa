//! Fetching audio: only from the PBX itself, only so many bytes, and only if it is audio.

use bytes::{Bytes, BytesMut};
use domain::call::event::Recording;
use domain::port::provider::Audio;
use domain::port::{RemoteError, RemoteErrorKind};
use reqwest::header::CONTENT_TYPE;
use url::Url;

use crate::http::Asked;

/// What is assumed of audio of which nobody says what it is.
const UNKNOWN: &str = "application/octet-stream";

/// The recording's URL if it is on the host of `base`: the bearer token is for that one alone.
pub(super) fn url(asked: Asked, recording: &Recording, base: &Url) -> Result<Url, RemoteError> {
    let refuse =
        |message: String| RemoteError::new(asked.system, asked.operation, RemoteErrorKind::Rejected, message);
    let url = Url::parse(&recording.url)
        .map_err(|_| refuse("the recording has no valid URL; expected an absolute one".to_owned()))?;
    if url.origin() == base.origin() {
        return Ok(url);
    }
    Err(refuse(format!(
        "the recording is at {}, the control API at {}; expected the same scheme, host and port, since the token goes to no other",
        url.origin().ascii_serialization(),
        base.origin().ascii_serialization(),
    )))
}

/// Reads a successful reply, at most `limit` bytes.
pub(super) async fn read(
    asked: Asked,
    response: reqwest::Response,
    recording: &Recording,
    url: &Url,
    limit: u64,
) -> Result<Audio, RemoteError> {
    let said = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type(said, recording);
    if !may_be_audio(&content_type) {
        let message = format!(
            "got {content_type} where audio was expected; is the URL a page for people, or has it expired?"
        );
        return Err(RemoteError::new(asked.system, asked.operation, RemoteErrorKind::Malformed, message));
    }
    let bytes = body(asked, response, limit).await?;
    let file_name = file_name(url, recording, &content_type);
    Ok(Audio { bytes, content_type, file_name })
}

async fn body(asked: Asked, mut response: reqwest::Response, limit: u64) -> Result<Bytes, RemoteError> {
    let refuse = |kind, message: String| RemoteError::new(asked.system, asked.operation, kind, message);
    let mut body = BytesMut::new();
    let mut size = response.content_length().unwrap_or(0);
    while size <= limit {
        let Some(chunk) = response.chunk().await.map_err(|error| asked.broken(&error))? else {
            let empty = || refuse(RemoteErrorKind::Malformed, "the recording is empty".to_owned());
            return if body.is_empty() { Err(empty()) } else { Ok(body.freeze()) };
        };
        body.extend_from_slice(&chunk);
        size = size.max(body.len() as u64);
    }
    Err(refuse(RemoteErrorKind::Rejected, format!("the recording is larger than {limit} bytes")))
}

/// What the server says, unless it says nothing of worth and the event knew better.
fn content_type(said: Option<&str>, recording: &Recording) -> String {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let said = said.map(essence).filter(|said| !said.is_empty() && said != UNKNOWN);
    let known = said.or_else(|| recording.content_type.as_deref().map(essence));
    known.filter(|known| !known.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// Error pages and JSON replies come with a status of 200 from more than one PBX.
fn may_be_audio(content_type: &str) -> bool {
    let is_text = content_type.starts_with("text/");
    !is_text && !content_type.ends_with("json") && !content_type.ends_with("xml")
}

/// The name in the URL if it has an extension, else the leg's id with one that fits.
fn file_name(url: &Url, recording: &Recording, content_type: &str) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    if last.rsplit_once('.').is_some_and(|(name, extension)| !name.is_empty() && !extension.is_empty()) {
        return plain(last);
    }
    format!("{}.{}", plain(recording.leg.as_str()), extension(content_type))
}

fn plain(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().take(100).map(|c| if allowed(c) { c } else { '_' }).collect()
}

fn extension(content_type: &str) -> &'static str {
    match content_type {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        "audio/ogg" | "application/ogg" | "audio/opus" => "ogg",
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" => "m4a",
        "audio/webm" | "video/webm" => "webm",
        _ => "bin",
    }
}
