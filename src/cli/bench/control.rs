//! Requests that steer a bench. What is measured goes another way.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use reqwest::Method;
use serde_json::Value;

use super::server::ADMIN_TOKEN;

/// Between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(5);

/// Makes requests one after the other.
pub(super) struct Control {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
}

impl Control {
    pub(super) fn new() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, http: adapters::http::client(Duration::from_mins(1))? })
    }

    /// Asks for something and reads the reply.
    pub(super) fn get(&self, at: SocketAddr, path: &str) -> anyhow::Result<String> {
        self.send(&Method::GET, at, path, None)
    }

    /// Has something done.
    pub(super) fn post(&self, at: SocketAddr, path: &str) -> anyhow::Result<String> {
        self.send(&Method::POST, at, path, None)
    }

    /// Has something done that has to be described.
    pub(super) fn post_json(&self, at: SocketAddr, path: &str, body: &Value) -> anyhow::Result<String> {
        self.send(&Method::POST, at, path, Some(body))
    }

    fn send(
        &self,
        method: &Method,
        at: SocketAddr,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<String> {
        let mut request =
            self.http.request(method.clone(), format!("http://{at}{path}")).bearer_auth(ADMIN_TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let response = request.send().await.with_context(|| format!("{method} {path} got no answer"))?;
            let (status, body) = (response.status(), response.text().await?);
            ensure!(status.is_success(), "{method} {path} was answered {status}: {body}");
            Ok(body)
        })
    }
}

/// Looks again and again until there is something to see.
pub(super) fn eventually<T>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if began.elapsed() > within {
            bail!("not within {within:?}: {what}");
        }
        std::thread::sleep(PAUSE);
    }
}
