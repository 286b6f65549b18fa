//! `doctor`: whether everything the server needs is there, and how to mend what is not.
//!
//! Modules gather facts at their edges (`look`) and turn them into rows by pure functions (`judge`). Remote systems are
//! only read from, all at once, and none is waited for longer than a few seconds.

mod check;
mod clock;
mod configuration;
mod database;
mod integration;
mod listen;
mod remote;
mod report;
mod stored;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context, anyhow};
use clap::Args;
use domain::clock::SystemClock;
use engine::vault::Vault;
use futures_util::future::join_all;
use url::Url;

use self::check::{Check, Subject};
use self::database::Database;
use self::integration::Integration;
use self::report::Report;
use crate::config::{Config, ConfigErrors, DEFAULT_FILE};
use crate::wiring::{self, Adapters};

/// `doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print JSON: {"ok":…,"checks":[{"name","target","state","found","fix"}]}.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Looks at everything and prints what was found; fails if anything is red. `file` is where the configuration was
    /// to be read from.
    pub(super) fn run(
        &self,
        file: Option<&Path>,
        loaded: Result<Config, ConfigErrors>,
    ) -> anyhow::Result<()> {
        let report = Report(match loaded {
            Ok(config) => examine(&file.unwrap_or(Path::new(DEFAULT_FILE)).display().to_string(), &config)?,
            Err(errors) => configuration::faulty(&errors),
        });
        self.print(&report).context("the diagnosis cannot be printed")?;
        if report.is_ok() { Ok(()) } else { Err(anyhow!(report.verdict())) }
    }

    /// Whoever reads this may stop reading at any line.
    fn print(&self, report: &Report) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            return writeln!(out, "{}", report.json());
        }
        writeln!(out, "{}\n", report.table(out.is_terminal()))?;
        if report.is_ok() { writeln!(out, "{}", report.verdict()) } else { Ok(()) }
    }
}

fn examine(file: &str, config: &Config) -> anyhow::Result<Vec<Check>> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    let adapters = Adapters::new(config)?;
    runtime.block_on(async {
        let mut rows = vec![configuration::good(file, config), configuration::public_url(config)];
        let stored = with_database(&mut rows, file, config, &adapters).await?;
        let public_url = config.public_url_at(config.listen);
        let systems = systems(config, &stored);
        let (listening, clocks, integrations) = tokio::join!(
            addresses(config, adapters.http()),
            clock::look(&systems, adapters.http(), &SystemClock),
            join_all(stored.iter().map(|one| one.check(&adapters, &public_url))),
        );
        rows.extend(listening);
        rows.extend(clock::judge(&clocks));
        rows.extend(integrations.into_iter().flatten());
        Ok(rows)
    })
}

/// The database and what it knows. All integrations there are.
async fn with_database(
    rows: &mut Vec<Check>,
    file: &str,
    config: &Config,
    adapters: &Adapters,
) -> anyhow::Result<Vec<Integration>> {
    let mut database = Database::look(&wiring::database_place(&config.database_url)?);
    let mut known = stored::declared(config, file);
    if let Some(store) = database.store() {
        let vault = Vault::new(config.encryption_key.as_ref().map(|key| *key.expose()));
        match stored::read(&store).await {
            Ok(all) => known.add_all(all, &vault, adapters),
            Err(error) => database.failed(error),
        }
    }
    rows.push(database.judge());
    rows.extend(known.judge(config));
    if known.integrations.is_empty() {
        let fix = format!("add [[integration]] to {file} (config.example.toml shows every key)");
        rows.push(Subject::new("integrations", file).yellow("none: there is nothing to do", fix));
    }
    Ok(known.integrations)
}

async fn addresses(config: &Config, http: &reqwest::Client) -> Vec<Check> {
    let mut rows = vec![listen::judge(
        "listen",
        config.listen,
        &listen::look(config.listen, http, &listen::SERVER).await,
    )];
    if let Some(address) = config.metrics_listen {
        let facts = listen::look(address, http, &listen::METRICS).await;
        rows.push(listen::judge("metrics_listen", address, &facts));
    }
    rows
}

/// Every remote host once.
fn systems(config: &Config, integrations: &[Integration]) -> Vec<(String, Url)> {
    let of_kontur = (!integrations.is_empty()).then(|| ("kontur", config.kontur.api_url.clone()));
    let others = integrations.iter().flat_map(Integration::systems);
    let mut systems: Vec<(String, Url)> = Vec::new();
    for (system, url) in of_kontur.into_iter().chain(others) {
        if !systems.iter().any(|(_, known)| known.origin() == url.origin()) {
            systems.push((format!("{system} at {}", host(&url)), url));
        }
    }
    systems
}

/// Without anything that may be a credential.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
