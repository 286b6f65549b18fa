//! The README's first call, typed word for word into one shell, and compared with what the README says one sees.
//!
//! The ports that it names are taken literally: the shell runs in a network namespace of its own, where every port is
//! free. Where namespaces are not allowed the ports have to be free on this machine.

use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use super::page::{self, Block};
use crate::harness::binary;

const HEADING: &str = "A first real call with `serve` and curl";

/// Ports that the section names.
const PORTS: [u16; 3] = [8080, 8090, 8091];

/// The whole section takes seconds; what takes longer hangs.
const WITHIN: &str = "90";

/// Printed between two steps; no output holds it.
const SEPARATOR: &str = "\u{1e}";

/// What is typed, and what is seen then.
struct Step {
    typed: String,
    shown: String,
}

/// A block of commands with the block of output that follows it, if there is one.
fn steps(blocks: Vec<Block>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for Block { language, text } in blocks {
        match (language.as_str(), steps.last_mut()) {
            ("sh", _) => steps.push(Step { typed: text, shown: String::new() }),
            ("text" | "json", Some(step)) if step.shown.is_empty() => step.shown = text,
            (other, _) => panic!("a block of {other:?} where nothing was typed:\n{text}"),
        }
    }
    steps
}

/// All steps as one script. Whatever still runs at the end is ended.
fn script(steps: &[Step]) -> String {
    let typed = steps.iter().map(|step| format!("{}printf '{SEPARATOR}'\n", step.typed));
    let begin = "exec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n".to_owned();
    typed.fold(begin, |script, step| script + &step)
}

/// Namespaces of network and processes, so that ports are free and nothing outlives the shell; with the least that has
/// to be allowed first.
const NAMESPACES: [&[&str]; 2] = [
    &["--net", "--pid", "--fork", "--kill-child"],
    &["--map-root-user", "--net", "--pid", "--fork", "--kill-child"],
];

const RAISE_LOOPBACK: &str = "ip link set lo up";

/// A shell that runs `script.sh` where the ports are free.
fn shell() -> Command {
    let allowed = NAMESPACES.iter().find(|options| {
        let tried = Command::new("unshare").args(**options).args(["sh", "-c", RAISE_LOOPBACK]).output();
        tried.is_ok_and(|tried| tried.status.success())
    });
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", WITHIN]);
    if let Some(options) = allowed {
        let inside = format!("{RAISE_LOOPBACK} && exec bash script.sh");
        command.arg("unshare").args(*options).args(["bash", "-c", &inside]);
    } else {
        let taken = PORTS.into_iter().filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_err());
        let taken: Vec<_> = taken.collect();
        assert!(
            taken.is_empty(),
            "the README's ports {taken:?} are taken, and network namespaces are not allowed here: end what listens \
             there, or run the tests as root with iproute2 installed"
        );
        command.args(["bash", "script.sh"]);
    }
    command
}

/// Runs the script in `folder`; gives what was seen after each step.
fn run(folder: &Path, steps: &[Step]) -> Vec<String> {
    let release = folder.join("target/release");
    std::fs::create_dir_all(&release).expect("a folder");
    symlink(binary(), release.join("kontur-telephony")).expect("a link to the binary");
    std::fs::write(folder.join("script.sh"), script(steps)).expect("the script can be written");
    let path = std::env::var_os("PATH").expect("a PATH");
    let ran = shell().current_dir(folder).env_clear().env("PATH", path).stdin(Stdio::null()).output();
    let ran = ran.expect("timeout and bash are installed");
    let seen = String::from_utf8_lossy(&ran.stdout).into_owned();
    let parts: Vec<String> = seen.split(SEPARATOR).map(str::to_owned).collect();
    assert_eq!(
        parts.len(),
        steps.len() + 1,
        "the walk-through broke off ({}) after:\n{seen}\n{}\n{}",
        ran.status,
        String::from_utf8_lossy(&ran.stderr),
        logs(folder),
    );
    parts
}

fn logs(folder: &Path) -> String {
    let read = |name: &str| std::fs::read_to_string(folder.join("first-call").join(name)).unwrap_or_default();
    format!("--- systems.log\n{}\n--- server.log\n{}", read("systems.log"), read("server.log"))
}

/// Ids and times are of the moment: each GUID and each time is as good as another.
fn normalised(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '+');
    let mut normalised = String::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        normalised.push_str(match word {
            _ if uuid::Uuid::try_parse(word).is_ok() => "GUID",
            _ if chrono::DateTime::parse_from_rfc3339(word).is_ok() => "TIME",
            _ => word,
        });
        let length = after.find(is_part).unwrap_or(after.len());
        let (between, after) = after.split_at(length);
        normalised.push_str(between);
        rest = after;
    }
    normalised
}

#[test]
fn the_first_call_goes_as_the_readme_says() {
    let readme = page::read("README.md");
    let steps = steps(page::blocks(page::section(&readme, HEADING)));
    assert!(steps.len() > 5, "the steps were not found");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let seen = run(folder.path(), &steps);
    for (step, seen) in steps.iter().zip(&seen) {
        assert_eq!(
            normalised(seen),
            normalised(&step.shown),
            "after typing:\n{}\nthe README shows:\n{}\nbut one sees:\n{seen}\n{}",
            step.typed,
            step.shown,
            logs(folder.path())
        );
    }
}

#[test]
fn the_section_names_no_other_ports() {
    let readme = page::read("README.md");
    let section = page::section(&readme, HEADING);
    let named = section.split("127.0.0.1:").skip(1).map(|rest| rest.chars().take_while(char::is_ascii_digit));
    for port in named.map(|digits| digits.collect::<String>().parse::<u16>().expect("a port")) {
        assert!(PORTS.contains(&port), "{port} is not among {PORTS:?}");
    }
}

#[test]
fn only_ids_and_times_are_of_the_moment() {
    let (one, other) = (
        r#"{"id":"6838aaaa-0000-4000-8000-00000000ed82","at":"2026-11-22T10:00:03.120+03:00","n":1}"#,
        r#"{"id":"44d00000-0000-4000-8000-000000000101","at":"2026-11-22T07:00:00Z","n":1}"#,
    );
    assert_eq!(normalised(one), normalised(other));
    assert_ne!(normalised(one), normalised(&other.replace(r#""n":1"#, r#""n":2"#)));
}
