//! What was heard and what the history says, in any order.

use proptest::prelude::*;

use super::*;
use crate::call::CallResult;
use crate::call::event::Reason;
use crate::communication::Registration;
use crate::plan::Told;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn user() -> Party {
    Party::User { extension: "101".into() }
}

/// Rang for 4 s, talked for 30 s; in whole seconds.
fn past() -> PastCall {
    PastCall {
        call: "c".into(),
        direction: Some(Direction::Inbound),
        client_phone: Some(Phone::from_stored("79997775533")),
        vats_phone: None,
        request: None,
        started_at: at(1_000),
        finished_at: Some(at(36_000)),
        legs: vec![PastLeg {
            id: "a".into(),
            from: Some(Party::Client),
            to: Some(user()),
            started_at: at(1_000),
            answered_at: Some(at(5_000)),
            finished_at: Some(at(35_000)),
            recording: Some(recorded("https://pbx.test/history.mp3")),
            rough: false,
        }],
    }
}

fn recorded(url: &str) -> Recording {
    Recording { leg: "a".into(), url: url.to_owned(), content_type: None, size: None }
}

fn heard_at(millis: i64, happening: Happening) -> CallEvent {
    let id = EventId::new(format!("{millis}-{}", happening.word()));
    CallEvent { id, at: at(millis), happening, ..past().common("".into(), at(0)) }
}

fn leg(millis: i64, change: LegChange) -> CallEvent {
    let leg = LegEvent { id: "a".into(), from: Some(Party::Client), to: Some(user()), change };
    heard_at(millis, Happening::Leg(leg))
}

/// The same call as it was heard, to the millisecond.
fn heard() -> Vec<CallEvent> {
    vec![
        heard_at(1_020, Happening::CallStarted),
        leg(1_040, LegChange::Ringing),
        leg(5_120, LegChange::Answered),
        leg(35_700, LegChange::Ended(Some(Reason::Cancelled))),
        heard_at(36_010, Happening::CallFinished(None)),
        heard_at(36_500, Happening::RecordingReady(recorded("https://pbx.test/live.mp3"))),
    ]
}

fn fold<'a>(events: impl IntoIterator<Item = &'a CallEvent>) -> Call {
    let mut call = Call::default();
    for event in events {
        call.fold(event);
    }
    call
}

fn with(past: PastCall, heard: Vec<CallEvent>) -> Call {
    fold(&past.into_events().into_iter().chain(heard).collect::<Vec<_>>())
}

/// Start and end of the only item, in milliseconds.
fn item(call: &Call) -> (Option<i64>, i64) {
    let items = Registration::of(&"c".into(), call).items;
    assert_eq!(items.len(), 1, "{items:?}");
    (items[0].started_at.map(|at| at.micros() / 1_000), items[0].finished_at.micros() / 1_000)
}

#[test]
fn of_history_alone_all_is_taken() {
    let call = with(past(), Vec::new());
    assert!(call.is_closed() && call.result() == CallResult::Answered);
    assert_eq!((call.began_at(), call.ended_at()), (at(1_000), Some(at(36_000))));
    assert_eq!(item(&call), (Some(5_000), 35_000));
    assert_eq!(call.recording(&"a".into()).unwrap().url, "https://pbx.test/history.mp3");
}

#[test]
fn exact_times_stand_where_the_history_rounds_them() {
    let call = with(past(), heard());
    assert_eq!((call.began_at(), call.ended_at()), (at(1_020), Some(at(36_010))));
    assert_eq!(item(&call), (Some(5_120), 35_700));
    assert_eq!(call.recording(&"a".into()).unwrap().url, "https://pbx.test/history.mp3");
}

#[test]
fn the_history_knows_how_long_people_talked() {
    // The end was heard a minute late, by a telephony that had trouble.
    let mut heard = heard();
    heard[3].at = at(95_000);
    assert_eq!(item(&with(past(), heard)), (Some(5_120), 35_120));
    // It was never heard.
    let mut heard = self::heard();
    heard.remove(3);
    assert_eq!(item(&with(past(), heard)), (Some(5_120), 35_120));
}

#[test]
fn a_clock_that_differs_moves_nothing() {
    let mut past = past();
    past.legs[0].answered_at = Some(at(65_000));
    past.legs[0].finished_at = Some(at(95_000));
    assert_eq!(item(&with(past, heard())), (Some(5_120), 35_700));
}

#[test]
fn the_history_knows_whether_somebody_talked() {
    let mut nobody = past();
    nobody.legs[0].answered_at = None;
    let call = with(nobody, heard());
    assert_eq!((call.result(), item(&call)), (CallResult::Missed, (None, 35_700)), "an answer that was none");
    let mut unheard = heard();
    unheard.remove(2);
    let call = with(past(), unheard);
    assert_eq!(
        (call.result(), item(&call)),
        (CallResult::Answered, (Some(5_000), 35_700)),
        "an answer unheard"
    );
}

