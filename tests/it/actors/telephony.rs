//! Whoever sends webhooks: the PBX, or somebody who pretends to be it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use simulators::sandbox::WORKSPACE;
use simulators::scenario::sign;

use crate::harness::Reply;

/// A sender of webhooks with a secret.
#[derive(Debug, Clone)]
pub(crate) struct Telephony {
    http: reqwest::Client,
    /// Where its requests go, in turn.
    urls: Vec<String>,
    turn: Arc<AtomicUsize>,
    secret: String,
    /// Seconds that the sender's clock is ahead.
    ahead: i64,
}

impl Telephony {
    pub(crate) fn new(http: &reqwest::Client, server_url: &str, secret: &str) -> Self {
        let (urls, turn) = (vec![route(server_url)], Arc::default());
        Self { http: http.clone(), urls, turn, secret: secret.to_owned(), ahead: 0 }
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
        Self { urls: vec![url], ..self }
    }

    /// The same sender behind a load balancer: each request goes to the next of these servers.
    #[must_use]
    pub(crate) fn in_turn<'a>(self, server_urls: impl Iterator<Item = &'a str>) -> Self {
        Self { urls: server_urls.map(route).collect(), ..self }
    }

    /// Sends events in one request: one as it is, several as a batch.
    pub(crate) async fn send(&self, events: &[Value]) -> Reply {
        self.send_body(body(events)).await
    }

    /// Sends events to the next server that listens. What is not taken comes back with the reason.
    pub(crate) async fn try_to_tell(&self, events: &[Value]) -> Result<(), String> {
        for _ in &self.urls {
            match self.signed(body(events)).send().await {
                Ok(response) if response.status() == 200 => return Ok(()),
                Ok(response) => {
                    return Err(format!(
                        "{} {}",
                        response.status(),
                        response.text().await.unwrap_or_default()
                    ));
                }
                Err(error) if error.is_connect() => {}
                Err(error) => return Err(format!("{error:?}")),
            }
        }
        Err("nobody listens".to_owned())
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
        let url = &self.urls[self.turn.fetch_add(1, Ordering::Relaxed) % self.urls.len()];
        let mut request = self.http.post(url).header("content-type", "application/json");
        for (name, value) in sign(&self.secret, "msg-1", now, &body) {
            request = request.header(name, value);
        }
        request.body(body)
    }
}

fn route(server_url: &str) -> String {
    format!("{server_url}/telephony/{WORKSPACE}/generic")
}

/// One event as it is, several as a batch.
fn body(events: &[Value]) -> Vec<u8> {
    let body = if let [event] = events { event.clone() } else { json!({"events": events}) };
    body.to_string().into_bytes()
}
