//! The command line, as scripts and administrators use it.

mod database;
mod running;

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::{Company, binary};

/// Runs the binary in `directory`.
fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).current_dir(directory).output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_is_everywhere() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = run(directory.path(), &["--help"]);
    assert!(output.status.success());
    let help = text(&output.stdout);
    for command in [
        "serve",
        "sandbox",
        "doctor",
        "activate",
        "sync",
        "replay",
        "database",
        "manifest",
        "openapi",
        "healthcheck",
        "bench",
    ] {
        assert!(help.contains(command), "{command} is not in:\n{help}");
        let output = run(directory.path(), &[command, "--help"]);
        assert!(output.status.success(), "{command} --help");
        assert!(text(&output.stdout).contains("Usage:"), "{command} --help");
    }
}

#[test]
fn the_version_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = run(directory.path(), &["--version"]);
    assert_eq!(text(&output.stdout).trim(), format!("kontur-telephony {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_bad_configuration_names_file_line_key_and_what_is_expected() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("wrong.toml");
    let configuration = "listen = \"127.0.0.1:1\"\nadmin_token = \"t0ken-of-the-administrators\"\nlissten = 7\nsettle_ms = \"soon\"\n";
    std::fs::write(&file, configuration).expect("writes");
    for command in ["serve", "manifest", "healthcheck"] {
        let output = run(directory.path(), &["--config", "wrong.toml", command]);
        assert_eq!(output.status.code(), Some(64), "{command}: {}", text(&output.stderr));
        let errors = text(&output.stderr);
        for part in ["wrong.toml:3", "lissten", "wrong.toml:4", "settle_ms", "whole number"] {
            assert!(errors.contains(part), "{part:?} is not in:\n{errors}");
        }
        assert!(!errors.contains("t0ken-of-the-administrators"), "{errors}");
    }
    assert!(
        !directory.path().join("kontur-telephony.db").exists(),
        "the configuration is read before a database is made"
    );
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = run(directory.path(), &["--config", "nowhere.toml", "serve"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("nowhere.toml"), "{}", text(&output.stderr));
}

/// Every key is a variable as well, and the variable wins.
#[tokio::test]
async fn variables_win_over_the_file() {
    let company = Company::start().await;
    let run = |name: &str, value: &str| {
        let mut command = Command::new(binary());
        command
            .args(["manifest", "--out", "made.zip"])
            .env(name, value)
            .current_dir(company.server.directory());
        command.output().expect("the binary starts")
    };
    let output = run("KONTUR_TELEPHONY__PUBLIC_URL", "https://telephony.example.ru");
    assert!(text(&output.stdout).contains("https://telephony.example.ru/kontur"), "{}", text(&output.stdout));
    let output = run("KONTUR_TELEPHONY__RETRY__JITTER_PERCENT", "200");
    assert_eq!(output.status.code(), Some(64));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("KONTUR_TELEPHONY__RETRY__JITTER_PERCENT") && errors.contains("from 0 to 100"),
        "{errors}"
    );
}

#[test]
fn an_unknown_command_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    assert_eq!(run(directory.path(), &["teleport"]).status.code(), Some(2));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let company = Company::start().await;
    let output = run(company.server.directory(), &["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("listen") && errors.contains(&company.server.listen()), "{errors}");
}

#[tokio::test]
async fn the_health_check_tells_by_its_exit_code() {
    let mut company = Company::start().await;
    let directory = company.server.directory().to_owned();
    assert!(run(&directory, &["healthcheck"]).status.success());
    company.server.kill();
    assert_eq!(run(&directory, &["healthcheck"]).status.code(), Some(1));
}

#[tokio::test]
async fn the_manifest_is_what_an_administrator_uploads_to_kontur() {
    let company = Company::start().await;
    let arguments = [
        "manifest",
        "--out",
        "acme.zip",
        "--name",
        "acme.telephony",
        "--version",
        "1.2-beta",
        "--workspace",
        "acme",
    ];
    let output = run(company.server.directory(), &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let file = std::fs::File::open(company.server.directory().join("acme.zip")).expect("the zip");
    let mut zip = zip::ZipArchive::new(file).expect("a zip");
    let mut manifest = String::new();
    zip.by_name("manifest.json").expect("the manifest").read_to_string(&mut manifest).expect("text");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    let base_url = format!("{}/kontur/acme", company.server.url());
    assert_eq!(manifest, json!({"name": "acme.telephony", "version": "1.2-beta", "baseUrl": base_url}));
    let output = run(company.server.directory(), &["manifest", "--name", "1acme"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--name"), "{}", text(&output.stderr));
}

/// Run `cargo run -- openapi --out openapi` when this fails.
#[test]
fn the_committed_openapi_documents_are_those_of_this_build() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = run(directory.path(), &["openapi", "--out", "made"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |folder: &Path| -> Vec<(String, String)> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut files: Vec<(String, String)> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .map(|path| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, std::fs::read_to_string(path).expect("text"))
            })
            .collect();
        files.sort();
        files
    };
    let (made, committed) =
        (read(&directory.path().join("made")), read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi")));
    let names = |files: &[(String, String)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&made), names(&committed));
    for ((name, made), (_, committed)) in made.iter().zip(&committed) {
        assert!(
            made == committed,
            "openapi/{name} is not up to date: run `cargo run -- openapi --out openapi`"
        );
    }
}
