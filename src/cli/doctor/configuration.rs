//! The configuration: its faults, and what is allowed but will not do in earnest.

use url::{Host, Url};

use super::check::{Check, Subject};
use crate::config::{Config, ConfigError, ConfigErrors, Place};

/// What is not looked at without a configuration.
const OTHERS: [&str; 6] = ["public_url", "database", "encryption_key", "listen", "clock", "integrations"];

/// Every fault by itself, and that nothing else could be looked at.
pub(super) fn faulty(errors: &ConfigErrors) -> Vec<Check> {
    let not_checked = |name| {
        Subject::new(name, "")
            .not_checked("the configuration cannot be used", "correct the configuration first")
    };
    errors.0.iter().map(fault).chain(OTHERS.map(not_checked)).collect()
}

/// A configuration without faults.
pub(super) fn good(file: &str, config: &Config) -> Check {
    let found = match config.integrations.len() {
        1 => "no faults; 1 integration".to_owned(),
        count => format!("no faults; {count} integrations"),
    };
    Subject::new("configuration", file).green(found)
}

/// Messages say what is wrong, then what to do.
fn fault(error: &ConfigError) -> Check {
    let (wrong, mend) = match error.message.split_once("; ") {
        Some((wrong, mend)) => (wrong, Some(mend)),
        None => (error.message.as_str(), None),
    };
    let (target, place) = place(&error.place);
    let key = &error.key;
    let found = if key.is_empty() { wrong.to_owned() } else { format!("{key}: {wrong}") };
    let verb = if wrong == "missing" { "add" } else { "correct" };
    let fix = match (key.is_empty(), mend) {
        (true, None) => format!("correct {place}"),
        (true, Some(mend)) => mend.to_owned(),
        (false, None) => format!("{verb} {key} ({place})"),
        (false, Some(mend)) => format!("{verb} {key} ({place}): {mend}"),
    };
    Subject::new("configuration", target).red(found, fix)
}

fn place(place: &Place) -> (String, String) {
    match place {
        Place::File(path, Some(line)) => {
            let path = path.display();
            (format!("{path}:{line}"), format!("{path}, line {line}"))
        }
        Place::File(path, None) => (path.display().to_string(), path.display().to_string()),
        Place::Variable(name) => (name.clone(), format!("environment variable {name}")),
    }
}

/// Whether others can reach the server by its public URL, as far as its form tells.
pub(super) fn public_url(config: &Config) -> Check {
    let Some(url) = &config.public_url else {
        let subject = Subject::new("public_url", "not set");
        let found = format!("Kontur would have to call http://{}", config.listen);
        return subject.yellow(found, "set public_url to the https URL under which this server is reached");
    };
    judge_public_url(url)
}

fn judge_public_url(url: &Url) -> Check {
    let subject = Subject::new("public_url", url.as_str().trim_end_matches('/'));
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => true,
    };
    if is_local {
        let fix = "set public_url to the URL under which Kontur and the providers reach this server";
        return subject.yellow("leads back to this machine: nobody else can call it", fix);
    }
    if url.scheme() != "https" {
        let fix = "put a reverse proxy with TLS before the server, and set public_url to its https URL";
        return subject.yellow("plain http: access keys and calls travel readable by anyone", fix);
    }
    if url.query().is_some() || url.fragment().is_some() {
        let fix = "set public_url to the URL without anything after ? or #";
        return subject.yellow("has a query or fragment, which no path can be added to", fix);
    }
    subject.green("https")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::check::State;
    use super::*;

    #[track_caller]
    fn check_fault(place: Place, key: &str, message: &str, expected: [&str; 3]) {
        let error = ConfigError { place, key: key.to_owned(), message: message.to_owned() };
        let check = fault(&error);
        let fix = check.fix.unwrap_or_default();
        assert_eq!([check.target.as_str(), check.found.as_str(), fix.as_str()], expected);
        assert_eq!(check.state, State::Red);
    }

    #[test]
    fn a_fault_names_its_place_and_its_key_and_the_fix_does_so_again() {
        let at = |line| Place::File(PathBuf::from("k.toml"), line);
        check_fault(
            at(Some(3)),
            "listen",
            "is \"x\"; expected IP:PORT",
            ["k.toml:3", "listen: is \"x\"", "correct listen (k.toml, line 3): expected IP:PORT"],
        );
        check_fault(
            at(Some(3)),
            "integration.api_key",
            "missing; expected the key",
            [
                "k.toml:3",
                "integration.api_key: missing",
                "add integration.api_key (k.toml, line 3): expected the key",
            ],
        );
        check_fault(
            at(None),
            "",
            "there is no such file; check --config",
            ["k.toml", "there is no such file", "check --config"],
        );
        check_fault(
            at(Some(2)),
            "",
            "not valid TOML: x",
            ["k.toml:2", "not valid TOML: x", "correct k.toml, line 2"],
        );
        check_fault(
            Place::Variable("V".to_owned()),
            "log.level",
            "is text",
            ["V", "log.level: is text", "correct log.level (environment variable V)"],
        );
    }

    #[track_caller]
    fn check_public_url(url: &str, expected: State) {
        assert_eq!(judge_public_url(&url.parse().unwrap()).state, expected, "{url}");
    }

    #[test]
    fn a_public_url_is_https_and_elsewhere() {
        check_public_url("https://telephony.example.ru", State::Green);
        check_public_url("https://example.ru/telephony/", State::Green);
        check_public_url("http://telephony.example.ru", State::Yellow);
        check_public_url("https://localhost:8080", State::Yellow);
        check_public_url("https://127.0.0.1", State::Yellow);
        check_public_url("https://[::1]", State::Yellow);
        check_public_url("https://example.ru/?a=b", State::Yellow);
    }
}
