//! Whoever sends webhooks: the PBX, or somebody who pretends to be it.

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
        let body = if let [event] = events { event.clone() } else { json!({"events": events}) };
        self.send_body(body.to_string().into_bytes()).await
    }

    /// Sends events that have to be taken.
    pub(crate) async fn tell(&self, events: &[Value]) {
        let reply = self.send(events).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    /// Sends any bytes, signed.
    pub(crate) async fn send_body(&self, body: Vec<u8>) -> Reply {
        let now = simulators::clock::now().timestamp() + self.ahead;
        let mut request = self.http.post(&self.url).header("content-type", "application/json");
        for (name, value) in sign(&self.secret, "msg-1", now, &body) {
            request = request.header(name, value);
        }
        Reply::to(request.body(body)).await
    }
}
