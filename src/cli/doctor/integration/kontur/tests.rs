//! What is said of each of Kontur's answers.

use serde_json::json;

use super::super::super::check::State;
use super::*;

const ID: &str = "6838aaaa-0000-4000-8000-00000000ed82";
const PUBLIC_URL: &str = "https://telephony.example.ru";

fn integration() -> Integration {
    let settings = json!({
        "workspace": "acme", "integration_id": ID, "kind": "private", "api_key": "k",
        "provider": {"kind": "generic", "webhook_secret": "whsec_AAAA"}
    });
    let settings = serde_json::from_value(settings).unwrap();
    Integration { settings, origin: Origin::File("k.toml".to_owned()) }
}

fn instance(status: &str, base_url: &str) -> Instance {
    serde_json::from_value(json!({"id": ID, "status": status, "baseUrl": base_url})).unwrap()
}

fn error(kind: RemoteErrorKind, status: Option<u16>) -> RemoteError {
    RemoteError { status, ..RemoteError::new(SYSTEM, "test", kind, "no") }
}

fn rows(facts: &Facts) -> Vec<Check> {
    judge(&integration(), &"https://crm.kontur.ru".parse().unwrap(), PUBLIC_URL, facts)
}

/// The row `name`, with good answers to all else.
fn row(name: &str, change: impl FnOnce(&mut Facts)) -> (State, String) {
    let instance = instance("active", "https://telephony.example.ru/kontur/acme");
    let mut facts =
        Facts { authorised: Ok(()), instance: Some(Ok(instance)), main_telephony: Some(Ok(Some(ID.into()))) };
    change(&mut facts);
    let row = rows(&facts).into_iter().find(|row| row.name == name).unwrap();
    (row.state, row.fix.unwrap_or_default())
}

#[track_caller]
fn check((state, fix): (State, String), expected: State, part: &str) {
    assert_eq!(state, expected, "{fix}");
    assert!(fix.contains(part), "{fix:?} has no {part:?}");
}

#[test]
fn refused_credentials_lead_to_their_key_and_hide_the_rest() {
    let name = "kontur authorisation";
    let refused = |facts: &mut Facts| {
        facts.authorised = Err(error(RemoteErrorKind::Unauthorized, Some(401)));
        facts.instance = None;
    };
    check(row(name, refused), State::Red, "integration.api_key of workspace acme in k.toml");
    check(row("kontur instance", refused), State::Yellow, "kontur authorisation");
    let answer = |kind, status| row(name, move |facts| facts.authorised = Err(error(kind, status)));
    check(answer(RemoteErrorKind::Unauthorized, Some(409)), State::Red, "install the integration");
    check(answer(RemoteErrorKind::Unreachable, None), State::Red, "kontur.api_url in k.toml");
    check(answer(RemoteErrorKind::Malformed, Some(200)), State::Red, "kontur.api_url");
    check(answer(RemoteErrorKind::RateLimited, Some(429)), State::Yellow, "a minute");
    check(answer(RemoteErrorKind::Unavailable, Some(503)), State::Red, "wait");
}

#[test]
fn the_instance_is_ours_and_works() {
    let name = "kontur instance";
    let with = |status| row(name, move |facts| facts.instance = Some(Ok(instance(status, ""))));
    check(with("active"), State::Green, "");
    check(with("notConfigured"), State::Yellow, "press Setup");
    check(with("paused"), State::Yellow, "resume");
    check(with("hasErrors"), State::Yellow, "/admin/v1/integrations/acme/status");
    check(with("failed"), State::Red, "press Setup");
    let refused = |kind| row(name, move |facts| facts.instance = Some(Err(error(kind, Some(409)))));
    check(refused(RemoteErrorKind::NotFound), State::Red, "integration.integration_id");
    check(refused(RemoteErrorKind::Unauthorized), State::Red, "integration.workspace");
}

#[test]
fn kontur_calls_this_server() {
    for (base_url, state) in [
        ("https://telephony.example.ru/kontur/acme", State::Green),
        ("https://telephony.example.ru/kontur/acme/", State::Green),
        ("https://telephony.example.ru/kontur", State::Green),
        ("https://telephony.example.ru/kontur/other", State::Red),
        ("https://other.example.ru/kontur/acme", State::Red),
        ("", State::Red),
    ] {
        let answer = row("kontur base_url", |facts| facts.instance = Some(Ok(instance("active", base_url))));
        check(
            answer,
            state,
            if state == State::Red { "https://telephony.example.ru/kontur/acme" } else { "" },
        );
    }
}

#[test]
fn another_main_telephony_is_worth_a_look() {
    let name = "kontur main telephony";
    let with = |answer| row(name, |facts| facts.main_telephony = Some(answer));
    check(with(Ok(Some(ID.to_uppercase().into()))), State::Green, "");
    check(with(Ok(None)), State::Green, "");
    check(with(Ok(Some("another".into()))), State::Yellow, "choose this integration");
    check(with(Err(error(RemoteErrorKind::Unavailable, Some(503)))), State::Yellow, "main telephony");
}
