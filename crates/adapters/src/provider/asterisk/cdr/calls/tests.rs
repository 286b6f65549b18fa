mod alike;

use std::path::PathBuf;

use super::*;
use domain::call::past::PastLeg;
use domain::clock::Timestamp;
use domain::phone::Country;
use proptest::prelude::*;

use crate::provider::asterisk::cdr::csv::line::Lines;
use crate::provider::asterisk::cdr::row::{Unreadable, read};

/// Where the Asterisks stood that were recorded.
pub(in crate::provider::asterisk::cdr) const ZONE: chrono_tz::Tz = chrono_tz::Europe::Moscow;

/// An installation as those that were recorded.
pub(in crate::provider::asterisk::cdr) fn rules() -> Rules {
    let settings = serde_json::json!({
        "ami": {"address": "127.0.0.1:5038", "username": "kontur", "secret": "s"},
        "trunks": ["PJSIP/trunk"],
        "originate": {"prefix": "9"},
    });
    Rules::new(&serde_json::from_value(settings).unwrap(), Country::RU).unwrap()
}

/// What a real Asterisk wrote while something was played with it.
pub(in crate::provider::asterisk::cdr) fn recorded(version: &str, scenario: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/asterisk").join(version);
    std::fs::read(folder.join(format!("{scenario}.csv"))).unwrap()
}

fn records(text: &[u8]) -> Vec<Record> {
    let mut lines = Lines::new(ZONE);
    text.split(|byte| *byte == b'\n').filter_map(|line| lines.read(line)).collect()
}

/// A call in short; `+` is a leg that was answered, `*` one that was recorded as well.
fn shown(call: &PastCall) -> String {
    let phone = |phone: &Option<Phone>| phone.as_ref().map_or("-", Phone::as_str).to_owned();
    let direction = call.direction.map_or("-", Direction::word);
    let request = call.request.as_ref().map(|request| format!(" for {request}")).unwrap_or_default();
    let legs: Vec<String> = call.legs.iter().map(shown_leg).collect();
    format!(
        "{direction} {} {}{request}: {}",
        phone(&call.client_phone),
        phone(&call.vats_phone),
        legs.join(", ")
    )
}

fn shown_leg(leg: &PastLeg) -> String {
    let side = |party: &Option<Party>| match party {
        Some(Party::Client) => "client".to_owned(),
        Some(Party::User { extension }) => extension.to_string(),
        None => "?".to_owned(),
    };
    let mark = match (leg.answered_at, &leg.recording) {
        (Some(_), Some(_)) => "*",
        (Some(_), None) => "+",
        (None, _) => "",
    };
    format!("{}>{} {}{mark}", side(&leg.from), side(&leg.to), leg.id.as_str().trim_start_matches("PJSIP/"))
}

/// Scenarios, each with its calls; of a blind transfer the number dialled at first is not written by all versions.
const RECORDED: &[(&str, &[&str])] = &[
    ("inbound_answered", &["inbound 79990001122 74950000001: client>101 101-00000001*"]),
    ("inbound_missed", &["inbound 79990001122 74950000001: client>101 101-00000001"]),
    ("inbound_busy", &["inbound 79990001122 74950000001: client>101 101-00000001"]),
    ("hold", &["inbound 79990001122 74950000001: client>101 101-00000001*"]),
    (
        "ring_group",
        &[
            "inbound 79990001122 74950000002: client>101 101-00000001, client>102 102-00000002*, client>103 103-00000003",
        ],
    ),
    (
        "ivr_queue",
        &[
            "inbound 79990001122 74950000003: client>101 101-00000001, client>102 102-00000002*, client>103 103-00000003",
        ],
    ),
    (
        "queue_abandoned",
        &[
            "inbound 79990001122 74950000003: client>101 101-00000001, client>102 102-00000002, client>103 103-00000003",
        ],
    ),
    ("picked_up", &["inbound 79990001122 74950000001: client>101 101-00000001, client>103 103-00000002*"]),
    (
        "picked_up_from_queue",
        &["inbound 79990001122 74950000003: client>101 101-00000001, client>102 102-00000002, \
           client>103 103-00000003, client>104 104-00000004*"],
    ),
    ("forwarded", &["inbound 79990001122 74950000001: client>101 101-00000001, client>102 102-00000002*"]),
    (
        "forwarded_outside",
        &["inbound 79990001122 74950000001: client>101 101-00000001, client>client trunk-00000002*"],
    ),
    (
        "transfer_attended",
        &[
            "inbound 79990001122 74950000001: client>101 101-00000001*, client>102 102-00000003+",
            "internal - -: 101>102 102-00000003*",
        ],
    ),
    ("outbound_answered", &["outbound 79990001122 74950000001: 101>client trunk-00000001*"]),
    ("outbound_busy", &["outbound 79990001122 74950000001: 101>client trunk-00000001"]),
    ("internal", &["internal - -: 101>102 102-00000001*"]),
    (
        "overlapping",
        &[
            "inbound 79990001122 74950000001: client>101 101-00000001*",
            "inbound 79990001122 74950000001: client>101 101-00000003*",
        ],
    ),
    ("click_to_call", &["outbound 79990001122 74950000001 for click-1: 101>client trunk-00000001*"]),
    ("click_to_call_local", &["outbound 79990001122 74950000001 for click-1: 101>client trunk-00000001*"]),
    (
        "click_to_call_client_busy",
        &["outbound 79990001122 74950000001 for click-1: 101>client trunk-00000001"],
    ),
    ("click_to_call_not_picked_up", &[]),
];

