//! Folding and planning: any order, any repetition and any gap.

use proptest::prelude::*;

use super::event::{CallEvent, Direction, Happening, LegChange, LegEvent, Party, Reason, Recording};
use super::*;
use crate::communication::Registration;
use crate::id::{EventId, Extension};
use crate::outbox::Notice;
use crate::phone::Country;
use crate::plan::{LegSignal, Told};

const CALL: &str = "pbx-42";

fn user(extension: &str) -> Party {
    Party::User { extension: Extension::new(extension) }
}

fn event(second: i64, happening: Happening) -> CallEvent {
    CallEvent {
        id: EventId::new(format!("{second}-{}", happening.word())),
        at: Timestamp::from_micros(second * 1_000_000),
        call: CALL.into(),
        direction: Some(Direction::Inbound),
        client_phone: Some(Phone::normalise("+7 999 777-55-33", Country::RU)),
        vats_phone: Some(Phone::normalise("79229929292", Country::RU)),
        request: None,
        happening,
    }
}

fn leg(second: i64, id: &str, extension: &str, change: LegChange) -> CallEvent {
    let (from, to) = (Some(Party::Client), Some(user(extension)));
    event(second, Happening::Leg(LegEvent { id: id.into(), from, to, change }))
}

fn answered() -> Vec<CallEvent> {
    vec![
        event(0, Happening::CallStarted),
        leg(1, "a", "101", LegChange::Ringing),
        leg(2, "b", "102", LegChange::Ringing),
        leg(3, "a", "101", LegChange::Answered),
        leg(4, "b", "102", LegChange::Ended(Some(Reason::Cancelled))),
        leg(5, "a", "101", LegChange::Held),
        leg(6, "a", "101", LegChange::Resumed),
        leg(7, "c", "103", LegChange::Ringing),
        leg(8, "c", "103", LegChange::Answered),
        leg(9, "a", "101", LegChange::Ended(None)),
        leg(10, "c", "103", LegChange::Ended(None)),
        event(11, Happening::CallFinished(None)),
        event(12, Happening::RecordingReady(recording())),
    ]
}

fn missed() -> Vec<CallEvent> {
    vec![
        event(0, Happening::CallStarted),
        leg(1, "a", "101", LegChange::Ringing),
        leg(2, "b", "102", LegChange::Ringing),
        leg(9, "a", "101", LegChange::Ended(Some(Reason::NoAnswer))),
        leg(9, "b", "102", LegChange::Ended(Some(Reason::NoAnswer))),
        event(10, Happening::CallFinished(Some(Reason::NoAnswer))),
    ]
}

/// An end that got lost: the telephony said once that the call goes on, then nobody could say anything.
fn lost() -> Vec<CallEvent> {
    vec![
        event(0, Happening::CallStarted),
        leg(1, "a", "101", LegChange::Ringing),
        leg(3, "a", "101", LegChange::Answered),
        event(300, Happening::GoesOn),
        event(600, Happening::GoesOn),
        event(600, Happening::EndInferred),
    ]
}

/// The same call when its end comes after all.
fn found() -> Vec<CallEvent> {
    let late = [leg(700, "a", "101", LegChange::Ended(None)), event(701, Happening::CallFinished(None))];
    lost().into_iter().chain(late).collect()
}

fn recording() -> Recording {
    Recording { leg: "a".into(), url: "http://pbx.test/a.mp3".into(), content_type: None, size: Some(7) }
}

fn fold(events: &[CallEvent]) -> Call {
    let mut call = Call::default();
    for event in events {
        call.fold(event);
    }
    call
}

/// What Kontur is told live, in the order it is told.
fn told(events: &[CallEvent]) -> Vec<Notice> {
    let (mut call, mut told) = (Call::default(), Told::default());
    let mut notices = Vec::new();
    for event in events {
        call.fold(event);
        notices.extend(told.catch_up(&call));
    }
    notices
}

fn words(notices: &[Notice]) -> Vec<String> {
    let word = |notice: &Notice| match notice {
        Notice::LegChanged { leg, signal, .. } => format!("{leg} {}", signal.word()),
        other => other.word().to_owned(),
    };
    notices.iter().map(word).collect()
}

#[test]
fn an_answered_call_is_told_as_it_happens() {
    let told = words(&told(&answered()));
    let expected = "call-started,a appeared,b appeared,a connected,b disconnected,a paused,a connected,c appeared,\
                    c connected,a disconnected,c disconnected,call-finished";
    assert_eq!(told.join(","), expected);
}

#[test]
fn the_conversations_are_the_items() {
    let registration = Registration::of(&CALL.into(), &fold(&answered()));
    let items: Vec<_> = registration
        .items
        .iter()
        .map(|i| (i.leg.as_str(), i.started_at.map(Timestamp::seconds), i.finished_at.seconds()))
        .collect();
    assert_eq!(items, [("a", Some(3), 9), ("c", Some(8), 10)]);
    assert_eq!(registration.began_at.seconds(), 0);
}

