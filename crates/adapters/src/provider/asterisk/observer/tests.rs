//! On streams that real ones sent, of both versions (crates/adapters/tests/asterisk).

mod any_stream;
mod listing;
mod scenarios;

use std::fmt::Write as _;
use std::path::Path;

use domain::call::event::{Happening, LegChange, Party};
use domain::phone::Country;

use super::*;
use crate::provider::asterisk::ami::frame::Decoder;

fn rules() -> Rules {
    let settings = serde_json::json!({
        "ami": {"address": "127.0.0.1:5038", "username": "kontur", "secret": "s"},
        "trunks": ["PJSIP/trunk"],
    });
    Rules::new(&serde_json::from_value(settings).unwrap(), Country::RU).unwrap()
}

fn messages(version: &str, scenario: &str) -> Vec<Message> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/asterisk/{version}/{scenario}.ami"));
    let mut decoder = Decoder::default();
    decoder.feed(&std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    let mut messages = Vec::new();
    while let Some(message) = decoder.message().unwrap() {
        messages.push(message);
    }
    messages
}

/// What an observer makes of a stream.
fn observed(messages: &[Message]) -> Vec<CallEvent> {
    let mut observer = Observer::new(rules());
    observer.expect("kontur-click-1", Phone::from_stored("79990001122"));
    let events =
        messages.iter().flat_map(|message| observer.take(message, Timestamp::from_micros(1))).collect();
    assert!(
        observer.channels.is_empty() && observer.calls.is_empty() && observer.merged.is_empty(),
        "{observer:?}"
    );
    events
}

fn party(party: Option<&Party>) -> String {
    match party {
        Some(Party::Client) => "client".to_owned(),
        Some(Party::User { extension }) => extension.to_string(),
        None => "?".to_owned(),
    }
}

/// Events in short: calls are numbered as they come, legs are named by their channels' endpoints.
fn shown(events: &[CallEvent]) -> String {
    let mut calls: Vec<&str> = Vec::new();
    let mut text = String::new();
    for event in events {
        if !calls.contains(&event.call.as_str()) {
            calls.push(event.call.as_str());
        }
        let call = calls.iter().position(|call| *call == event.call.as_str()).unwrap() + 1;
        let word = event.happening.word();
        let rest = match &event.happening {
            Happening::Leg(leg) => {
                let why = if let LegChange::Ended(Some(reason)) = leg.change {
                    format!(" {}", reason.word())
                } else {
                    String::new()
                };
                format!(" {}→{}{why}", party(leg.from.as_ref()), party(leg.to.as_ref()))
            }
            Happening::CallStarted => {
                let direction = event.direction.map_or("?", Direction::word);
                let phone = |phone: &Option<Phone>| {
                    phone.as_ref().map_or("?".to_owned(), |phone| phone.as_str().to_owned())
                };
                format!(" {direction} {} {}", phone(&event.client_phone), phone(&event.vats_phone))
            }
            Happening::CallFailed(reason) => {
                reason.map(|reason| format!(" {}", reason.word())).unwrap_or_default()
            }
            _ => String::new(),
        };
        writeln!(text, "{call} {word}{rest}").unwrap();
    }
    text
}

/// What both versions tell. In which order channels hang up, or stop to ring, is chance: legs are told in any order, each
/// in its own.
#[track_caller]
fn check(scenario: &str, expected: &str) {
    for version in ["22", "16"] {
        let shown = shown(&observed(&messages(version, scenario)));
        let lines = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(|line| line.trim().to_owned()).collect();
            lines.sort_by_key(|line| (order(line), line.clone()));
            lines.join("\n")
        };
        assert_eq!(lines(&shown), lines(expected.trim()), "{scenario} on {version}:\n{shown}");
    }
}

/// Calls begin before their legs, and end after them.
fn order(line: &str) -> u8 {
    match line.split(' ').nth(1) {
        Some("call.started") => 0,
        Some("leg.ringing") => 1,
        Some("leg.answered") => 2,
        Some("leg.held") => 3,
        Some("leg.resumed") => 4,
        Some("leg.ended") => 5,
        _ => 6,
    }
}
