//! `reconcile`: what the telephony, the server, Kontur and Workonflow have of a span, as a table, and the repair.

mod table;

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde_json::{Map, Value};

use super::admin::{self, Admin};
use super::moment::When;
use crate::config::Config;

/// Between two looks at the comparison.
const PAUSE: Duration = Duration::from_millis(300);

/// `reconcile WORKSPACE`.
#[derive(Debug, Args)]
pub(super) struct Reconcile {
    /// The workspace whose calls are compared.
    workspace: String,
    /// Calls that began at this time or later, as RFC 3339; a date is where the day begins in the workspace's time zone.
    #[arg(long, value_name = "TIME|DATE")]
    from: When,
    /// Calls that began before this time; left out: until now.
    #[arg(long, value_name = "TIME|DATE")]
    to: Option<When>,
    /// Make whole what can be: read what was not read, send again what was given up, register again what was deleted in
    /// Kontur.
    #[arg(long)]
    repair: bool,
    /// Print what was found, and what the repair set going, as JSON.
    #[arg(long)]
    json: bool,
}

impl Reconcile {
    /// Compares, prints, repairs if wanted. Fails if something differs that a repair would do something about, and no
    /// repair was wanted.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let (found, repaired) = admin::ask(config, async |admin: Admin<'_>| {
            let found = self.compare(&admin).await?;
            let repaired = if self.repair { Some(self.repair(&admin, &found).await?) } else { None };
            Ok((found, repaired))
        })?;
        self.print(&found, repaired.as_ref());
        match found["repairable"].as_u64() {
            Some(count) if count > 0 && repaired.is_none() => {
                bail!("{count} differences can be repaired; run the same with --repair")
            }
            _ => Ok(()),
        }
    }

    async fn compare(&self, admin: &Admin<'_>) -> anyhow::Result<Value> {
        let mut span = Map::new();
        for (key, when) in [("from", Some(self.from)), ("to", self.to)] {
            if let Some(when) = when {
                span.insert(key.to_owned(), admin.moment(&self.workspace, when).await?.into());
            }
        }
        let path = ["integrations", &self.workspace, "reconciliations"];
        let mut found = admin.post_json(&path, &span.into()).await?;
        let number = found["id"].to_string();
        while found["state"] == "running" {
            tokio::time::sleep(PAUSE).await;
            found = admin.get(&[&path[..], &[&number]].concat()).await?;
        }
        if found["state"] == "failed" {
            bail!("reconciliation {number} failed: {}", found["reason"].as_str().unwrap_or_default());
        }
        Ok(found)
    }

    async fn repair(&self, admin: &Admin<'_>, found: &Value) -> anyhow::Result<Value> {
        let number = found["id"].to_string();
        admin.post(&["integrations", &self.workspace, "reconciliations", &number, "repair"]).await
    }

    #[expect(clippy::print_stdout, reason = "the command's answer")]
    fn print(&self, found: &Value, repaired: Option<&Value>) {
        if self.json {
            let mut answer = found.clone();
            answer["repair"] = repaired.cloned().unwrap_or_default();
            println!("{answer}");
            return;
        }
        println!("{}", table::of(found));
        if let Some(repaired) = repaired {
            println!("\n{}", table::of_repair(&self.workspace, repaired));
        }
    }
}
