//! Reading request bodies within limits of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use poem::Body;

/// Bodies may be so long; in bytes.
pub(super) const LIMIT: usize = 1024 * 1024;

/// So much of a body that is too long is read and thrown away: a client that is cut off while it sends never sees why.
const DRAINED: usize = 16 * LIMIT;

/// The whole body has to be here by then.
const WITHIN: Duration = Duration::from_secs(30);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// Longer than [`LIMIT`].
    #[error("the body is longer than {LIMIT} bytes; send less at once")]
    TooLong,
    /// It did not come in time.
    #[error("the body did not come within {} s; send it again", WITHIN.as_secs())]
    TooSlow,
    /// The connection broke.
    #[error("the body broke off; send it again")]
    BrokenOff,
}

/// The body's bytes. One that came in one piece is not copied.
pub(super) async fn read(body: Body) -> Result<Bytes, Unreadable> {
    let read = read_pieces(body.into_bytes_stream());
    tokio::time::timeout(WITHIN, read).await.unwrap_or(Err(Unreadable::TooSlow))
}

async fn read_pieces<E>(pieces: impl Stream<Item = Result<Bytes, E>> + Send) -> Result<Bytes, Unreadable> {
    let mut pieces = std::pin::pin!(pieces);
    let Some(first) = pieces.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(|_| Unreadable::BrokenOff)?;
    let mut length = first.len();
    let mut whole: Option<BytesMut> = None;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Unreadable::BrokenOff)?;
        length += piece.len();
        if length > DRAINED {
            break;
        }
        if length <= LIMIT {
            whole.get_or_insert_with(|| BytesMut::from(&*first)).extend_from_slice(&piece);
        }
    }
    if length > LIMIT {
        return Err(Unreadable::TooLong);
    }
    Ok(whole.map_or(first, BytesMut::freeze))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn check(pieces: &[usize]) -> Result<usize, Unreadable> {
        let pieces = pieces.iter().map(|length| Ok::<_, ()>(Bytes::from(vec![b'x'; *length])));
        read_pieces(stream::iter(pieces.collect::<Vec<_>>())).await.map(|body| body.len())
    }

    #[tokio::test]
    async fn a_body_is_whole_or_refused() {
        assert_eq!(check(&[]).await, Ok(0));
        assert_eq!(check(&[3]).await, Ok(3));
        assert_eq!(check(&[3, 4, 5]).await, Ok(12));
        assert_eq!(check(&[LIMIT - 1, 1]).await, Ok(LIMIT));
        assert_eq!(check(&[LIMIT + 1]).await, Err(Unreadable::TooLong));
        assert_eq!(check(&[LIMIT, 1]).await, Err(Unreadable::TooLong));
        assert_eq!(check(&[DRAINED, 1]).await, Err(Unreadable::TooLong));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_body() {
        let pieces = stream::iter([Ok(Bytes::from_static(b"half")), Err(())]);
        assert_eq!(read_pieces(pieces).await, Err(Unreadable::BrokenOff));
    }
}
