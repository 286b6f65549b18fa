//! The history against what was heard of the same calls: it may know less of one, but nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::call::event::{CallEvent, Happening, LegChange};

use super::*;
use crate::provider::asterisk::ami::frame::Decoder;
use crate::provider::asterisk::observer::Observer;

/// A leg, by what both sides of the provider tell of it.
#[derive(Debug, Default, PartialEq)]
struct Leg {
    from: Option<Party>,
    to: Option<Party>,
    answered_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    is_rough: bool,
}

#[derive(Debug, Default)]
struct Heard {
    direction: Option<Direction>,
    client_phone: Option<Phone>,
    vats_phone: Option<Phone>,
    request: Option<String>,
    legs: BTreeMap<String, Leg>,
}

fn heard(version: &str, scenario: &str) -> BTreeMap<String, Heard> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/asterisk")
        .join(version)
        .join(format!("{scenario}.ami"));
    let mut decoder = Decoder::default();
    decoder.feed(&std::fs::read(file).unwrap());
    let mut observer = Observer::new(rules());
    observer.expect("kontur-click-1", Phone::from_stored("79990001122"));
    let mut calls = BTreeMap::new();
    while let Some(message) = decoder.message().unwrap() {
        for event in observer.take(&message, Timestamp::default()) {
            take(calls.entry(event.call.as_str().to_owned()).or_default(), event);
        }
    }
    calls
}

fn take(call: &mut Heard, event: CallEvent) {
    call.direction = event.direction.or(call.direction);
    call.client_phone = event.client_phone.or(call.client_phone.take());
    call.vats_phone = event.vats_phone.or(call.vats_phone.take());
    call.request = event.request.map(|request| request.as_str().to_owned()).or(call.request.take());
    let Happening::Leg(told) = event.happening else { return };
    let leg = call.legs.entry(told.id.as_str().to_owned()).or_default();
    (leg.from, leg.to) = (told.from, told.to);
    match told.change {
        LegChange::Answered => leg.answered_at = Some(event.at),
        LegChange::Ended(_) => leg.finished_at = Some(event.at),
        LegChange::Ringing | LegChange::Held | LegChange::Resumed => {}
    }
}

fn past(call: &PastCall) -> BTreeMap<String, Leg> {
    let leg = |leg: &PastLeg| Leg {
        from: leg.from.clone(),
        to: leg.to.clone(),
        answered_at: leg.answered_at,
        finished_at: leg.finished_at,
        is_rough: leg.rough,
    };
    call.legs.iter().map(|known| (known.id.as_str().to_owned(), leg(known))).collect()
}

/// What was recorded of a version: what chance decides was seen on one of them.
fn scenarios(version: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/asterisk").join(version);
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".csv").map(str::to_owned)).collect();
    names.sort();
    names
}

#[test]
fn the_history_names_calls_and_legs_as_they_were_heard() {
    for version in ["22", "16"] {
        let scenarios = scenarios(version);
        assert!(scenarios.len() > 20);
        for scenario in &scenarios {
            let calls = calls(records(&recorded(version, scenario)), &rules()).calls;
            let mut heard = heard(version, scenario);
            for call in calls {
                let case = format!("{version} {scenario} {}", call.call);
                let live =
                    heard.remove(call.call.as_str()).unwrap_or_else(|| panic!("{case}: was not heard"));
                assert_eq!(call.direction, live.direction, "{case}");
                assert_eq!(call.client_phone, live.client_phone, "{case}");
                assert_eq!(call.request.as_ref().map(|id| id.as_str().to_owned()), live.request, "{case}");
                assert!(call.vats_phone.is_none() || call.vats_phone == live.vats_phone, "{case}");
                compare(&case, &past(&call), &live.legs);
            }
        }
    }
}

fn compare(case: &str, past: &BTreeMap<String, Leg>, live: &BTreeMap<String, Leg>) {
    assert_eq!(past.keys().collect::<Vec<_>>(), live.keys().collect::<Vec<_>>(), "{case}");
    for (id, leg) in past {
        let live = &live[id];
        assert_eq!((&leg.from, &leg.to), (&live.from, &live.to), "{case} {id}");
        assert!(leg.is_rough || leg.answered_at.is_some() == live.answered_at.is_some(), "{case} {id}");
        let lasted = |leg: &Leg| Some(leg.finished_at?.since(leg.answered_at?));
        if let (Some(past), Some(live), false) = (lasted(leg), lasted(live), leg.is_rough) {
            let apart = past.max(live).saturating_sub(past.min(live));
            assert!(apart <= Duration::from_secs(1), "{case} {id}: {past:?}, not {live:?}");
        }
    }
}
