//! `openapi`: writes the OpenAPI documents that are committed under `openapi/`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::api;

/// Options of `openapi`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder to write the documents to.
    #[arg(long, value_name = "DIR", default_value = "openapi")]
    out: PathBuf,
}

/// Writes the documents of this server, and of the remote systems as far as they are simulated here.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = &options.out;
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for (stem, document) in documents() {
        let file = folder.join(stem).with_extension("yaml");
        fs::write(&file, document).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

#[cfg(feature = "sandbox")]
fn documents() -> Vec<(&'static str, String)> {
    let mut documents = api::openapi();
    documents.extend(simulators::openapi());
    documents
}

#[cfg(not(feature = "sandbox"))]
fn documents() -> Vec<(&'static str, String)> {
    api::openapi()
}
