//! Fetches a recording into whatever it is written to: from where it may be, going on where an earlier attempt stopped,
//! only so many bytes, and only if it is audio. Shared by providers whose recordings are files at a URL.

pub(crate) mod media;
mod reach;
pub(crate) mod resolver;

use std::time::Duration;

use bytes::Bytes;
use domain::call::event::Recording;
use domain::port::recordings::{FetchError, Fetched, Sink};
use domain::recording::{Fault, sniff};
use domain::secret::Secret;
use reqwest::header::{
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE,
};
use reqwest::{Response, StatusCode};
use url::Url;

use self::reach::{Reach, reach};
use crate::http::Asked;

/// Redirects that are followed.
const REDIRECTS: usize = 5;

/// A server that sends nothing for so long has broken off.
const STALLED: Duration = Duration::from_secs(30);

/// No transfer takes longer; what is here by then is gone on from.
const LONGEST: Duration = Duration::from_hours(1);

/// What is read of a refusal.
const REFUSAL_BYTES: usize = 64 * 1024;

/// How a telephony system knows us.
#[derive(Clone, Copy)]
pub(crate) enum Credentials<'a> {
    /// By a token.
    Bearer(&'a Secret),
    /// By name and password.
    Basic(&'a str, Option<&'a Secret>),
    /// Not at all.
    None,
}

/// Where a telephony system keeps its recordings.
pub(crate) struct Source<'a> {
    /// For the telephony itself.
    pub(crate) http: &'a reqwest::Client,
    /// For other hosts; see [`crate::http::public_client`].
    pub(crate) public: Option<&'a reqwest::Client>,
    /// The telephony's own URL.
    pub(crate) own: &'a Url,
    /// Shown to the telephony alone.
    pub(crate) credentials: Credentials<'a>,
    /// Other hosts that recordings may be at.
    pub(crate) hosts: &'a [String],
}

impl Source<'_> {
    /// Writes the recording to `into`, at most `limit` bytes in all.
    pub(crate) async fn fetch(
        &self,
        asked: Asked,
        recording: &Recording,
        into: &mut dyn Sink,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        let url = Url::parse(&recording.url).map_err(|_| {
            FetchError::new(Fault::Forbidden, "the recording has no valid URL; expected an absolute one")
        })?;
        let held = into.held();
        let held =
            (held.size > 0).then_some(held.validator.map(|validator| (held.size, validator))).flatten();
        let mut response = self.get(asked, &url, held.as_ref()).await?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && held.is_some() {
            response = self.get(asked, &url, None).await?;
        }
        if !response.status().is_success() {
            return Err(asked.refused(&asked.reply(response, REFUSAL_BYTES).await?).into());
        }
        let content_type = media::content_type(header(response.headers(), &CONTENT_TYPE), recording);
        if sniff::names_text(&content_type) {
            return Err(not_audio(&format!("{content_type} came")));
        }
        let here = begin(&response, held.map(|(size, _)| size), into).await?;
        let told = recording.size;
        let transfer = Transfer { asked, response, into, size: here, told, limit, head: Vec::new() };
        let size = transfer.run().await?;
        let file_name = media::file_name(&url, recording, &content_type);
        Ok(Fetched { content_type, file_name, size })
    }

    /// Asks, and follows where it is sent on to. Who has sent us away once is not shown the credentials again.
    async fn get(
        &self,
        asked: Asked,
        url: &Url,
        held: Option<&(u64, String)>,
    ) -> Result<Response, FetchError> {
        let (mut url, mut is_trusted) = (url.clone(), true);
        for _ in 0..=REDIRECTS {
            let reach = reach(&url, self.own, self.hosts)?;
            is_trusted &= reach == Reach::Own;
            let response = self.send(asked, reach, &url, is_trusted, held).await?;
            let Some(next) = redirect(&response, &url) else { return Ok(response) };
            url = next;
        }
        Err(FetchError::new(Fault::Trouble, format!("sent on more than {REDIRECTS} times")))
    }

    async fn send(
        &self,
        asked: Asked,
        reach: Reach,
        url: &Url,
        is_trusted: bool,
        held: Option<&(u64, String)>,
    ) -> Result<Response, FetchError> {
        let http = match reach {
            Reach::Own => self.http,
            Reach::Public => self.public.ok_or_else(|| {
                FetchError::new(Fault::Forbidden, "no recordings are fetched from other hosts")
            })?,
        };
        let mut request = http.get(url.clone()).timeout(LONGEST);
        if is_trusted {
            request = match self.credentials {
                Credentials::Bearer(token) => request.bearer_auth(token.expose()),
                Credentials::Basic(name, password) => request.basic_auth(name, password.map(Secret::expose)),
                Credentials::None => request,
            };
        }
        if let Some((size, validator)) = held {
            request = request.header(RANGE, format!("bytes={size}-")).header(IF_RANGE, validator);
        }
        let sent = tokio::time::timeout(STALLED, request.send()).await.map_err(|_| stalled())?;
        sent.map_err(|error| {
            if resolver::is_not_public(&error) {
                return FetchError::new(Fault::Forbidden, resolver::NotPublic.to_string());
            }
            asked.broken(&error).into()
        })
    }
}