#[test]
fn what_real_ones_wrote_is_read_as_what_happened() {
    for version in ["22", "16"] {
        for (scenario, expected) in RECORDED {
            let read = calls(records(&recorded(version, scenario)), &rules());
            assert_eq!(read.calls.iter().map(shown).collect::<Vec<_>>(), *expected, "{version} {scenario}");
            assert_eq!(read.left_out, 0, "{version} {scenario}");
            for call in read.calls.iter().filter(|call| call.request.is_none()) {
                let id = call.call.as_str().split('.').next().unwrap();
                assert_eq!(call.started_at.seconds(), id.parse::<i64>().unwrap(), "{version} {scenario}");
            }
        }
    }
}

#[test]
fn when_a_phone_was_picked_up_for_whom_a_queue_had_answered_is_not_known() {
    for (scenario, expected) in [("inbound_answered", false), ("ring_group", false), ("ivr_queue", true)] {
        let call = calls(records(&recorded("22", scenario)), &rules()).calls.pop().unwrap();
        let answered = call.legs.iter().find(|leg| leg.answered_at.is_some()).unwrap();
        assert_eq!(answered.rough, expected, "{scenario}");
    }
}

#[test]
fn of_queues_whose_members_are_pairs_the_phone_is_who_was_called() {
    for (scenario, number) in [("queue_local", "74950000004"), ("ring_group_local", "74950000005")] {
        for version in ["22", "16"] {
            let read = calls(records(&recorded(version, scenario)), &rules());
            let [call] = &*read.calls else { panic!("{version} {scenario}: {:?}", read.calls) };
            assert_eq!(call.vats_phone.as_ref().map(Phone::as_str), Some(number), "{version} {scenario}");
            assert!(call.legs.iter().all(|leg| leg.from == Some(Party::Client)), "{version} {scenario}");
            let answered: Vec<&Party> = call
                .legs
                .iter()
                .filter(|leg| leg.answered_at.is_some())
                .filter_map(|leg| leg.to.as_ref())
                .collect();
            let member = Party::User { extension: "102".into() };
            assert_eq!(answered, [&member], "{version} {scenario}");
            assert!(call.recordings() == 1, "{version} {scenario}");
        }
    }
}

#[test]
fn conversations_last_as_long_as_their_records_say() {
    for version in ["22", "16"] {
        for (scenario, legs) in
            [("inbound_answered", 1), ("transfer_blind", 2), ("outbound_answered", 1), ("forwarded", 1)]
        {
            let text = String::from_utf8(recorded(version, scenario)).unwrap();
            let call = calls(records(text.as_bytes()), &rules()).calls.pop().unwrap();
            let talked: Vec<(&str, u64)> = call
                .legs
                .iter()
                .filter_map(|leg| Some((leg.id.as_str(), leg.finished_at?.since(leg.answered_at?).as_secs())))
                .collect();
            assert_eq!(talked.len(), legs, "{version} {scenario}");
            for (leg, seconds) in talked {
                // A pair that is not needed any more gives way in mid-conversation.
                let rows = text.lines().filter(|line| line.contains(&format!(",\"{leg}\",")));
                let billsec: u64 =
                    rows.map(|row| row.rsplit(',').nth(7).unwrap().parse::<u64>().unwrap()).sum();
                assert!(
                    billsec.abs_diff(seconds) <= 1,
                    "{version} {scenario} {leg}: {billsec} s, not {seconds} s"
                );
            }
        }
    }
}

/// A record of a call that is called "1".
fn row(at: i64, columns: &[(&str, &str)]) -> Row {
    let start = Timestamp::from_micros(at * 1_000_000).rfc3339();
    let common =
        [("linkedid", "1"), ("start", start.as_str()), ("disposition", "NO ANSWER"), ("duration", "10")];
    let column =
        |name: &str| columns.iter().chain(&common).find(|(known, _)| *known == name).map(|(_, text)| *text);
    read(column, chrono_tz::UTC).unwrap()
}

fn only(rows: Vec<Row>) -> String {
    let read = calls(rows.into_iter().map(Ok).collect(), &rules());
    assert_eq!(read.calls.len(), 1);
    shown(&read.calls[0])
}

