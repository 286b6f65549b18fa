//! What may not stand in a log: secrets, access keys, full phone numbers.

use std::collections::BTreeSet;

use simulators::journal::{Entry, System};
use toml::{Table, Value};
use url::Url;

/// Keys of the configuration whose values open something.
const SECRET_KEYS: [&str; 11] = [
    "admin_token",
    "encryption_key",
    "api_key",
    "secret_key",
    "webhook_secret",
    "control_token",
    "token",
    "events_token",
    "secret",
    "password",
    "route_token",
];

/// Every secret of a configuration.
pub(super) fn secrets(configuration: &Table) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for (key, value) in configuration {
        collect(key, value, &mut secrets);
    }
    secrets
}

fn collect(key: &str, value: &Value, secrets: &mut BTreeSet<String>) {
    match value {
        Value::String(url) if key == "database_url" => secrets.extend(password(url)),
        Value::String(text) if SECRET_KEYS.contains(&key) => drop(secrets.insert(text.clone())),
        Value::Table(table) => table.iter().for_each(|(key, value)| collect(key, value, secrets)),
        Value::Array(values) => values.iter().for_each(|value| collect(key, value, secrets)),
        _ => {}
    }
}

/// The rest of the URL may be shown.
fn password(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.password()?.to_owned())
}

/// Every access key that was shown to Kontur or given out by it.
pub(super) fn access_keys(entries: &[Entry]) -> BTreeSet<String> {
    let kontur = entries.iter().filter(|entry| entry.system == System::Kontur);
    let shown = kontur.clone().filter_map(|entry| entry.headers.get("x-xcom-accesskey").cloned());
    let given = kontur.filter_map(|entry| entry.reply["accessKey"].as_str().map(str::to_owned));
    shown.chain(given).filter(|key| key.len() >= 8).collect()
}

/// The lines that hold one of `forbidden`, or a full phone number.
pub(super) fn lines<'a>(log: &'a str, forbidden: &BTreeSet<String>) -> Vec<&'a str> {
    let leaks = |line: &&str| forbidden.iter().any(|text| line.contains(text.as_str())) || has_phone(line);
    log.lines().filter(leaks).collect()
}

/// Whether a line holds a Russian number in full: bare digits, or grouped as people write it.
fn has_phone(line: &str) -> bool {
    let bare = line.split(|c: char| !c.is_ascii_digit()).any(|run| match run.len() {
        10 => run.starts_with('9'),
        11 => run.starts_with("79") || run.starts_with("89"),
        _ => false,
    });
    let grouped = line.match_indices("+7").any(|(at, _)| {
        let number = line[at + 1..].chars().take_while(|c| c.is_ascii_digit() || " -()".contains(*c));
        number.filter(char::is_ascii_digit).count() >= 11
    });
    bare || grouped
}

#[test]
fn a_leak_is_seen() {
    let forbidden = BTreeSet::from(["s3cret".to_owned()]);
    for line in ["key=s3cret", "phone 79997775533", "phone=+7 999 777-55-33", "to 9997775533"] {
        assert_eq!(lines(line, &forbidden), [line]);
    }
    for line in
        ["phone=…33", "2026-11-22T10:00:03.120456Z", "id=6838aaaa-0000-4000-8000-00000000ed82", "+7 …33"]
    {
        assert!(lines(line, &forbidden).is_empty(), "{line}");
    }
}
