//! The database is brought up to date, backed up, copied and compared.

mod real_postgres;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{run, text};
use crate::harness::Company;

/// A folder with a configuration whose database is not there yet.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    let configuration =
        "admin_token = \"t0ken-of-the-administrators\"\ndatabase_url = \"sqlite://office.db\"\n";
    fs::write(folder.path().join("kontur-telephony.toml"), configuration).expect("writes");
    folder
}

/// What a command prints that succeeds.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Why a command fails.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn migrate_brings_the_database_up_to_date_or_says_what_it_would_do() {
    let folder = folder();
    let error = refused(folder.path(), &["database", "migrate", "--check"]);
    assert!(error.contains("sqlite://office.db lacks 0001_first"), "{error}");
    assert!(!folder.path().join("office.db").exists(), "it only looked");
    let applied = printed(folder.path(), &["database", "migrate"]);
    assert!(applied.ends_with("applied 0001_first\n"), "{applied}");
    for arguments in [["database", "migrate"].as_slice(), &["database", "migrate", "--check"]] {
        assert_eq!(printed(folder.path(), arguments), "sqlite://office.db is up to date\n");
    }
}

#[tokio::test]
async fn backup_writes_what_there_is_while_the_server_goes_on() {
    let company = Company::start().await;
    let call = company.sandbox.pbx.ring_in(crate::harness::CLIENT, crate::harness::VATS, &["101"]);
    company.sandbox.pbx.hang_up(&call).expect("rings");
    company.settle().await;
    let folder = company.server.directory();
    let told = printed(folder, &["database", "backup", "--to", "backup.db"]);
    assert!(told.contains("was backed up to backup.db (") && told.contains("To put it back: stop"), "{told}");
    let backup = folder.join("backup.db");
    let calls = Connection::open(&backup).and_then(|backup| {
        backup.query_row("SELECT COUNT(*) FROM call WHERE state <> 'active'", [], |row| row.get::<_, i64>(0))
    });
    assert_eq!(calls, Ok(1));
    assert_eq!(fs::metadata(&backup).expect("a file").permissions().mode() & 0o777, 0o600);
    let before = fs::read(&backup).expect("a file");
    let error = refused(folder, &["database", "backup", "--to", "backup.db"]);
    assert!(error.contains("backup.db is there already"), "{error}");
    assert!(before == fs::read(&backup).expect("a file"), "it is as it was");
}

#[test]
fn a_backup_of_nothing_leaves_nothing() {
    let folder = folder();
    let error = refused(folder.path(), &["database", "backup", "--to", "backup.db"]);
    assert!(error.contains("sqlite://office.db was not backed up"), "{error}");
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "the configuration alone");
}

#[test]
fn what_cannot_be_copied_is_refused_without_the_password() {
    let folder = folder();
    printed(folder.path(), &["database", "migrate"]);
    for (arguments, why) in [
        ([].as_slice(), "--to is missing"),
        (&["--to", "sqlite://other.db"], "the copy has to be in PostgreSQL"),
        (
            &["--from", "postgres://me:hush@127.0.0.1:1/x", "--to", "postgres://me:hush@127.0.0.1:1/x"],
            "has to be a SQLite",
        ),
        (&["--to", "postgres://me:hush@127.0.0.1:port/x"], "--to: expected sqlite://"),
        (&["--to", "me:hush@127.0.0.1"], "--to: expected sqlite://"),
        (&["--to", "postgres://me:hush@127.0.0.1:1/x"], "postgres://127.0.0.1:1/x"),
    ] {
        for command in ["copy", "verify"] {
            let error = refused(folder.path(), &[&["database", command], arguments].concat());
            assert!(error.contains(why), "{arguments:?}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
