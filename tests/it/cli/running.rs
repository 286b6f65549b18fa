//! Commands that have something done by the running server.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use super::text;
use crate::harness::{Company, binary};
use crate::sync::past_call;

/// Runs the binary beside the company; the simulated systems go on meanwhile.
async fn run(company: &Company, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(company.server.directory());
    tokio::task::spawn_blocking(move || command.output().expect("the binary starts")).await.expect("runs")
}

/// What a command prints that succeeds.
async fn printed(company: &Company, arguments: &[&str]) -> String {
    let output = run(company, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Why a command fails.
async fn refused(company: &Company, arguments: &[&str], code: i32) -> String {
    let output = run(company, arguments).await;
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

/// Interrupts a command as soon as it says something; gives its exit code and the errors that follow.
fn interrupted(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(directory).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut errors = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    errors.read_line(&mut line).expect("a line");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success(), "after {line:?}");
    let mut rest = String::new();
    errors.read_to_string(&mut rest).expect("text");
    (child.wait().expect("ends").code(), rest)
}

#[tokio::test]
async fn activate_sets_up() {
    let mut company = Company::plan().not_set_up().start().await;
    assert_eq!(printed(&company, &["activate", WORKSPACE]).await.trim(), "sandbox is active");
    assert_eq!(company.admin().status_word().await, "active");
    let error = refused(&company, &["activate", "nobody"], 1).await;
    assert!(error.contains("no integration"), "{error}");
    company.server.kill();
    let error = refused(&company, &["activate", WORKSPACE], 1).await;
    assert!(error.contains("serve"), "{error}");
}

#[tokio::test]
async fn sync_reads_the_history_and_shows_how_far_it_is() {
    let company = Company::start().await;
    (1..=3).for_each(|n| company.sandbox.pbx.import(past_call(&format!("past-{n}"), n)));
    let output = run(&company, &["sync", WORKSPACE]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let answer = text(&output.stdout);
    assert!(answer.ends_with("of sandbox is done: 3 calls seen, 3 added\n"), "{answer}");
    let progress = text(&output.stderr);
    assert!(progress.lines().all(|line| line.contains(" %, ")), "lines, since nobody looks: {progress}");
    assert!(progress.ends_with("100 %, 3 calls seen, 3 added\n"), "{progress}");
    company.settle().await;
    let run: Value =
        serde_json::from_str(&printed(&company, &["sync", WORKSPACE, "--json"]).await).expect("JSON");
    assert_eq!((&run["state"], &run["seen"], &run["added"]), (&json!("done"), &json!(3), &json!(0)), "{run}");
}

#[tokio::test]
async fn a_date_is_a_day_of_the_workspace() {
    let company = Company::start().await;
    let span = ["--from", "2026-11-01", "--to", "2026-11-02T12:00:00+05:00", "--calls-per-minute", "600"];
    let arguments = [&["sync", WORKSPACE, "--json"], span.as_slice()].concat();
    let run: Value = serde_json::from_str(&printed(&company, &arguments).await).expect("JSON");
    assert_eq!(
        (&run["from"], &run["to"], &run["calls_per_minute"]),
        (&json!("2026-10-31T21:00:00+00:00"), &json!("2026-11-02T07:00:00+00:00"), &json!(600)),
        "{run}"
    );
}

#[tokio::test]
async fn a_span_that_is_none_is_refused() {
    let company = Company::start().await;
    for (arguments, code, why) in [
        (["--from", "yesterday"].as_slice(), 2, "a date such as"),
        (&["--from", "2026-11-22T10:00:00"], 2, "with its offset"),
        (&["--to", "2026-11-22"], 2, "--from"),
        (&["--from", "2026-11-22", "--calls-per-minute", "0"], 1, "is not from 1 to 1000000"),
        (&["--from", "2026-11-22", "--to", "2026-11-21"], 1, "from has to be before to"),
    ] {
        let error = refused(&company, &[&["sync", WORKSPACE], arguments].concat(), code).await;
        assert!(error.contains(why), "{arguments:?}: {error}");
    }
    let error = refused(&company, &["sync", "nobody", "--from", "2026-11-22"], 1).await;
    assert!(error.contains("no integration"), "{error}");
}

#[tokio::test]
async fn a_sync_that_fails_says_why() {
    let company = Company::start().await;
    company.sandbox.pbx.faults().set(Fault::always(FaultKind::status(500)).on("calls/list"));
    let error = refused(&company, &["sync", WORKSPACE], 1).await;
    assert!(error.contains("failed") && error.contains("500"), "{error}");
}

/// The run is the server's: who stops looking does not stop it.
#[tokio::test]
async fn who_stops_looking_is_told_how_to_look_again() {
    let company = Company::start().await;
    let slow = FaultKind::delay(Duration::from_secs(1));
    let asked = company.journal().count(System::Pbx, "calls/list");
    company.sandbox.pbx.faults().set(Fault::times(slow, 1).on("calls/list"));
    company.sandbox.pbx.import(past_call("past-1", 5));
    let directory = company.server.directory().to_owned();
    let interrupted = tokio::task::spawn_blocking(move || interrupted(&directory, &["sync", WORKSPACE]));
    let (code, error) = interrupted.await.expect("runs");
    assert_eq!(code, Some(1), "{error}");
    let (_, again) = error.split_once("kontur-telephony ").expect("the command to look again");
    let again: Vec<&str> = again.lines().next().expect("a line").split(' ').collect();
    let answer = printed(&company, &again).await;
    assert!(answer.ends_with("is done: 1 calls seen, 1 added\n"), "{answer}");
    assert_eq!(company.journal().count(System::Pbx, "calls/list"), asked + 1, "no other run was begun");
    company.settle().await;
}

#[tokio::test]
async fn replay_sends_dead_letters_again() {
    let company = Company::plan().set("retry.give_up_after_sec", 0).start().await;
    company.sandbox.kontur.faults().set(Fault::times(FaultKind::status(503), 1).on("register-call"));
    company.telephony().tell(&trace(Kind::Answered, 1)).await;
    company.settle().await;
    let to_metabot = ["replay", WORKSPACE, "--destination", "metabot"];
    assert_eq!(printed(&company, &to_metabot).await, "0 deliveries are sent again\n");
    assert_eq!(
        printed(&company, &["replay", WORKSPACE, "--to", "2026-01-01"]).await,
        "0 deliveries are sent again\n"
    );
    assert_eq!(printed(&company, &["replay", WORKSPACE, "--json"]).await, "{\"replayed\":1}\n");
    company.settle().await;
    assert_eq!(company.kontur().story("trace-1").last().map(String::as_str), Some("register-call"));
    let error = refused(&company, &["replay", WORKSPACE, "--state", "lost"], 1).await;
    assert!(error.contains("state"), "{error}");
}

#[tokio::test]
async fn reconcile_shows_what_differs_and_repairs_it() {
    let company = Company::start().await;
    (1..=3).for_each(|n| company.sandbox.pbx.import(past_call(&format!("past-{n}"), n)));
    printed(&company, &["sync", WORKSPACE]).await;
    company.settle().await;
    let from = yesterday();
    let whole = printed(&company, &["reconcile", WORKSPACE, "--from", &from]).await;
    assert!(whole.starts_with("DAY") && whole.ends_with("no differences\n"), "{whole}");
    company.sandbox.kontur.delete_communication_of(WORKSPACE, "past-2").expect("it is there");
    let span = ["reconcile", WORKSPACE, "--from", &from];
    let error = refused(&company, &span, 1).await;
    assert!(error.contains("1 differences can be repaired; run the same with --repair"), "{error}");
    let repaired = printed(&company, &[&span[..], &["--repair"]].concat()).await;
    assert!(repaired.contains("1 deleted_in_kontur") && repaired.contains("past-2"), "{repaired}");
    assert!(repaired.ends_with("0 sent again, 1 registered again in Kontur\n"), "{repaired}");
    company.settle().await;
    let json = printed(&company, &[&span[..], &["--repair", "--json"]].concat()).await;
    let found: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&found["differences"], &found["repair"]["restored"]), (&json!([]), &json!(0)), "{found}");
    let error = refused(&company, &["reconcile", "nobody", "--from", &from], 1).await;
    assert!(error.contains("no integration"), "{error}");
}

/// A day by the clocks of the workspace, whatever the test's own are.
fn yesterday() -> String {
    (simulators::clock::now() - chrono::Duration::days(2)).date_naive().to_string()
}
