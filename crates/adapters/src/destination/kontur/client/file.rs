//! Files (contract Kontur §5).

use std::time::Duration;

use bytes::Bytes;
use domain::port::RemoteError;
use domain::port::recordings::{Fetched, Spooled};
use domain::recording::LARGEST;
use reqwest::multipart::{Form, Part};

use super::{Client, REPLY_LIMIT, asked};
use crate::destination::kontur::judge::judge;
use crate::destination::kontur::wire::FileMeta;
use crate::http::file_body;

/// A large file takes longer than the client's own time-out for a request.
const TRANSFER_TIMEOUT: Duration = Duration::from_mins(5);

impl Client {
    /// Uploads a file; it is temporary (1 day) until it is bound to a call.
    pub async fn upload(&self, file: &Spooled) -> Result<FileMeta, RemoteError> {
        let asked = asked("upload");
        let url = self.url(&["files"]);
        let request = || {
            let form = Form::new().part("file", part(file));
            self.http.post(url.clone()).multipart(form).timeout(TRANSFER_TIMEOUT)
        };
        judge(asked, self.send(asked, request, REPLY_LIMIT).await?)?.json(asked)
    }

    /// A file's bytes.
    pub async fn download(&self, file_id: &str) -> Result<Bytes, RemoteError> {
        let asked = asked("get file");
        let url = self.url(&["files", file_id]);
        let request = || self.http.get(url.clone()).query(&[("download", "true")]).timeout(TRANSFER_TIMEOUT);
        let limit = usize::try_from(LARGEST).unwrap_or(usize::MAX);
        let reply = self.send(asked, request, limit).await?;
        // A file is anything; only a refusal has Kontur's words.
        if reply.status.is_success() { Ok(reply.body) } else { judge(asked, reply).map(|reply| reply.body) }
    }

    /// What Kontur knows of a file.
    pub async fn file_meta(&self, file_id: &str) -> Result<FileMeta, RemoteError> {
        let asked = asked("file meta");
        let url = self.url(&["files", file_id, "meta"]);
        let reply = self.send(asked, || self.http.get(url.clone()), REPLY_LIMIT).await?;
        judge(asked, reply)?.json(asked)
    }

    /// Whether a file is there.
    pub async fn has_file(&self, file_id: &str) -> Result<bool, RemoteError> {
        let asked = asked("head file");
        let url = self.url(&["files", file_id]);
        let request = || self.http.head(url.clone());
        let reply = self.send(asked, request, REPLY_LIMIT).await?;
        // HEAD has no body, so that Kontur's 409 for what does not exist comes without its word.
        match reply.status.as_u16() {
            200..=299 => Ok(true),
            404 | 409 | 410 => Ok(false),
            _ => Err(asked.refused(&reply)),
        }
    }
}

/// A type that is none is sent as mere bytes: the recording matters more.
fn part(file: &Spooled) -> Part {
    let Fetched { content_type, file_name, size } = &file.fetched;
    let part = || Part::stream_with_length(file_body(file.path.clone()), *size).file_name(file_name.clone());
    part().mime_str(content_type).unwrap_or_else(|_| part())
}
