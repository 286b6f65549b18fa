//! Whether Kontur already has a call whose creation ended in doubt: looked up in the workspace's event feed
//! (contract Kontur §7).
//!
//! What was read is remembered with the place in the feed, so that the next look-up reads only what came since.

pub(super) mod change;
mod index;

use domain::id::ExternalId;
use domain::port::{RemoteError, RemoteErrorKind};
use tokio::sync::Mutex;

use self::index::Index;
pub(super) use self::index::Seen;
use super::client::Client;

/// Changes per page: a page of busy communications stays well below the size limit of a reply.
pub(super) const PAGE_SIZE: u32 = 500;

/// Pages per look-up, so that the first one in an old workspace ends within an attempt.
const PAGES: usize = 20;

/// What a look-up gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Kontur has the call.
    Yes(Seen),
    /// The feed was read to its end: Kontur does not.
    No,
    /// The feed cannot tell: it is not there, or makes no sense.
    Unknown,
    /// Not known yet: there is more to read, or Kontur has trouble at the moment.
    Later(Option<RemoteError>),
}

/// The feed as far as it was read.
#[derive(Default)]
pub(super) struct Lookup {
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    offset: Option<String>,
    index: Index,
}

impl Lookup {
    /// Looks for the call, until `enough` is seen of it or the feed ends.
    pub(super) async fn find(
        &self,
        client: &Client,
        call: &ExternalId,
        enough: impl Fn(&Seen) -> bool + Send,
    ) -> Found {
        let mut read = self.read.lock().await;
        for _ in 0..PAGES {
            if let Some(seen) = read.index.get(call).filter(|seen| enough(seen)) {
                return Found::Yes(seen.clone());
            }
            match read.next_page(client).await {
                Ok(true) => {}
                Ok(false) => return read.index.get(call).cloned().map_or(Found::No, Found::Yes),
                Err(error) => return cannot_tell(error),
            }
        }
        Found::Later(None)
    }
}

impl Read {
    /// Reads one page; says whether there is another.
    async fn next_page(&mut self, client: &Client) -> Result<bool, RemoteError> {
        let page = match client.events(self.offset.as_deref(), PAGE_SIZE).await {
            Err(error) if self.offset.is_some() && error.is_refusal() => {
                // The feed no longer knows the place: read it again from its beginning.
                self.offset = None;
                return Ok(true);
            }
            page => page?,
        };
        page.items.iter().filter_map(change::read).for_each(|change| self.index.learn(change));
        let moved = page.last_offset.is_some() && page.last_offset != self.offset;
        if moved {
            self.offset = page.last_offset;
        }
        Ok(moved && page.has_more)
    }
}

/// Trouble that passes is waited for. Where there is no feed to look at, the call is sent again: losing a call is
/// worse than doubling it.
fn cannot_tell(error: RemoteError) -> Found {
    if error.is_refusal() || error.kind == RemoteErrorKind::Malformed {
        Found::Unknown
    } else {
        Found::Later(Some(error))
    }
}