#[test]
fn a_ring_group_nobody_answers_is_one_missed_call() {
    let call = fold(&missed());
    assert_eq!(call.result(), CallResult::Missed);
    let items = Registration::of(&CALL.into(), &call).items;
    assert_eq!(items.len(), 1);
    assert_eq!((items[0].leg.as_str(), items[0].started_at, items[0].finished_at.seconds()), ("b", None, 9));
}

#[test]
fn a_menu_that_picks_up_is_no_answer() {
    let menu =
        LegEvent { id: "ivr".into(), from: Some(Party::Client), to: None, change: LegChange::Answered };
    let events = [
        event(0, Happening::CallStarted),
        event(1, Happening::Leg(menu)),
        event(9, Happening::CallFinished(None)),
    ];
    let call = fold(&events);
    assert_eq!(call.result(), CallResult::Missed);
    assert_eq!(words(&told(&events)).join(","), "call-started,call-finished");
    assert_eq!(Registration::of(&CALL.into(), &call).items.len(), 1);
}

#[test]
fn colleagues_stay_among_themselves() {
    let between = |second, change| {
        let leg = LegEvent { id: "a".into(), from: Some(user("101")), to: Some(user("102")), change };
        CallEvent { direction: None, client_phone: None, ..event(second, Happening::Leg(leg)) }
    };
    let call = fold(&[between(1, LegChange::Ringing), between(2, LegChange::Answered)]);
    assert_eq!((call.direction(), call.client_phone().as_str()), (Direction::Internal, "102"));
}

#[test]
fn a_requested_call_that_cannot_be_placed_fails_and_is_not_registered() {
    let failed =
        CallEvent { request: Some("guid".into()), ..event(1, Happening::CallFailed(Some(Reason::Busy))) };
    let call = fold(std::slice::from_ref(&failed));
    assert!(call.could_not_be_placed());
    assert_eq!(words(&told(&[failed])).join(","), "call-failed");
}

#[test]
fn a_failed_call_nobody_asked_for_is_a_finished_one() {
    let failed = event(1, Happening::CallFailed(Some(Reason::Busy)));
    assert!(!fold(std::slice::from_ref(&failed)).could_not_be_placed());
    assert_eq!(words(&told(&[failed])).join(","), "call-started,call-finished");
}

#[test]
fn a_missing_end_is_made_good_by_the_end_of_the_call() {
    let events = [leg(1, "a", "101", LegChange::Answered), event(9, Happening::CallFinished(None))];
    assert_eq!(
        words(&told(&events)).join(","),
        "call-started,a appeared,a connected,a disconnected,call-finished"
    );
    assert_eq!(Registration::of(&CALL.into(), &fold(&events)).items[0].finished_at.seconds(), 9);
}

/// A PBX may tell whole seconds: what it tells of one of them has no order.
#[test]
fn of_the_same_second_the_order_does_not_matter() {
    let mut events = answered();
    for event in &mut events {
        event.at = Timestamp::from_micros(1_000_000);
    }
    let forwards = fold(&events);
    events.reverse();
    assert_eq!(fold(&events), forwards);
    assert!(!forwards.legs()["a"].is_held(), "held and taken from hold: it goes on");
}

/// The JSON of a call is a contract: what is stored has to stay readable.
#[test]
fn a_call_is_stored_as_short_json() {
    let call = fold(&[
        event(0, Happening::CallStarted),
        leg(1, "a", "101", LegChange::Answered),
        event(2, Happening::CallFinished(Some(Reason::Busy))),
    ]);
    let json = serde_json::to_string(&call).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"direction":["inbound",0],"client_phone":["79997775533",0],"vats_phone":["79229929292",0],"#,
            r#""started_at":0,"first_at":0,"finished":["busy",2000000],"legs":{"a":{"from":[{"type":"client"},1000000],"#,
            r#""to":[{"type":"user","extension":"101"},1000000],"first_at":1000000,"answered_at":1000000}}}"#
        )
    );
    assert_eq!(serde_json::from_str::<Call>(&json).unwrap(), call);
}

#[test]
fn a_late_answer_corrects_the_call_without_opening_it_again() {
    let mut events = missed();
    let before = told(&events).len();
    events.push(leg(5, "a", "101", LegChange::Answered));
    assert_eq!(fold(&events).result(), CallResult::Answered);
    assert_eq!(told(&events).len(), before);
}

#[test]
fn an_inferred_end_is_the_last_sign_of_life() {
    let call = fold(&lost());
    assert!(call.end_is_inferred() && call.is_closed() && !call.end_was_corrected());
    assert_eq!(call.ended_at().map(Timestamp::seconds), Some(600));
    assert_eq!(
        words(&told(&lost())).join(","),
        "call-started,a appeared,a connected,a disconnected,call-finished"
    );
    let items = Registration::of(&CALL.into(), &call).items;
    assert_eq!((items[0].started_at.map(Timestamp::seconds), items[0].finished_at.seconds()), (Some(3), 600));
}

