//! `database copy` and `database verify`.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};
use storage::transfer::{self, Report};

use super::{Resolved, Sides, table, wait};
use crate::cli::progress::{Progress, short};

/// `database copy`.
#[derive(Debug, Args)]
pub(super) struct Copy {
    #[command(flatten)]
    pub(super) sides: Sides,
    /// Print what was copied as JSON.
    #[arg(long)]
    json: bool,
}

/// `database verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    pub(super) sides: Sides,
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
}

impl Copy {
    /// Copies, prints what was done and what comes next.
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) fn run(&self, sides: &Resolved) -> anyhow::Result<()> {
        let began = Instant::now();
        let report = watched("copied", async |told| transfer::copy(&sides.from, &sides.to, told).await)
            .with_context(|| format!("{} was not copied to {}", sides.source(), sides.target()))?;
        if self.json {
            println!("{}", sides.json(&report, began.elapsed()));
            return Ok(());
        }
        println!("{}\n\n{}", table::of(&report.tables), sides.next_steps(&report, began.elapsed()));
        Ok(())
    }
}

impl Verify {
    /// Compares, prints; fails if anything differs.
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) fn run(&self, sides: &Resolved) -> anyhow::Result<()> {
        let began = Instant::now();
        let report = watched("compared", async |told| transfer::verify(&sides.from, &sides.to, told).await)
            .with_context(|| format!("{} could not be compared", sides.names()))?;
        if self.json {
            let mut answer = sides.json(&report, began.elapsed());
            answer["same"] = report.is_same().into();
            println!("{answer}");
        } else {
            println!("{}", table::of(&report.tables));
        }
        if !report.is_same() {
            bail!("{} differ; `kontur-telephony database copy` brings what has changed", sides.names());
        }
        if !self.json {
            println!("\n{} have the same {} rows", sides.names(), report.rows());
        }
        Ok(())
    }
}

/// Does the work and shows how far it is; an interruption leaves what is there.
fn watched(
    done: &str,
    work: impl AsyncFnOnce(&mut dyn FnMut(transfer::Progress<'_>)) -> Result<Report, transfer::TransferError>,
) -> anyhow::Result<Report> {
    let (began, mut progress) = (Instant::now(), Progress::start());
    let mut told = |at: transfer::Progress<'_>| {
        // It goes on though nobody looks.
        progress.show(percent(at), &line(done, at, began.elapsed()), at.rows >= at.of).ok();
    };
    wait(async {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                bail!("it was interrupted; run it again")
            }
            report = work(&mut told) => Ok(report?),
        }
    })
}

fn percent(at: transfer::Progress<'_>) -> u8 {
    let percent = at.rows.saturating_mul(100).checked_div(at.of).unwrap_or(100);
    u8::try_from(percent.min(100)).unwrap_or(100)
}

/// `call: 8192 of 100000 rows copied, 1 min 5 s left`.
fn line(done: &str, at: transfer::Progress<'_>, elapsed: Duration) -> String {
    let to_go = u128::from(at.of.saturating_sub(at.rows));
    let left = (to_go * elapsed.as_millis()).checked_div(at.rows.into()).unwrap_or_default();
    let left = short(Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX)));
    format!("{}: {} of {} rows {done}, {left} left", at.table, at.rows, at.of)
}

impl Resolved {
    fn source(&self) -> String {
        format!("sqlite://{}", self.from.display())
    }

    fn target(&self) -> String {
        format!("postgres://{}", self.to)
    }

    fn names(&self) -> String {
        format!("{} and {}", self.source(), self.target())
    }

    fn next_steps(&self, report: &Report, took: Duration) -> String {
        let (rows, copied, took) = (report.rows(), report.copied(), short(took));
        format!(
            "{} have the same {rows} rows; {copied} were copied now, in {took}\n\n\
             What comes next:\n  1. stop the server\n  2. run this again, for what it has stored meanwhile\n  \
             3. set database_url to the PostgreSQL database and start the server",
            self.names()
        )
    }

    fn json(&self, report: &Report, took: Duration) -> Value {
        json!({
            "from": self.source(),
            "to": self.target(),
            "rows": report.rows(),
            "copied": report.copied(),
            "seconds": took.as_secs(),
            "tables": report.tables.iter().map(table::json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_is_told_in_a_line() {
        let at = |rows| transfer::Progress { table: "call", rows, of: 400, copied: 0 };
        let minute = Duration::from_mins(1);
        assert_eq!(line("copied", at(100), minute), "call: 100 of 400 rows copied, 3 min 0 s left");
        assert_eq!(line("copied", at(0), minute), "call: 0 of 400 rows copied, 0 s left");
        assert_eq!([0, 100, 399, 400, 500].map(|rows| percent(at(rows))), [0, 25, 99, 100, 100]);
    }
}
