//! `activate`: set an integration up through the running server.

use clap::Args;

use super::admin;
use crate::config::Config;

/// `activate WORKSPACE`.
#[derive(Debug, Args)]
pub(super) struct Activate {
    /// The workspace whose integration is set up.
    workspace: String,
}

impl Activate {
    /// Sets it up, and says how it is then.
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let path = ["integrations", &self.workspace, "activate"];
        let report = admin::ask(config, async |admin: admin::Admin<'_>| admin.post(&path).await)?;
        println!("{} is {}", self.workspace, report["status"].as_str().unwrap_or("set up"));
        Ok(())
    }
}