#[test]
fn a_recording_is_no_sign_of_life() {
    let mut events = lost();
    events.push(event(9_000, Happening::RecordingReady(recording())));
    assert_eq!(fold(&events[3..]).ended_at().map(Timestamp::seconds), Some(600));
}

/// Whether it happened before the inferred end or after: what the telephony says is believed.
#[test]
fn a_real_end_corrects_an_inferred_one() {
    for real in [5, 600, 700] {
        let mut events = lost();
        events.push(event(real, Happening::CallFinished(None)));
        let call = fold(&events);
        assert_eq!(call.ended_at().map(Timestamp::seconds), Some(real));
        assert!(call.is_closed() && call.end_was_corrected() && !call.end_is_inferred());
    }
}

/// The call went on unheard. What it tells when it is heard again is kept, and told to nobody live.
#[test]
fn what_comes_after_an_inferred_end_moves_it_and_opens_nothing() {
    let mut events = lost();
    let before = told(&events);
    events.push(leg(800, "b", "102", LegChange::Answered));
    assert_eq!(fold(&events).ended_at().map(Timestamp::seconds), Some(800));
    assert_eq!(told(&events), before);
}

/// A trace with some events left out, each of the others one to three times, in any order.
fn disturbed(trace: Vec<CallEvent>) -> impl Strategy<Value = (Vec<CallEvent>, Vec<CallEvent>)> {
    let counts = prop::collection::vec(0_usize..=3, trace.len());
    counts.prop_flat_map(move |counts| {
        let kept: Vec<_> =
            trace.iter().zip(&counts).filter(|(_, n)| **n > 0).map(|(e, _)| e.clone()).collect();
        let repeated: Vec<_> =
            trace.iter().zip(&counts).flat_map(|(e, n)| std::iter::repeat_n(e.clone(), *n)).collect();
        (Just(kept), Just(repeated).prop_shuffle())
    })
}

/// The rules of Kontur: opened before everything, closed after everything, each leg in order, nothing twice.
fn assert_legal(notices: &[Notice]) {
    let mut states = BTreeMap::new();
    for (place, notice) in notices.iter().enumerate() {
        match notice {
            Notice::CallStarted { .. } => assert_eq!(place, 0),
            Notice::CallFinished { .. } | Notice::CallFailed { .. } => assert_eq!(place, notices.len() - 1),
            Notice::LegChanged { leg, signal, .. } => {
                use LegSignal::{Appeared, Connected, Disconnected, Paused};
                let before = states.insert(leg.clone(), *signal);
                let legal = matches!(
                    (before, signal),
                    (None, Appeared)
                        | (Some(Appeared | Paused), Connected | Disconnected)
                        | (Some(Connected), Paused | Disconnected)
                );
                assert!(legal, "{leg}: {before:?} then {signal:?} in {:?}", words(notices));
            }
            other => panic!("{other:?} is not told live"),
        }
    }
    let closed = matches!(notices.last(), Some(Notice::CallFinished { .. } | Notice::CallFailed { .. }));
    assert!(!closed || states.values().all(|last| *last == LegSignal::Disconnected), "{:?}", words(notices));
}

proptest! {
    #[test]
    fn any_order_and_repetition_ends_in_the_same_call(
        (kept, arrived) in prop_oneof![disturbed(answered()), disturbed(missed()), disturbed(found())]
    ) {
        let (expected, found) = (fold(&kept), fold(&arrived));
        prop_assert_eq!(Registration::of(&CALL.into(), &found), Registration::of(&CALL.into(), &expected));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_real_end_wins_whatever_the_order((kept, arrived) in disturbed(found())) {
        let real = kept.iter().any(|event| matches!(event.happening, Happening::CallFinished(_)));
        let call = fold(&arrived);
        prop_assert_eq!(real, call.ended_at().map(Timestamp::seconds) == Some(701));
        prop_assert!(!real || !call.end_is_inferred());
    }

    #[test]
    fn kontur_is_told_in_a_legal_order_whatever_comes(
        (_, arrived) in prop_oneof![disturbed(answered()), disturbed(missed()), disturbed(found())]
    ) {
        assert_legal(&told(&arrived));
    }

    #[test]
    fn a_repeat_brings_nothing_new((kept, _) in prop_oneof![disturbed(answered()), disturbed(found())]) {
        let mut call = fold(&kept);
        for event in &kept {
            prop_assert!(!call.fold(event), "{:?} was news the second time", event.id);
        }
    }

    #[test]
    fn a_stored_call_reads_as_it_was((_, arrived) in prop_oneof![disturbed(answered()), disturbed(found())]) {
        let call = fold(&arrived);
        let stored = serde_json::to_string(&call).unwrap();
        prop_assert_eq!(serde_json::from_str::<Call>(&stored).unwrap(), call);
    }
}

#[test]
fn the_reference_follows_from_the_identity_alone() {
    let reference = CallReference::of(&"acme".into(), &CALL.into());
    assert_eq!(reference, CallReference::of(&"acme".into(), &CALL.into()));
    assert_ne!(reference, CallReference::of(&"acme2".into(), &CALL.into()));
    assert_eq!(reference.as_str().len(), 8);
}