#[test]
fn what_is_dialled_to_get_out_is_not_part_of_the_clients_number() {
    let out = [
        ("channel", "PJSIP/101-1"),
        ("dstchannel", "PJSIP/trunk-2"),
        ("dst", "989990001122"),
        ("src", "101"),
        ("outbound_cnum", "74950000001"),
    ];
    assert_eq!(only(vec![row(0, &out)]), "outbound 79990001122 74950000001: 101>client trunk-2");
}

#[test]
fn an_employee_who_reached_nobody_called_a_number_or_a_service() {
    let number = [("channel", "PJSIP/101-1"), ("dst", "989990001122"), ("src", "101")];
    assert_eq!(only(vec![row(0, &number)]), "outbound 79990001122 -: ");
    let voicemail = [("channel", "PJSIP/101-1"), ("dst", "*97"), ("src", "101")];
    assert_eq!(only(vec![row(0, &voicemail)]), "internal - -: ");
}

#[test]
fn a_client_who_hung_up_in_the_menu_called_in() {
    let menu = [("channel", "PJSIP/trunk-1"), ("dst", "s"), ("did", "84950000001"), ("src", "79990001122")];
    assert_eq!(only(vec![row(0, &menu)]), "inbound 79990001122 74950000001: ");
}

#[test]
fn calls_of_nobody_and_calls_with_a_record_that_cannot_be_read_are_left_out() {
    let door = row(0, &[("channel", "PJSIP/door-1"), ("dstchannel", "PJSIP/101-2")]);
    let cut = Unreadable { linkedid: "2".to_owned() };
    let whole = row(1, &[("linkedid", "2"), ("channel", "PJSIP/trunk-1")]);
    let read = calls(vec![Ok(door), Err(cut), Ok(whole)], &rules());
    assert_eq!((read.calls, read.left_out), (Vec::new(), 2));
}

#[test]
fn pairs_that_lead_to_each_other_lead_nowhere() {
    let circle = [
        row(0, &[("channel", "Local/a@x-1;2"), ("dstchannel", "Local/b@x-2;1")]),
        row(0, &[("channel", "Local/b@x-2;2"), ("dstchannel", "Local/a@x-1;1")]),
        row(0, &[("channel", "Local/b@x-2;2"), ("dstchannel", "PJSIP/101-1")]),
    ];
    assert_eq!(calls(circle.into_iter().map(Ok).collect(), &rules()).left_out, 1);
}

const CHANNELS: [&str; 9] = [
    "",
    "PJSIP/trunk-1",
    "PJSIP/trunk-2",
    "PJSIP/101-3",
    "PJSIP/102-4",
    "Local/a@x-1;1",
    "Local/a@x-1;2",
    "Local/b@x-2;1",
    "Local/b@x-2;2",
];

fn any_record() -> impl Strategy<Value = Record> {
    let channel = || prop::sample::select(&CHANNELS[..]);
    let row = (0..3_i64, 0..20_i64, channel(), channel(), any::<bool>(), 0..4_u8, any::<bool>()).prop_map(
        |(call, at, channel, dstchannel, answered, sequence, recorded)| {
            let call = call.to_string();
            let columns = [
                ("linkedid", call.as_str()),
                ("channel", channel),
                ("dstchannel", dstchannel),
                ("disposition", if answered { "ANSWERED" } else { "BUSY" }),
                ("billsec", "4"),
                ("dst", if recorded { "84950000001" } else { "s" }),
                ("userfield", if recorded { "x.wav" } else { "" }),
                ("sequence", &sequence.to_string()),
            ];
            Ok(row(at, &columns))
        },
    );
    prop_oneof![30 => row, 1 => Just(Err(Unreadable { linkedid: "1".to_owned() }))]
}

proptest! {
    #[test]
    fn the_order_of_records_says_nothing_and_neither_does_a_repeat(
        (records, other) in prop::collection::vec(any_record(), 0..12).prop_flat_map(|records| {
            let repeated: Vec<Record> = records.iter().chain(records.first()).cloned().collect();
            (Just(records), Just(repeated).prop_shuffle())
        })
    ) {
        prop_assert_eq!(calls(records, &rules()), calls(other, &rules()));
    }

    #[test]
    fn a_leg_is_over_with_its_call_and_answered_in_between(records in prop::collection::vec(any_record(), 0..12)) {
        for call in calls(records, &rules()).calls {
            prop_assert!(call.recordings() <= 1);
            for leg in &call.legs {
                prop_assert!(leg.from.is_some() && leg.to.is_some());
                prop_assert!(call.started_at <= leg.started_at && leg.finished_at <= call.finished_at);
                if let Some(answered_at) = leg.answered_at {
                    prop_assert!(leg.started_at <= answered_at && Some(answered_at) < leg.finished_at);
                }
            }
        }
    }
}
