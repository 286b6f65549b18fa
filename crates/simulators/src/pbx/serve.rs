//! How a recording is sent: whole or from an offset, as a stream, and with whatever trouble is set.

use std::io;
use std::ops::Range;

use futures_util::{StreamExt, stream};
use poem::http::{HeaderMap, StatusCode, header};
use poem::{Body, Response, ResponseBuilder};

use super::call::Recording;
use super::trouble::TroubleKind;
use crate::server::JournalNote;

/// What a proxy says when the host behind it cannot be reached: HTTP 200 all the same.
const PAGE: &str = "<!DOCTYPE html><html><body>The service is temporarily unavailable</body></html>";

/// Which bytes were asked for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    From(u64),
    /// From behind the last byte.
    Beyond,
}

/// The answer to a request for this recording that meets these troubles.
pub(super) fn answer(recording: &Recording, headers: &HeaderMap, troubles: &[TroubleKind]) -> Response {
    let odd = troubles.iter().find_map(|trouble| match trouble {
        TroubleKind::Status(status) => Some(bare(*status).finish()),
        TroubleKind::Empty => Some(ok(recording, troubles).body(())),
        TroubleKind::Html { content_type } => Some(bare(200).content_type(content_type).body(PAGE)),
        TroubleKind::Redirect { status, to } => Some(bare(*status).header(header::LOCATION, to).finish()),
        _ => None,
    });
    odd.unwrap_or_else(|| sound(recording, headers, troubles))
}

fn sound(recording: &Recording, headers: &HeaderMap, troubles: &[TroubleKind]) -> Response {
    let size = recording.sound.size();
    let etag = recording.sound.etag();
    let ranges = !troubles.contains(&TroubleKind::NoRange);
    let part = if ranges { part(headers, &etag, size) } else { Part::Whole };
    let mut response = ok(recording, troubles);
    if ranges {
        response = response.header(header::ETAG, etag).header(header::ACCEPT_RANGES, "bytes");
    }
    match part {
        Part::Whole => stream_of(recording, 0..size, response, troubles),
        Part::From(first) => {
            let range = format!("bytes {first}-{}/{size}", size - 1);
            let response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
            stream_of(recording, first..size, response, troubles)
        }
        Part::Beyond => bare(416).header(header::CONTENT_RANGE, format!("bytes */{size}")).finish(),
    }
}

/// The part that `Range: bytes=N-` asks for. Other ranges are not understood, which the whole is the answer to, and
/// so it is when `If-Range` names another recording.
fn part(headers: &HeaderMap, etag: &str, size: u64) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|known| known != etag) {
        return Part::Whole;
    }
    let first = text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    match first.and_then(|first| first.parse().ok()) {
        None => Part::Whole,
        Some(first) if first < size => Part::From(first),
        Some(_) => Part::Beyond,
    }
}

fn stream_of(
    recording: &Recording,
    range: Range<u64>,
    mut response: ResponseBuilder,
    troubles: &[TroubleKind],
) -> Response {
    let length = range.end - range.start;
    if !troubles.contains(&TroubleKind::NoLength) {
        response = response.header(header::CONTENT_LENGTH, length);
    }
    let cut = troubles.iter().find_map(|trouble| match trouble {
        TroubleKind::Cut { percent } => Some(length * u64::from(*percent) / 100),
        _ => None,
    });
    let blocks = recording.sound.blocks(range.start..cut.map_or(range.end, |sent| range.start + sent));
    let blocks = stream::iter(blocks.map(Ok::<_, io::Error>));
    let (body, note) = match cut {
        None => (Body::from_bytes_stream(blocks), format!("({length} bytes)")),
        Some(sent) => {
            (Body::from_bytes_stream(blocks.chain(broken())), format!("({length} bytes, cut after {sent})"))
        }
    };
    response.extension(JournalNote(note)).body(body)
}

/// The end of a connection that breaks.
fn broken<T>() -> impl futures_util::Stream<Item = io::Result<T>> {
    stream::once(async {
        // What was given to the HTTP library before is on its way once it comes back for more.
        tokio::task::yield_now().await;
        Err(io::ErrorKind::ConnectionReset.into())
    })
}

/// A success, with the media type of the recording or what the trouble makes of it.
fn ok(recording: &Recording, troubles: &[TroubleKind]) -> ResponseBuilder {
    let odd = troubles.iter().find_map(|trouble| match trouble {
        TroubleKind::ContentType(content_type) => Some(content_type.as_deref()),
        _ => None,
    });
    match odd.unwrap_or(Some(&recording.content_type)) {
        Some(content_type) => bare(200).content_type(content_type),
        None => bare(200),
    }
}

fn bare(status: u16) -> ResponseBuilder {
    Response::builder().status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_counts_only_for_the_recording_it_began_with() {
        let asked = |range: &str, if_range: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().expect("a header"));
            headers.extend(if_range.map(|etag| (header::IF_RANGE, etag.parse().expect("a header"))));
            part(&headers, "\"a\"", 10)
        };
        assert_eq!(asked("bytes=4-", None), Part::From(4));
        assert_eq!(asked("bytes=4-", Some("\"a\"")), Part::From(4));
        assert_eq!(asked("bytes=4-", Some("\"b\"")), Part::Whole);
        assert_eq!(asked("bytes=10-", None), Part::Beyond);
        assert_eq!(asked("bytes=4-5,7-", None), Part::Whole);
        assert_eq!(part(&HeaderMap::new(), "\"a\"", 10), Part::Whole);
    }
}
