//! `replay`: has the running server send deliveries again that were given up.

use clap::Args;
use serde_json::{Map, Value};

use super::admin::{self, Admin};
use super::moment::When;
use crate::config::Config;

/// `replay WORKSPACE`.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The workspace whose deliveries are sent again, the latest 10,000 at most.
    workspace: String,
    /// Only those to this destination: kontur, workonflow or metabot.
    #[arg(long)]
    destination: Option<String>,
    /// Only those in this state: dead, expired or pending.
    #[arg(long, default_value = "dead")]
    state: String,
    /// Only those planned at this time or later, as RFC 3339; a date is where the day begins in the workspace's time zone.
    #[arg(long, value_name = "TIME|DATE")]
    from: Option<When>,
    /// Only those planned before this time.
    #[arg(long, value_name = "TIME|DATE")]
    to: Option<When>,
    /// Print {"replayed":…}.
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// Says how many deliveries are due now.
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let replayed = admin::ask(config, async |admin: Admin<'_>| {
            admin.post_json(&["deliveries", "replay"], &self.which(&admin).await?).await
        })?;
        if self.json {
            println!("{replayed}");
        } else {
            println!("{} deliveries are sent again", replayed["replayed"]);
        }
        Ok(())
    }

    async fn which(&self, admin: &Admin<'_>) -> anyhow::Result<Value> {
        let mut which = Map::from_iter([
            ("workspace".to_owned(), self.workspace.as_str().into()),
            ("state".to_owned(), self.state.as_str().into()),
        ]);
        which.extend(self.destination.as_ref().map(|to| ("destination".to_owned(), to.as_str().into())));
        for (key, when) in [("from", self.from), ("to", self.to)] {
            if let Some(when) = when {
                which.insert(key.to_owned(), admin.moment(&self.workspace, when).await?.into());
            }
        }
        Ok(which.into())
    }
}
