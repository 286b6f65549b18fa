//! `activate`: set an integration up through the running server.

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

use super::healthcheck::{local_url, remote};
use crate::config::Config;

/// `activate WORKSPACE`.
#[derive(Debug, Args)]
pub(super) struct Activate {
    /// The workspace whose integration is set up.
    workspace: String,
}

impl Activate {
    /// Asks the running server, since only it knows the present state.
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let url = format!("{}/admin/v1/integrations/{}/activate", local_url(config), self.workspace);
        let reply = remote(async |http: reqwest::Client| {
            let request = http.post(&url).bearer_auth(config.admin_token.expose());
            let response =
                request.send().await.context("the server does not answer; start it with serve first")?;
            Ok((response.status(), response.json::<Value>().await.unwrap_or_default()))
        });
        let (status, body) = reply?;
        if !status.is_success() {
            bail!("{}", body["detail"].as_str().unwrap_or("the server refused without saying why"));
        }
        println!("{} is {}", self.workspace, body["status"].as_str().unwrap_or("set up"));
        Ok(())
    }
}
