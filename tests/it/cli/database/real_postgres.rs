use std::process::Command;

use serde_json::{Value, json};
use simulators::journal::System;
use testkit::postgres::{Database, Session};

use super::*;
use crate::harness::{CLIENT, VATS};

/// A call that nobody answered.
async fn miss_a_call(company: &Company) {
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101"]);
    company.sandbox.pbx.hang_up(&call).expect("rings");
    company.settle().await;
}

#[tokio::test]
async fn copy_and_verify_while_the_server_goes_on() {
    let mut company = Company::start().await;
    let copy = Database::fresh();
    let folder = company.server.directory().to_owned();
    let to = ["--to", copy.url()];
    let refuse = || refused(&folder, &[&["database", "verify"], to.as_slice()].concat());
    let error = refuse();
    assert!(error.contains("the target is not up to date"), "{error}");
    miss_a_call(&company).await;
    let output = run(&folder, &[&["database", "copy"], to.as_slice()].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).starts_with("0 %, ") || text(&output.stderr).contains(" rows copied, "));
    assert!(
        text(&output.stdout).contains("What comes next:\n  1. stop the server\n"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(Session::to(copy.url()).number("SELECT count(*) FROM call"), 1);
    miss_a_call(&company).await;
    let error = refuse();
    assert!(
        error.contains("differ; `kontur-telephony database copy`") && !error.contains("password"),
        "{error}"
    );
    company.server.kill();
    let copied = printed(&folder, &[&["database", "copy", "--json"], to.as_slice()].concat());
    let copied: Value = serde_json::from_str(&copied).expect("JSON");
    let calls = copied["tables"].as_array().into_iter().flatten().find(|table| table["table"] == "call");
    assert_eq!(
        calls,
        Some(&json!({"table": "call", "rows": 2, "rows_in_copy": 1, "copied": 1, "differing": ["all rows"]}))
    );
    let same = printed(&folder, &[&["database", "verify"], to.as_slice()].concat());
    assert!(same.contains(" have the same "), "{same}");
}

#[tokio::test]
async fn the_server_goes_on_from_the_copy() {
    let mut company = Company::start().await;
    let copy = Database::fresh();
    let folder = company.server.directory().to_owned();
    miss_a_call(&company).await;
    company.server.kill();
    printed(&folder, &["database", "copy", "--to", copy.url()]);
    let left = company.server.database().url();
    moved(&folder.join("kontur-telephony.toml"), &left, copy.url());
    company.server.start().await;
    miss_a_call(&company).await;
    assert_eq!(company.journal().count(System::Kontur, "register-call"), 2);
    assert_eq!(Session::to(copy.url()).number("SELECT count(*) FROM call WHERE state = 'missed'"), 2);
    company.server.kill();
    let error = refused(&folder, &["database", "copy", "--from", &left]);
    assert!(error.contains("a server has served from the target since"), "{error}");
    let up_to_date = printed(&folder, &["database", "migrate", "--check"]);
    assert!(
        up_to_date.starts_with("postgres://127.0.0.1:") && up_to_date.ends_with(" is up to date\n"),
        "{up_to_date}"
    );
}

/// The configuration names another database.
fn moved(configuration: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(configuration).expect("a configuration");
    assert!(text.contains(from), "{text}");
    fs::write(configuration, text.replace(from, to)).expect("writes");
}

#[test]
fn a_backup_of_postgresql_can_be_restored() {
    let (folder, office, other) = (folder(), Database::fresh(), Database::fresh());
    printed(folder.path(), &["database", "migrate"]);
    printed(folder.path(), &["database", "copy", "--to", office.url()]);
    moved(&folder.path().join("kontur-telephony.toml"), "sqlite://office.db", office.url());
    let told = printed(folder.path(), &["database", "backup", "--to", "office.backup"]);
    assert!(told.contains("pg_restore") && !told.contains("password"), "{told}");
    let restored = Command::new("pg_restore")
        .args(["--no-owner", "--exit-on-error", "--dbname", other.url()])
        .arg(folder.path().join("office.backup"))
        .output()
        .expect("pg_restore runs");
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let same =
        printed(folder.path(), &["database", "verify", "--from", "sqlite://office.db", "--to", other.url()]);
    assert!(same.contains(" have the same "), "{same}");
    drop(office);
    let error = refused(folder.path(), &["database", "backup", "--to", "nothing.backup"]);
    assert!(error.contains("was not backed up: pg_dump: ") && !error.contains("password-of"), "{error}");
    assert!(!folder.path().join("nothing.backup").exists());
}
