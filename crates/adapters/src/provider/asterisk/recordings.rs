//! Recordings: which file Asterisk writes to, and where that file is for us (contract Providers §c.5). A recording is
//! named by its path within the folder `monitor`: `monitor:2026/11/23/out-101.wav`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use domain::call::event::Recording;
use domain::instance::settings::{RecordingSettings, ServedRecordings};
use domain::port::recordings::{FetchError, Fetched, Sink};
use domain::recording::{Fault, sniff};

use super::NAME;
use crate::fetch::{Credentials, Source, media};
use crate::http::{Asked, next_chunk};

/// How the URLs of recordings begin.
pub(super) const SCHEME: &str = "monitor:";

/// The folder that Asterisk records to, wherever that is.
pub(super) const FOLDER: &str = "/monitor/";

/// The URL of a file that Asterisk writes to; none of one whose name nobody can be trusted with.
pub(super) fn url_of(path: &str) -> Option<String> {
    let within = path.split_once(FOLDER).map(|(_, within)| within);
    let within = within.or_else(|| path.rsplit('/').next()).filter(|within| is_plain(within))?;
    Some(format!("{SCHEME}{within}"))
}

/// Whether a path can only be one within the folder.
pub(super) fn is_plain(path: &str) -> bool {
    let plain = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'-');
        !part.is_empty() && !part.bytes().all(|byte| byte == b'.') && part.bytes().all(allowed)
    };
    path.len() <= 512 && path.split('/').all(plain)
}

/// Writes a recording to `into`.
pub(super) async fn fetch(
    settings: &RecordingSettings,
    http: &reqwest::Client,
    recording: &Recording,
    into: &mut dyn Sink,
    limit: u64,
) -> Result<Fetched, FetchError> {
    let path = recording.url.strip_prefix(SCHEME).filter(|path| is_plain(path));
    let path = path.ok_or_else(|| {
        FetchError::new(Fault::Forbidden, "the recording's name is none of a file in monitor")
    })?;
    match settings {
        RecordingSettings::Served(served) => fetch_served(served, http, recording, path, into, limit).await,
        RecordingSettings::Folder { folder } => copy(folder, path, into, limit).await,
    }
}

async fn fetch_served(
    served: &ServedRecordings,
    http: &reqwest::Client,
    recording: &Recording,
    path: &str,
    into: &mut dyn Sink,
    limit: u64,
) -> Result<Fetched, FetchError> {
    let mut url = served.base_url.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => drop(segments.pop_if_empty().extend(path.split('/'))),
        Err(()) => return Err(FetchError::new(Fault::Forbidden, "recordings.base_url cannot have a path")),
    }
    let credentials = match &served.username {
        Some(name) => Credentials::Basic(name, served.password.as_ref()),
        None => Credentials::None,
    };
    let source = Source { http, public: None, own: &served.base_url, credentials, hosts: &[] };
    let recording = Recording { url: url.into(), ..recording.clone() };
    source.fetch(Asked { system: NAME, operation: "fetch recording" }, &recording, into, limit).await
}

/// From a folder that this machine sees. A file is there at once, or it is read again from its beginning.
async fn copy(folder: &Path, path: &str, into: &mut dyn Sink, limit: u64) -> Result<Fetched, FetchError> {
    let mut file = Some(open(folder.to_owned(), path.to_owned()).await?);
    into.restart(None).await?;
    let mut size = 0_u64;
    while let Some((chunk, rest)) = next_chunk(file, PathBuf::new()).await? {
        file = rest;
        if size == 0 && sniff::is_text(&chunk[..chunk.len().min(sniff::HEAD)]) {
            return Err(FetchError::new(Fault::NotAudio, "the file is text where audio was expected"));
        }
        size += chunk.len() as u64;
        if size > limit {
            return Err(FetchError::new(
                Fault::TooLarge,
                format!("the recording is larger than {limit} bytes"),
            ));
        }
        into.append(&chunk).await?;
    }
    if size == 0 {
        return Err(FetchError::new(Fault::Empty, "the recording is empty"));
    }
    let content_type = media::content_type_of(path);
    let file_name = media::plain(path.rsplit('/').next().unwrap_or(path));
    Ok(Fetched { content_type: content_type.to_owned(), file_name, size })
}

/// Opens a file within `folder`; a link may lead anywhere, but not out of it.
async fn open(folder: PathBuf, path: String) -> Result<File, FetchError> {
    let open = move || {
        let folder = folder.canonicalize()?;
        let file = folder.join(path).canonicalize()?;
        if file.starts_with(&folder) { File::open(file) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    };
    let opened = tokio::task::spawn_blocking(open).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            FetchError::new(Fault::NotThere, "there is no such file in recordings.folder")
        }
        io::ErrorKind::PermissionDenied => FetchError::new(
            Fault::Refused,
            "the file may not be read; whoever runs this server needs the right to",
        ),
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_within_the_folder_have_a_url() {
        assert_eq!(
            url_of("/var/spool/asterisk/monitor/2026/11/23/in-1.wav").as_deref(),
            Some("monitor:2026/11/23/in-1.wav")
        );
        assert_eq!(url_of("1795402451.0.wav").as_deref(), Some("monitor:1795402451.0.wav"));
        assert_eq!(url_of("/tmp/x.wav").as_deref(), Some("monitor:x.wav"));
        for bad in
            ["", "/monitor/../etc/passwd", "/monitor//x", "/monitor/a b.wav", "/x/..", "/monitor/x%2e.wav"]
        {
            assert_eq!(url_of(bad), None, "{bad}");
        }
    }
}
