//! The programs on the page of the generic PBX, each run as it stands there against a server.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::page;
use crate::harness::Company;

const PAGE: &str = "docs/providers/generic.md";

/// The language of the block, the interpreter with what it takes, and the file it is saved as.
const PROGRAMS: [(&str, &str, &str); 3] =
    [("sh", "bash", "send.sh"), ("python", "python3", "send.py"), ("js", "node", "send.mjs")];

/// The sample event of the page.
fn event() -> Value {
    let page = page::read(PAGE);
    let blocks = page::blocks(page::section(&page, "Events"));
    let sample = blocks.iter().find(|block| block.language == "json").expect("a sample event");
    serde_json::from_str(&sample.text).expect("the sample is JSON")
}

/// Sends `body` with the page's program; gives what it printed.
fn send(company: &Company, (language, interpreter, name): (&str, &str, &str), body: &str) -> String {
    let page = page::read(PAGE);
    let blocks = page::blocks(page::section(&page, "Signing"));
    let program = blocks.iter().find(|block| block.language == language).expect("a program of the language");
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join(name), &program.text).expect("the program can be written");
    let mut child = Command::new(interpreter)
        .arg(name)
        .current_dir(folder.path())
        .env("WEBHOOK_URL", format!("{}/telephony/sandbox/generic", company.server.url()))
        .env("WEBHOOK_SECRET", &company.sandbox.pbx.options().send.secret)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{interpreter} cannot be run: {error}; ./scripts/test installs it"));
    child.stdin.take().expect("a pipe").write_all(body.as_bytes()).expect("the program reads the body");
    let ended = child.wait_with_output().expect("the program ends");
    assert!(ended.status.success(), "{name} ended with {}", ended.status);
    String::from_utf8(ended.stdout).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_program_of_the_page_is_let_in() {
    let company = Company::start().await;
    for program in PROGRAMS {
        let mut event = event();
        event["id"] = program.2.into();
        event["type"] = "call.started".into();
        let seen = send(&company, program, &event.to_string());
        assert_eq!(seen.trim(), r#"{"accepted":1,"duplicates":0}"#, "{}", program.2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_event_is_taken() {
    let company = Company::start().await;
    let seen = send(&company, PROGRAMS[0], &event().to_string());
    assert_eq!(seen.trim(), r#"{"accepted":1,"duplicates":0}"#);
}