/// A reply under way.
struct Transfer<'a> {
    asked: Asked,
    response: Response,
    into: &'a mut dyn Sink,
    /// Bytes so far.
    size: u64,
    /// What the telephony said that it would be.
    told: Option<u64>,
    limit: u64,
    /// The first bytes, until they tell whether this is audio.
    head: Vec<u8>,
}

impl Transfer<'_> {
    /// Writes all of it; gives the size of the whole.
    async fn run(mut self) -> Result<u64, FetchError> {
        let announced = self.response.content_length().map(|rest| self.size.saturating_add(rest));
        self.expect_room(announced.unwrap_or_default())?;
        let mut is_judged = self.size > 0;
        while let Some(chunk) = self.next().await? {
            self.expect_room(self.size + (self.head.len() + chunk.len()) as u64)?;
            if is_judged {
                self.write(&chunk).await?;
                continue;
            }
            self.head.extend_from_slice(&chunk);
            if self.head.len() >= sniff::HEAD {
                self.judge().await?;
                is_judged = true;
            }
        }
        if !is_judged {
            self.judge().await?;
        }
        self.expect_end(announced.is_some())
    }

    /// A reply of unannounced length ends the same when it is cut.
    fn expect_end(&self, was_announced: bool) -> Result<u64, FetchError> {
        let (size, told) = (self.size, self.told.unwrap_or_default());
        if size == 0 {
            return Err(FetchError::new(Fault::Empty, "the recording is empty"));
        }
        if !was_announced && size < told {
            return Err(FetchError::new(Fault::Trouble, format!("{size} of {told} bytes came")));
        }
        Ok(size)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let chunk = tokio::time::timeout(STALLED, self.response.chunk()).await.map_err(|_| stalled())?;
        Ok(chunk.map_err(|error| self.asked.broken(&error))?)
    }

    /// Nothing is kept of what turns out to be a page.
    async fn judge(&mut self) -> Result<(), FetchError> {
        if sniff::is_text(&self.head) {
            return Err(not_audio("a page or a message came"));
        }
        let head = std::mem::take(&mut self.head);
        self.write(&head).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.into.append(bytes).await?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn expect_room(&self, size: u64) -> Result<(), FetchError> {
        if size <= self.limit {
            return Ok(());
        }
        let message = format!("the recording is larger than {} bytes", self.limit);
        Err(FetchError::new(Fault::TooLarge, message))
    }
}

/// Says from where on the reply goes: after what is there, or from the beginning.
async fn begin(response: &Response, held: Option<u64>, into: &mut dyn Sink) -> Result<u64, FetchError> {
    let first = range_start(response.headers());
    if response.status() != StatusCode::PARTIAL_CONTENT {
        into.restart(validator(response.headers()).as_deref()).await?;
        return Ok(0);
    }
    match held {
        Some(held) if first == Some(held) => Ok(held),
        _ => {
            into.restart(None).await?;
            Err(FetchError::new(Fault::Trouble, "the server sent another part than the one asked for"))
        }
    }
}

/// The first byte of a partial reply (`bytes 100-199/200`).
fn range_start(headers: &HeaderMap) -> Option<u64> {
    header(headers, &CONTENT_RANGE)?.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// What names this version of the file. A weak tag does not promise the same bytes.
fn validator(headers: &HeaderMap) -> Option<String> {
    let tag = header(headers, &ETAG).filter(|tag| !tag.starts_with("W/"));
    tag.or_else(|| header(headers, &LAST_MODIFIED)).map(str::to_owned)
}

fn redirect(response: &Response, from: &Url) -> Option<Url> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    from.join(header(response.headers(), &LOCATION).filter(|_| is_redirect)?).ok()
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn stalled() -> FetchError {
    FetchError::new(Fault::Trouble, format!("nothing came for {} s", STALLED.as_secs()))
}

fn not_audio(what: &str) -> FetchError {
    let message =
        format!("{what} where audio was expected; is the URL a page for people, or has it expired?");
    FetchError::new(Fault::NotAudio, message)
}
