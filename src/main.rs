//! The binary: parse the command line, run the command, map its error to an exit code.

use std::process::ExitCode;

use clap::Parser;
use kontur_telephony::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
