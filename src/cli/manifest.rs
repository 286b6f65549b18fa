//! `manifest`: the zip that an administrator uploads to Kontur as a private integration (contract Kontur §6).

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use zip::ZipWriter;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

use crate::config::Config;

/// Options of `manifest`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The zip to write.
    #[arg(long, value_name = "FILE", default_value = "integration.zip")]
    out: PathBuf,
    /// The integration's name in Kontur: latin letters, digits, '.' and '_', a letter first.
    #[arg(long, default_value = "kontur.telephony")]
    name: String,
    /// The integration's version: `major.minor[.patch[.build]][-prerelease]`. Kontur runs setup anew when it changes.
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    version: String,
    /// The workspace, if the zip is for one alone.
    #[arg(long)]
    workspace: Option<String>,
}

/// What `manifest.json` says.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    name: String,
    version: String,
    base_url: String,
}

/// An option that Kontur would not take.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum InvalidManifest {
    #[error(
        "--name {0:?} is not allowed; expected latin letters, digits, '.' and '_', a letter first, such as acme.telephony"
    )]
    Name(String),
    #[error(
        "--version {0:?} is not allowed; expected major.minor[.patch[.build]][-prerelease] such as 1.0 or 1.2.3-beta"
    )]
    Version(String),
    #[error("--workspace {0:?} is not allowed; expected latin letters, digits, '.', '_' and '-'")]
    Workspace(String),
}

/// Writes the zip and says what is in it.
#[expect(clippy::print_stdout, reason = "a command line says what it did")]
pub(super) fn run(options: &Options, config: &Config) -> anyhow::Result<()> {
    let manifest = manifest(options, &config.public_url_at(config.listen))?;
    let zip = zipped(&manifest).context("the zip cannot be made")?;
    fs::write(&options.out, zip).with_context(|| format!("{} cannot be written", options.out.display()))?;
    println!("{}: {} {} at {}", options.out.display(), manifest.name, manifest.version, manifest.base_url);
    if config.public_url.is_none() {
        println!("public_url is not configured: Kontur has to reach the server at this address");
    }
    Ok(())
}

fn manifest(options: &Options, public_url: &str) -> Result<Manifest, InvalidManifest> {
    let Options { name, version, workspace, .. } = options;
    if !is_name(name) {
        return Err(InvalidManifest::Name(name.clone()));
    }
    if !is_version(version) {
        return Err(InvalidManifest::Version(version.clone()));
    }
    let base_url = match workspace {
        Some(workspace) if !is_workspace(workspace) => {
            return Err(InvalidManifest::Workspace(workspace.clone()));
        }
        Some(workspace) => format!("{public_url}/kontur/{workspace}"),
        None => format!("{public_url}/kontur"),
    };
    Ok(Manifest { name: name.clone(), version: version.clone(), base_url })
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(plain)
}

/// `major.minor[.patch[.build]][-prerelease]`.
fn is_version(version: &str) -> bool {
    let (numbers, prerelease) = version.split_once('-').map_or((version, None), |(a, b)| (a, Some(b)));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (2..=4).contains(&numbers.split('.').count())
        && numbers.split('.').all(is_number)
        && prerelease.is_none_or(|text| !text.is_empty() && text.bytes().all(plain))
}

fn is_workspace(workspace: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    workspace.bytes().any(|byte| byte != b'.') && workspace.bytes().all(plain)
}

/// The bytes of the zip. The same manifest gives the same bytes: the file in it is of no particular day.
fn zipped(manifest: &Manifest) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "manifest.json",
        SimpleFileOptions::default().last_modified_time(zip::DateTime::default()),
    )?;
    let json = serde_json::to_vec(manifest).map_err(std::io::Error::other)?;
    zip.write_all(&json)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;

    fn options() -> Options {
        Options {
            out: "integration.zip".into(),
            name: "acme.telephony".into(),
            version: "1.0".into(),
            workspace: None,
        }
    }

    #[test]
    fn the_zip_holds_the_manifest_of_the_contract() {
        let manifest = manifest(&options(), "https://t.test").unwrap();
        let mut zip = ZipArchive::new(Cursor::new(zipped(&manifest).unwrap())).unwrap();
        assert_eq!(zip.len(), 1);
        let mut text = String::new();
        zip.by_name("manifest.json").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, r#"{"name":"acme.telephony","version":"1.0","baseUrl":"https://t.test/kontur"}"#);
    }

    #[test]
    fn a_workspace_is_a_part_of_the_base_url() {
        let of_workspace = Options { workspace: Some("acme".into()), ..options() };
        assert_eq!(manifest(&of_workspace, "https://t.test").unwrap().base_url, "https://t.test/kontur/acme");
        for workspace in ["", "..", "a/b", "a b"] {
            let options = Options { workspace: Some(workspace.into()), ..options() };
            assert_eq!(manifest(&options, "x"), Err(InvalidManifest::Workspace(workspace.into())));
        }
    }

    #[test]
    fn names_are_those_that_kontur_takes() {
        for (name, good) in [
            ("kontur.telephony", true),
            ("a", true),
            ("A_1.b", true),
            ("", false),
            ("1a", false),
            (".a", false),
            ("a-b", false),
            ("телефония", false),
        ] {
            assert_eq!(is_name(name), good, "{name}");
            let result = manifest(&Options { name: name.into(), ..options() }, "x");
            assert_eq!(result.is_ok(), good, "{name}");
        }
    }

    #[test]
    fn versions_are_those_that_kontur_takes() {
        for (version, good) in [
            (env!("CARGO_PKG_VERSION"), true),
            ("1.0", true),
            ("1.2.3", true),
            ("1.2.3.4", true),
            ("0.0.1-alpha2", true),
            ("1.0-rc.1", true),
            ("", false),
            ("1", false),
            ("1.", false),
            ("1.2.3.4.5", false),
            ("1.x", false),
            ("v1.0", false),
            ("1.0-", false),
            ("1.0-β", false),
        ] {
            let result = manifest(&Options { version: version.into(), ..options() }, "x");
            assert_eq!(result.is_ok(), good, "{version}");
        }
    }
}
