//! The running server, asked as an administrator: what is done by commands and not by the server's file.

use anyhow::{Context, bail};
use domain::schedule::Zone;
use domain::secret::Secret;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use super::healthcheck::{local_url, remote};
use super::moment::When;
use crate::config::Config;

/// The admin API of the server of this configuration.
pub(super) struct Admin<'a> {
    http: reqwest::Client,
    base: Url,
    token: &'a Secret,
}

/// Puts questions to the running server, since only it knows the present state.
pub(super) fn ask<T>(
    config: &Config,
    questions: impl AsyncFnOnce(Admin<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let base = Url::parse(&format!("{}/admin/v1", local_url(config)))?;
    remote(async |http: reqwest::Client| questions(Admin { http, base, token: &config.admin_token }).await)
}

impl Admin<'_> {
    /// What is shown at a path, given by its parts.
    pub(super) async fn get(&self, path: &[&str]) -> anyhow::Result<Value> {
        send(self.request(Method::GET, path)).await
    }

    /// Has something done.
    pub(super) async fn post(&self, path: &[&str]) -> anyhow::Result<Value> {
        send(self.request(Method::POST, path)).await
    }

    /// Has something done that has to be described.
    pub(super) async fn post_json(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// As the API takes it: a date is where the day begins by the clocks of the workspace.
    pub(super) async fn moment(&self, workspace: &str, when: When) -> anyhow::Result<String> {
        let zone = match when {
            When::Day(_) => self.zone(workspace).await?,
            When::Moment(_) => Zone::UTC,
        };
        Ok(when.in_zone(zone)?.rfc3339())
    }

    async fn zone(&self, workspace: &str) -> anyhow::Result<Zone> {
        let integration = self.get(&["integrations", workspace]).await?;
        let name = integration["time_zone"].as_str().unwrap_or_default();
        name.parse().ok().with_context(|| {
            format!(
                "the time zone of {workspace} is not known; give a time with its offset instead of a date"
            )
        })
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.extend(path);
        }
        self.http.request(method, url).bearer_auth(self.token.expose())
    }
}

async fn send(request: RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await.context("the server does not answer; start it with serve first")?;
    let status = response.status();
    let body: Value = response.json().await.unwrap_or_default();
    if !status.is_success() {
        bail!("{}", refusal(&body));
    }
    Ok(body)
}

/// What a problem says, with each fault of the request.
fn refusal(problem: &Value) -> String {
    let detail = problem["detail"].as_str().unwrap_or("the server refused without saying why");
    let faults = problem["errors"].as_array().into_iter().flatten();
    let faults = faults
        .filter_map(|fault| Some(format!("{} {}", fault["field"].as_str()?, fault["message"].as_str()?)));
    let faults: Vec<String> = faults.collect();
    if faults.is_empty() { detail.to_owned() } else { format!("{detail}: {}", faults.join("; ")) }
}
