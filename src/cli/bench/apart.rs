//! A loop in a process of its own, with as many threads as the server: what it did in a second comes back as JSON.

use std::process::Stdio;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::process::program;

#[derive(Debug, Serialize, Deserialize)]
struct Done {
    per_second: f64,
}

/// Runs `bench` with these arguments; gives what it did in a second.
pub(super) fn measure(arguments: &[String]) -> anyhow::Result<f64> {
    let output = program()?.arg("bench").args(arguments).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the loop failed; see above");
    Ok(serde_json::from_slice::<Done>(&output.stdout).context("the loop failed")?.per_second)
}

/// Runs the loop, for [`measure`] to hear of.
#[expect(clippy::print_stdout, reason = "read by the process that asked for the loop")]
pub(super) fn run(looping: impl Future<Output = anyhow::Result<f64>>) -> anyhow::Result<()> {
    let per_second = tokio::runtime::Runtime::new()?.block_on(looping)?;
    println!("{}", serde_json::to_string(&Done { per_second })?);
    Ok(())
}
