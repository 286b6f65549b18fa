//! `openapi`: writes the OpenAPI documents that are committed under `openapi/`.

use std::path::PathBuf;

use clap::Args;

/// Options of `openapi`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder to write the documents to.
    #[arg(long, value_name = "DIR", default_value = "openapi")]
    out: PathBuf,
}

/// Writes the documents.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    std::fs::create_dir_all(&options.out)?;
    Ok(())
}
