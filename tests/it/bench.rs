//! Every bench runs, and says what it found as a script reads it. How fast anything is does not matter here.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::harness::binary;

/// The benches with what makes them others, and the figures that each prints.
const BENCHES: &[(&str, &[&str])] = &[
    ("ingest", &["ingest", "ingest-cpu", "ingest-p99"]),
    ("group-commit", &["group-commit"]),
    ("deliver", &["deliver", "deliver-saturated"]),
    ("end-to-end", &["end-to-end", "end-to-end-bare"]),
    ("sync", &["sync"]),
    ("growth", &["growth", "growth-start"]),
    ("growth --postgres", &["postgres-growth", "postgres-growth-start"]),
    ("latency", &["latency-p50", "latency-p99"]),
    ("postgres", &["postgres-64", "postgres-256", "postgres-replicas", "postgres-svix"]),
    ("memory", &["memory-idle", "memory-loaded", "memory-open-calls", "memory-workspaces", "memory-import"]),
    (
        "neighbours",
        &[
            "neighbours-workspace-hangs",
            "neighbours-workspace-refuses",
            "neighbours-workspace-cuts",
            "neighbours-destination-hangs",
            "neighbours-destination-refuses",
            "neighbours-destination-down",
        ],
    ),
];

/// Runs a bench for a blink.
#[track_caller]
fn check(bench: &str) {
    check_with(bench, &[]);
}

/// The same, of a bench that has more to be made small.
#[track_caller]
fn check_with(bench: &str, smaller: &[&str]) {
    let words: Vec<&str> = bench.split(' ').collect();
    let arguments = [&["bench"], &words[..], &["--json", "--rounds=1", "--seconds=0.1"], smaller].concat();
    let (_, figures) = BENCHES.iter().find(|(name, _)| *name == bench).expect("one of the benches");
    let printed = run(&arguments);
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let names: Vec<&str> = lines.iter().filter_map(|line| line["name"].as_str()).collect();
    assert_eq!(names, *figures);
    for line in &lines {
        assert!(line["ratio"].is_f64() && line["goal"].is_f64() && line["met"].is_boolean(), "{line}");
        let rounds = line["rounds"].as_array().expect("rounds");
        assert_eq!(rounds.len(), 1, "the round that warms up is not counted: {line}");
        let measured = |side: &Value| side.as_f64().is_some_and(|side| side > 0.0);
        assert!(
            rounds.iter().all(|round| measured(&round["ours"]) && measured(&round["reference"])),
            "{line}"
        );
    }
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(binary()).args(arguments).output().expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn ingest() {
    check("ingest");
}

#[test]
fn group_commit() {
    check("group-commit");
}

#[test]
fn deliver() {
    check("deliver");
}

#[test]
fn end_to_end() {
    check("end-to-end");
}

#[test]
fn sync() {
    check_with("sync", &["--calls=500"]);
}

#[test]
fn growth() {
    check_with("growth", &["--calls=2000"]);
}

#[test]
fn memory() {
    check_with("memory", &["--open-calls=100", "--workspaces=10", "--calls=500"]);
}

#[test]
fn latency() {
    check("latency");
}

#[test]
fn neighbours() {
    check("neighbours");
}

mod real_postgres {
    #[test]
    fn postgres() {
        super::check("postgres");
    }

    #[test]
    fn growth() {
        super::check_with("growth --postgres", &["--calls=2000"]);
    }
}

#[test]
fn people_get_a_table() {
    let table = run(&["bench", "group-commit", "--rounds=1", "--seconds=0.1"]);
    assert!(table.starts_with("group-commit, events/s\n"), "{table}");
    assert!(table.contains("goal ≥ 8 "), "{table}");
}

#[test]
fn none_is_forgotten_here() {
    let help = run(&["bench", "--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names =
        commands.take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    let shown: BTreeSet<&str> = names.filter(|name| *name != "help").collect();
    let checked = BENCHES.iter().filter_map(|(name, _)| name.split(' ').next());
    assert_eq!(shown, checked.collect());
}
