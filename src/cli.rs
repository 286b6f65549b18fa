//! The command line: an enum of commands, nothing else.

mod activate;
mod admin;
#[cfg(feature = "sandbox")]
mod bench;
mod database;
mod doctor;
mod healthcheck;
pub(crate) mod manifest;
mod moment;
mod openapi;
mod progress;
mod reconcile;
mod replay;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod sync;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigErrors, ProcessEnvironment};

/// Exit code for a configuration that cannot be used (`EX_USAGE` of sysexits.h).
const BAD_CONFIGURATION: u8 = 64;

/// Connects telephony to Kontur CRM, Workonflow and Metabot: no call lost, doubled or late.
#[derive(Debug, Parser)]
#[command(name = "kontur-telephony", version, arg_required_else_help = true)]
pub struct Cli {
    /// The configuration file (kontur-telephony.toml if not given); every key can also be set as
    /// `KONTUR_TELEPHONY__SECTION__KEY`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Serve),
    /// Run the server with simulated Kontur, Workonflow, Metabot and PBX, and a page to place calls from.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Options),
    /// Check the configuration, the database, the clock and every remote system; exit code 1 if anything is red.
    Doctor(doctor::Doctor),
    /// Set an integration up in Kontur, as an administrator would there; the server has to be running.
    Activate(activate::Activate),
    /// Read the telephony's history and register what is missing; the server has to be running.
    Sync(sync::Sync),
    /// Compare what the telephony, this server, Kontur and Workonflow have of a span, and repair it; the server has to be
    /// running.
    Reconcile(reconcile::Reconcile),
    /// Send deliveries again that were given up; the server has to be running.
    Replay(replay::Replay),
    /// Bring the database up to date, copy it to PostgreSQL, compare or back it up; the server may be running.
    Database(database::Database),
    /// Write the zip that an administrator uploads to Kontur as a private integration.
    Manifest(manifest::Options),
    /// Write the OpenAPI documents.
    Openapi(openapi::Options),
    /// Ask the running server whether it is alive; exit code 0 if so.
    Healthcheck,
    /// Measure this build on this machine.
    #[cfg(feature = "sandbox")]
    Bench(bench::Bench),
}

impl Cli {
    /// Runs the command; errors go to standard error.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "errors of a command line belong on standard error")]
    pub fn run(self) -> ExitCode {
        let Err(error) = self.execute() else { return ExitCode::SUCCESS };
        if let Some(faults) = error.downcast_ref::<ConfigErrors>() {
            eprintln!("{faults}");
            return ExitCode::from(BAD_CONFIGURATION);
        }
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    }

    fn execute(self) -> anyhow::Result<()> {
        let load = || Config::load(self.config.as_deref(), &ProcessEnvironment);
        match self.command {
            Command::Serve(serve) => serve.run(&load()?),
            #[cfg(feature = "sandbox")]
            Command::Sandbox(options) => sandbox::run(&options),
            Command::Doctor(doctor) => doctor.run(self.config.as_deref(), load()),
            Command::Activate(activate) => activate.run(&load()?),
            Command::Sync(sync) => sync.run(&load()?),
            Command::Reconcile(reconcile) => reconcile.run(&load()?),
            Command::Replay(replay) => replay.run(&load()?),
            Command::Database(database) => database.run(load),
            Command::Manifest(options) => manifest::run(&options, &load()?),
            Command::Openapi(options) => openapi::run(&options),
            Command::Healthcheck => healthcheck::run(&load()?),
            #[cfg(feature = "sandbox")]
            Command::Bench(bench) => bench.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
