//! What a recording is and how its file is called, by what its server, its event and its URL say.

use domain::call::event::Recording;
use url::Url;

/// What is assumed of audio of which nobody says what it is.
const UNKNOWN: &str = "application/octet-stream";

/// What the server says, unless it says nothing of worth and the event knew better.
pub(super) fn content_type(said: Option<&str>, recording: &Recording) -> String {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let said = said.map(essence).filter(|said| !said.is_empty() && said != UNKNOWN);
    let known = said.or_else(|| recording.content_type.as_deref().map(essence));
    known.filter(|known| !known.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The name in the URL if it has an extension, else the leg's id with one that fits.
pub(super) fn file_name(url: &Url, recording: &Recording, content_type: &str) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    if last.rsplit_once('.').is_some_and(|(name, extension)| !name.is_empty() && !extension.is_empty()) {
        return plain(last);
    }
    format!("{}.{}", plain(recording.leg.as_str()), extension(content_type))
}

/// The MIME type of a file, by its name.
pub(crate) fn content_type_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("mp3") => "audio/mpeg",
        Some("wav") => "audio/wav",
        Some("ogg" | "opus") => "audio/ogg",
        Some("m4a") => "audio/mp4",
        _ => UNKNOWN,
    }
}

/// A file's name, of characters that need no escape.
pub(crate) fn plain(name: &str) -> String {
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
