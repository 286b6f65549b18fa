//! `database`: brings the database up to date, copies it to PostgreSQL, compares, backs up. The server may be running.

mod backup;
mod migrate;
mod table;
mod transfer;

use std::convert::Infallible;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::secret::Secret;
use storage::{Address, Place};

use self::backup::Backup;
use self::migrate::Migrate;
use self::transfer::{Copy, Verify};
use crate::config::{Config, ConfigErrors};
use crate::wiring;

/// `database`.
#[derive(Debug, Args)]
pub(super) struct Database {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the database up to date, as `serve` does when it starts.
    Migrate(Migrate),
    /// Copy a SQLite database to PostgreSQL; run it again for what has changed since.
    Copy(Copy),
    /// Compare a SQLite database with its copy in PostgreSQL; exit code 1 if anything differs.
    Verify(Verify),
    /// Write a backup of the database into a file.
    Backup(Backup),
}

impl Database {
    /// Does what was asked; `load` reads the configuration, if what was asked needs it.
    pub(super) fn run(&self, load: impl FnOnce() -> Result<Config, ConfigErrors>) -> anyhow::Result<()> {
        let configured = || -> anyhow::Result<Place> {
            wiring::database_place(&load()?.database_url).context("database_url")
        };
        match &self.command {
            Command::Migrate(migrate) => migrate.run(&configured()?),
            Command::Copy(copy) => copy.run(&copy.sides.resolve(configured)?),
            Command::Verify(verify) => verify.run(&verify.sides.resolve(configured)?),
            Command::Backup(backup) => backup.run(&configured()?),
        }
    }
}

/// What is copied or compared. One of the two may be left out: it is then the `database_url` of the configuration, whose
/// password nobody sees in the list of processes.
#[derive(Debug, Args)]
struct Sides {
    /// The SQLite database (`sqlite://FILE`); that of the configuration if left out.
    #[arg(long, value_name = "URL", value_parser = url)]
    from: Option<Secret>,
    /// The PostgreSQL database (`postgres://USER:PASSWORD@HOST/NAME`); that of the configuration if left out.
    #[arg(long, value_name = "URL", value_parser = url)]
    to: Option<Secret>,
}

/// Both databases.
struct Resolved {
    from: PathBuf,
    to: Address,
}

impl Sides {
    fn resolve(&self, configured: impl FnOnce() -> anyhow::Result<Place>) -> anyhow::Result<Resolved> {
        let given = |url: &Option<Secret>| url.as_ref().map(wiring::database_place).transpose();
        let (from, to) = match (given(&self.from).context("--from")?, given(&self.to).context("--to")?) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, configured()?),
            (None, Some(to)) => (configured()?, to),
            (None, None) => {
                bail!("--to is missing: the PostgreSQL database, as postgres://USER:PASSWORD@HOST/NAME")
            }
        };
        match (from, to) {
            (Place::File(from), Place::Postgres(to)) => Ok(Resolved { from, to }),
            (Place::Postgres(_), _) => bail!(
                "what is copied has to be a SQLite database (--from sqlite://FILE); for PostgreSQL, see `database backup`"
            ),
            (_, Place::File(_)) => {
                bail!("the copy has to be in PostgreSQL (--to postgres://USER:PASSWORD@HOST/NAME)")
            }
        }
    }
}

/// What is wrong with a URL is said later, by whoever does not repeat it.
#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
fn url(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// Runs what waits for a database.
fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