/// A queue's record counts from when the client began to wait, and says of a phone that only rang that it was answered.
#[test]
fn where_the_history_is_rough_what_was_heard_is_believed() {
    let mut rough = past();
    rough.legs[0].rough = true;
    rough.legs[0].answered_at = Some(at(2_000));
    let exact = fold(&heard());
    assert_eq!(item(&with(rough.clone(), heard())), item(&exact));
    let unanswered: Vec<_> =
        heard().into_iter().filter(|event| !event.id.as_str().contains("answered")).collect();
    assert_eq!(with(rough.clone(), unanswered).result(), CallResult::Missed);
    assert_eq!(item(&with(rough, Vec::new())), (Some(2_000), 35_000), "what nobody heard");
}

#[test]
fn a_leg_that_the_history_does_not_name_stays_as_it_was_heard() {
    let mut past = past();
    past.legs.clear();
    assert_eq!(item(&with(past, heard())), (Some(5_120), 35_700));
}

#[test]
fn a_requested_call_without_a_leg_could_not_be_placed() {
    let rang_nowhere = PastCall { legs: Vec::new(), request: Some("guid".into()), ..past() };
    assert!(with(rang_nowhere.clone(), Vec::new()).could_not_be_placed());
    assert!(!with(PastCall { request: None, ..rang_nowhere.clone() }, Vec::new()).could_not_be_placed());
    assert!(!with(rang_nowhere, heard()).could_not_be_placed(), "somebody was heard talking");
}

#[test]
fn a_call_that_goes_on_is_told_as_far_as_it_has_come() {
    let mut past = PastCall { finished_at: None, ..past() };
    past.legs[0].finished_at = None;
    let words: Vec<_> = past.into_events().iter().map(|event| event.happening.word()).collect();
    assert_eq!(words, ["call.started", "leg.ringing", "leg.answered"]);
}

#[test]
fn read_again_it_is_a_repeat_unless_it_changed() {
    let id = |past: PastCall| past.into_events()[0].id.clone();
    assert_eq!(id(past()), id(past()));
    let mut recorded_later = past();
    recorded_later.legs[0].recording = None;
    assert_ne!(id(past()), id(recorded_later));
}

/// The JSON of a call is a contract: what is stored has to stay readable.
#[test]
fn what_the_history_says_is_stored_as_short_json() {
    let mut past = past();
    past.client_phone = None;
    past.legs[0].recording = None;
    let call = with(past, Vec::new());
    let json = serde_json::to_string(&call).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"direction":["inbound",36000000],"past":{"started_at":1000000,"finished_at":36000000},"legs":{"a":{"#,
            r#""from":[{"type":"client"},36000000],"to":[{"type":"user","extension":"101"},36000000],"#,
            r#""past":{"started_at":1000000,"answered_at":5000000,"finished_at":35000000}}}}"#
        )
    );
    assert_eq!(serde_json::from_str::<Call>(&json).unwrap(), call);
}

proptest! {
    /// Whatever was heard, in whatever order, and whenever the history came: the same call, with the history's result
    /// and, to a second, its durations.
    #[test]
    fn the_order_does_not_matter(
        kept in prop::collection::vec(any::<bool>(), 6), shuffled in Just((0..7).collect::<Vec<_>>()).prop_shuffle()
    ) {
        let heard = heard().into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(event, _)| event);
        let all: Vec<_> = past().into_events().into_iter().chain(heard).collect();
        let order = shuffled.into_iter().filter_map(|place| all.get(place));
        let call = fold(order);
        prop_assert_eq!(&call, &fold(&all));
        let (started, finished) = item(&call);
        prop_assert_eq!(call.result(), CallResult::Answered);
        prop_assert!((finished - started.unwrap() - 30_000).abs() <= 1_000);
        prop_assert_eq!(call.recordings().count(), 1);
        prop_assert!(!fold(&all).clone().fold(&all[0]), "read again it is no news");
        let stored = serde_json::to_string(&call).unwrap();
        prop_assert_eq!(serde_json::from_str::<Call>(&stored).unwrap(), call);
    }

    /// A call that was told live and is found in the history is handed on once.
    #[test]
    fn the_history_opens_nothing_again(place in 0_usize..7) {
        let mut all = heard();
        all.insert(place.min(all.len()), past().into_events().remove(0));
        let (mut call, mut told, mut notices) = (Call::default(), Told::default(), Vec::new());
        for event in &all {
            call.fold(event);
            notices.extend(told.catch_up(&call));
        }
        let ends = notices.iter().filter(|notice| notice.word() == "call-finished").count();
        prop_assert_eq!((ends, notices.last().map(|last| last.word())), (1, Some("call-finished")));
    }
}
