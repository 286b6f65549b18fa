//! `database migrate`.

use anyhow::{Context, bail};
use clap::Args;
use storage::{Place, migrate};

use super::wait;
use crate::wiring;

/// `database migrate`.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Only say what would be applied; exit code 1 if anything would.
    #[arg(long)]
    check: bool,
}

impl Migrate {
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) fn run(&self, place: &Place) -> anyhow::Result<()> {
        let shown = wiring::shown(place);
        let names = wait(async {
            let names =
                if self.check { migrate::missing(place).await } else { migrate::migrate(place).await };
            names.with_context(|| format!("{shown} cannot be brought up to date"))
        })?;
        if names.is_empty() {
            println!("{shown} is up to date");
        } else if self.check {
            bail!("{shown} lacks {}; apply it with `kontur-telephony database migrate`", names.join(", "));
        } else {
            println!("{shown} is up to date now: applied {}", names.join(", "));
        }
        Ok(())
    }
}
