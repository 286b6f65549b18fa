//! The README's table of commands is what `--help` lists.

use std::collections::BTreeSet;
use std::process::Command;

use super::page;
use crate::harness::binary;

/// The commands that the binary lists, without the one that clap adds.
fn listed() -> BTreeSet<String> {
    let help = Command::new(binary()).arg("--help").output().expect("the binary runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let (_, commands) = help.split_once("Commands:\n").expect("a list of commands");
    let lines = commands.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_is_in_the_table() {
    let readme = page::read("README.md");
    let rows = page::section(&readme, "Command line").lines().filter_map(|line| line.strip_prefix("| `"));
    let told = rows.filter_map(|row| row.split(['`', ' ']).next()).map(str::to_owned).collect();
    let listed = listed();
    assert!(listed.len() > 5, "the commands were not found");
    assert_eq!(listed, told);
}
