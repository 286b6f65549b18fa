//! On streams that real ones sent, of both versions (crates/adapters/tests/asterisk).

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

#[test]
fn click_to_call() {
    check(
        "click_to_call",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn click_to_call_auto_answer() {
    check(
        "click_to_call_auto_answer",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn click_to_call_client_busy() {
    check(
        "click_to_call_client_busy",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.ended 101→client busy
         1 call.finished",
    );
}

#[test]
fn click_to_call_client_no_answer() {
    check(
        "click_to_call_client_no_answer",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.ended 101→client cancelled
         1 call.finished",
    );
}

#[test]
fn click_to_call_employee_busy() {
    check(
        "click_to_call_employee_busy",
        "1 call.started outbound 79990001122 ?
         1 call.failed busy",
    );
}

#[test]
fn click_to_call_local() {
    check(
        "click_to_call_local",
        "1 call.started outbound 79990001122 ?
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn click_to_call_no_such_phone() {
    check(
        "click_to_call_no_such_phone",
        "1 call.started outbound 79990001122 ?
         1 call.failed unreachable",
    );
}

#[test]
fn click_to_call_not_picked_up() {
    check(
        "click_to_call_not_picked_up",
        "1 call.started outbound 79990001122 ?
         1 call.failed no_answer",
    );
}

#[test]
fn forwarded() {
    check(
        "forwarded",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 leg.ringing client→102
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn forwarded_outside() {
    check(
        "forwarded_outside",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 leg.ringing client→client
         1 leg.answered client→client
         1 leg.ended client→client
         1 call.finished",
    );
}

#[test]
fn hold() {
    check(
        "hold",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.held client→101
         1 leg.resumed client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn hung_up_by_ami() {
    check(
        "hung_up_by_ami",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn inbound_answered() {
    check(
        "inbound_answered",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn inbound_answered_employee_hangs_up() {
    check(
        "inbound_answered_employee_hangs_up",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.ended client→101
         1 call.finished",
    );
}

#[test]
fn inbound_busy() {
    check(
        "inbound_busy",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 busy
         1 call.finished",
    );
}

#[test]
fn inbound_missed() {
    check(
        "inbound_missed",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 call.finished",
    );
}

#[test]
fn inbound_not_answered() {
    check(
        "inbound_not_answered",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 no_answer
         1 call.finished",
    );
}

#[test]
fn inbound_phone_unreachable() {
    check(
        "inbound_phone_unreachable",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 call.finished",
    );
}

#[test]
fn internal() {
    check(
        "internal",
        "1 call.started internal ? ?
         1 leg.ringing 101→102
         1 leg.answered 101→102
         1 leg.ended 101→102
         1 call.finished",
    );
}

#[test]
fn ivr_queue() {
    check(
        "ivr_queue",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn outbound_answered() {
    check(
        "outbound_answered",
        "1 call.started outbound 79990001122 74950000001
         1 leg.ringing 101→client
         1 leg.answered 101→client
         1 leg.ended 101→client
         1 call.finished",
    );
}

#[test]
fn outbound_busy() {
    check(
        "outbound_busy",
        "1 call.started outbound 79990001122 74950000001
         1 leg.ringing 101→client
         1 leg.ended 101→client busy
         1 call.finished",
    );
}

#[test]
fn outbound_no_answer() {
    check(
        "outbound_no_answer",
        "1 call.started outbound 79990001122 74950000001
         1 leg.ringing 101→client
         1 leg.ended 101→client cancelled
         1 call.finished",
    );
}

#[test]
fn overlapping() {
    check(
        "overlapping",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         2 call.started inbound 79990001122 74950000001
         2 leg.ringing client→101
         2 leg.answered client→101
         1 leg.ended client→101
         1 call.finished
         2 leg.ended client→101
         2 call.finished",
    );
}

#[test]
fn picked_up() {
    check(
        "picked_up",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.ended client→101
         1 leg.ringing client→103
         1 leg.answered client→103
         1 leg.ended client→103
         1 call.finished",
    );
}

#[test]
fn picked_up_from_queue() {
    check(
        "picked_up_from_queue",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→102 cancelled
         1 leg.ended client→103 cancelled
         1 leg.ended client→101
         1 leg.ringing client→104
         1 leg.answered client→104
         1 leg.ended client→104
         1 call.finished",
    );
}

#[test]
fn queue_abandoned() {
    check(
        "queue_abandoned",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 leg.ended client→102 cancelled
         1 call.finished",
    );
}

#[test]
fn queue_local() {
    check(
        "queue_local",
        "1 call.started inbound 79990001122 74950000004
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn queue_two_busy() {
    check(
        "queue_two_busy",
        "1 call.started inbound 79990001122 74950000003
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→102 busy
         1 leg.ended client→101 busy
         1 leg.answered client→103
         1 leg.ended client→103
         1 call.finished",
    );
}

#[test]
fn ring_group() {
    check(
        "ring_group",
        "1 call.started inbound 79990001122 74950000002
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→103 cancelled
         1 leg.ended client→101 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn ring_group_local() {
    check(
        "ring_group_local",
        "1 call.started inbound 79990001122 74950000005
         1 leg.ringing client→102
         1 leg.ringing client→101
         1 leg.ended client→101 cancelled
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn ring_group_missed() {
    check(
        "ring_group_missed",
        "1 call.started inbound 79990001122 74950000002
         1 leg.ringing client→101
         1 leg.ringing client→102
         1 leg.ringing client→103
         1 leg.ended client→102 busy
         1 leg.ended client→101 cancelled
         1 leg.ended client→103 cancelled
         1 call.finished",
    );
}

#[test]
fn transfer_attended() {
    check(
        "transfer_attended",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.held client→101
         2 call.started internal ? ?
         2 leg.ringing 101→102
         2 leg.answered 101→102
         1 leg.resumed client→101
         2 leg.resumed 101→102
         2 leg.ended 101→102
         2 call.finished
         1 leg.ringing client→102
         1 leg.answered client→102
         1 leg.ended client→101
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn transfer_blind() {
    check(
        "transfer_blind",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.resumed client→101
         1 leg.ended client→101
         1 leg.ringing client→102
         1 leg.answered client→102
         1 leg.ended client→102
         1 call.finished",
    );
}

#[test]
fn transfer_blind_missed() {
    check(
        "transfer_blind_missed",
        "1 call.started inbound 79990001122 74950000001
         1 leg.ringing client→101
         1 leg.answered client→101
         1 leg.resumed client→101
         1 leg.ended client→101
         1 leg.ringing client→102
         1 leg.ended client→102 cancelled
         1 call.finished",
    );
}

/// Who begins to listen in mid-call tells of the same conversations as who heard all of it.
#[test]
fn a_listing_is_as_good_as_having_listened() {
    for version in ["22", "16"] {
        for scenario in [
            "inbound_answered",
            "ring_group",
            "ivr_queue",
            "transfer_blind",
            "transfer_attended",
            "outbound_answered",
            "click_to_call",
            "picked_up",
            "hold",
        ] {
            let heard = messages(version, scenario);
            let last = heard
                .iter()
                .rposition(|message| message.event() == Some("CoreShowChannelsComplete"))
                .unwrap();
            let before = |message: &Message| message.event() == Some("CoreShowChannel");
            let first = last - heard[..last].iter().rev().take_while(|message| before(message)).count();
            let mut observer = Observer::new(rules());
            observer.begin_listing();
            let late: Vec<_> = heard[first..]
                .iter()
                .flat_map(|message| observer.take(message, Timestamp::from_micros(1)))
                .collect();
            let open_at = |events: &[CallEvent]| -> Vec<String> {
                let ended: HashSet<_> = events
                    .iter()
                    .filter(|event| event.id.as_str().ends_with(":ended"))
                    .map(|event| event.id.to_string().replace(":ended", ":answered"))
                    .collect();
                let mut answered: Vec<_> =
                    events.iter().map(|event| event.id.to_string()).filter(|id| ended.contains(id)).collect();
                answered.sort();
                answered
            };
            let mut earlier = Observer::new(rules());
            let all: Vec<_> =
                heard.iter().flat_map(|message| earlier.take(message, Timestamp::from_micros(1))).collect();
            let (late_answered, all_answered) = (open_at(&late), open_at(&all));
            assert!(!late_answered.is_empty(), "{scenario} on {version}: {}", shown(&late));
            assert!(
                late_answered.iter().all(|id| all_answered.contains(id)),
                "{scenario} on {version}: {late_answered:?} {all_answered:?}"
            );
            assert!(
                late.iter().any(|event| event.id.as_str().ends_with(":finished")),
                "{scenario} on {version}"
            );
            let direction = |events: &[CallEvent]| {
                events
                    .last()
                    .map(|event| (event.direction, event.client_phone.clone(), event.request.clone()))
            };
            assert_eq!(direction(&late), direction(&all), "{scenario} on {version}");
        }
    }
}

/// A call that ended while nobody listened is told to nobody, and known to whoever asks.
#[test]
fn what_ended_unheard_can_be_asked_for() {
    let heard = messages("22", "inbound_answered");
    let talking = heard.iter().position(|message| message.event() == Some("BridgeEnter")).unwrap() + 2;
    let mut observer = Observer::new(rules());
    let events: Vec<_> = heard[..talking]
        .iter()
        .flat_map(|message| observer.take(message, Timestamp::from_micros(1)))
        .collect();
    let id = events[0].call.clone();
    assert!(observer.goes_on(id.as_str()));
    assert_eq!(observer.call(id.as_str()).unwrap().finished_at, None);
    observer.begin_listing();
    let complete = Message::from_iter([("Event", "CoreShowChannelsComplete")]);
    let found_out = Timestamp::from_micros(1_795_500_000_000_000);
    assert_eq!(observer.take(&complete, found_out), []);
    assert!(!observer.goes_on(id.as_str()));
    let past = observer.call(id.as_str()).unwrap();
    assert_eq!((past.finished_at, past.legs[0].finished_at), (Some(found_out), Some(found_out)));
    assert!(observer.channels.is_empty() && observer.calls.is_empty());
}

mod any_stream {
    use proptest::prelude::*;

    use super::*;

    const SCENARIOS: &[&str] = &[
        "transfer_attended",
        "queue_local",
        "picked_up_from_queue",
        "click_to_call_local",
        "overlapping",
        "ring_group_local",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Messages that are lost, repeated or late break nothing, and no leg ends that never rang, nor twice.
        #[test]
        fn tells_a_story_that_holds_together(scenario in proptest::sample::select(SCENARIOS), keep in proptest::collection::vec(0_u8..10, 400), swaps in proptest::collection::vec((0_usize..400, 0_usize..400), 0..20)) {
            let mut heard: Vec<Message> = messages("22", scenario).into_iter().zip(keep.iter().cycle()).flat_map(|(message, keep)| match keep {
                0 => vec![],
                1 => vec![message.clone(), message],
                _ => vec![message],
            }).collect();
            let last = heard.len() - 1;
            for (a, b) in swaps {
                heard.swap(a.min(last), b.min(last));
            }
            let mut observer = Observer::new(rules());
            let mut rung = HashSet::new();
            let mut ended = HashSet::new();
            for message in &heard {
                for event in observer.take(message, Timestamp::from_micros(1)) {
                    let Happening::Leg(leg) = &event.happening else { continue };
                    let id = (event.call.clone(), leg.id.clone());
                    match leg.change {
                        LegChange::Ringing => { rung.insert(id); }
                        LegChange::Ended(_) => {
                            prop_assert!(rung.contains(&id), "{}", shown(&[event]));
                            prop_assert!(ended.insert(id), "{}", shown(&[event]));
                        }
                        _ => prop_assert!(rung.contains(&id) && !ended.contains(&id)),
                    }
                }
            }
            // Whatever is left is found out by the next listing.
            observer.begin_listing();
            observer.take(&Message::from_iter([("Event", "CoreShowChannelsComplete")]), Timestamp::from_micros(2));
            prop_assert!(observer.channels.is_empty() && observer.calls.is_empty() && observer.merged.is_empty(), "{observer:?}");
        }
    }
}
