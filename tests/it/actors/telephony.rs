//! Whoever sends webhooks: the PBX, or somebody who pretends to be it.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use simulators::sandbox::WORKSPACE;
use simulators::scenario::sign;

use crate::harness::Reply;

/// A sender of webhooks with a secret.
#[derive(Debug, Clone)]
pub(crate) struct Telephony {
    http: reqwest::Client,
    url: String,
    secret: String,
    /// Seconds that the sender's clock is ahead.
    ahead: i64,
}

impl Telephony {
    pub(crate) fn new(http: &reqwest::Client, server_url: &str, secret: &str) -> Self {
        let url = format!("{server_url}/telephony/{WORKSPACE}/generic");
        Self { http: http.clone(), url, secret: secret.to_owned(), ahead: 0 }
    }

    /// Somebody who signs with another secret.
    #[must_use]
    pub(crate) fn signing_with(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    /// Somebody whose clock is ahead by so many seconds, or behind.
    #[must_use]
    pub(crate) fn ahead_by(self, seconds: i64) -> Self {
        Self { ahead: seconds, ..self }
    }

    /// The same sender, to another path of the server.
    #[must_use]
    pub(crate) fn to(self, url: String) -> Self {
        Self { url, ..self }
    }

    /// Sends events in one request: one as it is, several as a batch.
    pub(crate) async fn send(&self, events: &[Value]) -> Reply {
        self.send_body(body(events)).await
    }

    /// Sends events to a server that may be gone. Says whether they were taken.
    pub(crate) async fn is_taken(&self, events: &[Value]) -> bool {
        self.signed(body(events)).send().await.is_ok_and(|response| response.status() == 200)
    }

    /// Sends events that have to be taken.
    pub(crate) async fn tell(&self, events: &[Value]) {
        let reply = self.send(events).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    /// Sends any bytes, signed.
    pub(crate) async fn send_body(&self, body: Vec<u8>) -> Reply {
        Reply::to(self.signed(body)).await
    }

    fn signed(&self, body: Vec<u8>) -> RequestBuilder {
        let now = simulators::clock::now().timestamp() + self.ahead;
        let mut request = self.http.post(&self.url).header("content-type", "application/json");
        for (name, value) in sign(&self.secret, "msg-1", now, &body) {
            request = request.header(name, value);
        }
        request.body(body)
    }
}

/// One event as it is, several as a batch.
fn body(events: &[Value]) -> Vec<u8> {
    let body = if let [event] = events { event.clone() } else { json!({"events": events}) };
    body.to_string().into_bytes()
}
