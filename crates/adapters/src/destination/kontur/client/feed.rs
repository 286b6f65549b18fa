//! The event feed of the workspace (contract Kontur §7).

use domain::port::RemoteError;

use super::{Client, REPLY_LIMIT, asked};
use crate::destination::kontur::judge::judge;
use crate::destination::kontur::wire::FeedPage;

impl Client {
    /// The page of at most `limit` changes after `offset`; the oldest without one.
    pub async fn events(&self, offset: Option<&str>, limit: u32) -> Result<FeedPage, RemoteError> {
        let asked = asked("events");
        let url = self.url(&["events"]);
        let request = || {
            let request = self.http.get(url.clone()).query(&[("limit", limit)]);
            offset.iter().fold(request, |request, offset| request.query(&[("offset", offset)]))
        };
        judge(asked, self.send(asked, request, REPLY_LIMIT).await?)?.json(asked)
    }
}
