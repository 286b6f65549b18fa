//! What differs, and the days it is counted by.

use proptest::prelude::*;

use super::*;
use crate::port::provider::Window;
use crate::schedule::Zone;

fn delivered(state: DeliveryState) -> Delivered {
    Delivered { state, reason: None }
}

fn known() -> Known {
    Known {
        id: CallId(7),
        stage: Stage::HandedOn,
        is_deleted: false,
        registered: Some(delivered(DeliveryState::Delivered)),
        commented: Some(delivered(DeliveryState::Delivered)),
        recordings: vec![Recorded::Attached],
    }
}

fn sides(known: Option<Known>) -> Sides {
    Sides {
        external_id: "c".into(),
        began_at: Timestamp::default(),
        history: History::Names { recordings: 1 },
        known,
    }
}

#[track_caller]
fn check(sides: &Sides, causes: &[Cause]) -> Counts {
    let mut report = Report::default();
    report.count("2026-11-22", sides);
    let found: Vec<_> = report.differences.iter().map(|difference| difference.cause).collect();
    assert_eq!(found, causes);
    report.days["2026-11-22"]
}

#[test]
fn where_all_sides_agree_there_is_no_difference() {
    let counts = check(&sides(Some(known())), &[]);
    let expected = Counts {
        telephony_calls: 1,
        telephony_recordings: 1,
        journal_calls: 1,
        journal_recordings: 1,
        kontur_calls: 1,
        kontur_recordings: 1,
        workonflow_comments: 1,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
}

#[test]
fn a_call_that_was_never_read_is_one_difference() {
    let counts = check(&sides(None), &[Cause::NotRead]);
    assert_eq!((counts.telephony_calls, counts.journal_calls, counts.differences), (1, 0, 1));
}

#[test]
fn what_was_deleted_in_kontur_is_missing_there_with_its_recordings() {
    let counts = check(&sides(Some(Known { is_deleted: true, ..known() })), &[Cause::DeletedInKontur]);
    assert_eq!((counts.kontur_calls, counts.kontur_recordings, counts.workonflow_comments), (0, 0, 1));
}

#[test]
fn what_is_being_restored_is_on_its_way() {
    let restoring =
        Known { is_deleted: true, registered: Some(delivered(DeliveryState::Pending)), ..known() };
    check(&sides(Some(restoring)), &[Cause::RegistrationPending]);
}

#[test]
fn each_delivery_that_was_not_made_has_its_cause() {
    let dead = Some(delivered(DeliveryState::Dead));
    let both = Known { registered: dead.clone(), commented: dead, ..known() };
    let counts = check(&sides(Some(both)), &[Cause::RegistrationDead, Cause::CommentDead]);
    assert_eq!(counts.differences, 2);
    let pending = Some(delivered(DeliveryState::Pending));
    check(&sides(Some(Known { commented: pending, ..known() })), &[Cause::CommentPending]);
}

#[test]
fn recordings_are_compared_one_by_one() {
    let recordings = vec![Recorded::OnItsWay, Recorded::Failed("too large".to_owned())];
    let two =
        Sides { history: History::Names { recordings: 3 }, ..sides(Some(Known { recordings, ..known() })) };
    check(&two, &[Cause::RecordingNotRead, Cause::RecordingPending, Cause::RecordingFailed]);
}

#[test]
fn who_was_told_of_nothing_misses_nothing() {
    let open = Known { stage: Stage::Open, registered: None, commented: None, ..known() };
    check(&sides(Some(open)), &[]);
    let unplaced = Known { stage: Stage::Unplaced, registered: None, commented: None, ..known() };
    assert_eq!(check(&sides(Some(unplaced)), &[]).unplaced_calls, 1);
    let parked = Known { stage: Stage::Parked, registered: None, ..known() };
    check(&sides(Some(parked)), &[Cause::Parked]);
}

#[test]
fn a_call_that_the_history_does_not_name_is_said_to_be_so() {
    check(&Sides { history: History::Silent, ..sides(Some(known())) }, &[Cause::NotInHistory]);
    let counts = check(&Sides { history: History::None, ..sides(Some(known())) }, &[]);
    assert_eq!((counts.telephony_calls, counts.kontur_calls), (0, 1), "a telephony without a history");
}

#[test]
fn a_registration_that_is_not_kept_any_more_was_made() {
    let counts = check(&sides(Some(Known { registered: None, commented: None, ..known() })), &[]);
    assert_eq!(counts.kontur_calls, 1);
}

fn split(from: &str, to: &str, zone: Zone) -> Vec<(String, String)> {
    let at = |text| Timestamp::parse(text).unwrap();
    let days = days(Window { from: at(from), to: at(to) }, zone);
    days.into_iter().map(|(day, part)| (day, part.from.rfc3339())).collect()
}

#[test]
fn days_are_those_of_the_workspace() {
    let found = split("2026-11-21T20:00:00Z", "2026-11-22T22:00:00Z", Zone::Europe__Moscow);
    let expected = [
        ("2026-11-21", "2026-11-21T20:00:00+00:00"),
        ("2026-11-22", "2026-11-21T21:00:00+00:00"),
        ("2026-11-23", "2026-11-22T21:00:00+00:00"),
    ];
    assert_eq!(found, expected.map(|(day, from)| (day.to_owned(), from.to_owned())));
}

#[test]
fn a_day_without_a_midnight_begins_later() {
    // Beirut puts its clocks forward at midnight.
    let found = split("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", Zone::Asia__Beirut);
    assert_eq!(found[1], ("2026-03-29".to_owned(), "2026-03-28T22:00:00+00:00".to_owned()));
}

proptest! {
    #[test]
    fn days_cover_the_span(from in 1_500_000_000_i64..1_800_000_000, length in 1_i64..40_000_000) {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let window = Window { from: at(from), to: at(from + length) };
        let days = days(window, Zone::Africa__Cairo);
        prop_assert_eq!(days.first().map(|(_, part)| part.from), Some(window.from));
        prop_assert_eq!(days.last().map(|(_, part)| part.to), Some(window.to));
        prop_assert!(days.windows(2).all(|two| two[0].1.to == two[1].1.from && two[0].0 < two[1].0));
    }

    /// However many there are: all are counted, few are listed, and the sums agree.
    #[test]
    fn all_are_counted_and_some_are_listed(missing in 0_usize..3_000, whole in 0_usize..50) {
        let mut report = Report::default();
        (0..missing).for_each(|_| report.count("2026-11-22", &sides(None)));
        (0..whole).for_each(|_| report.count("2026-11-23", &sides(Some(known()))));
        prop_assert_eq!(report.total(), missing as u64);
        prop_assert_eq!(report.repairable(), missing as u64);
        prop_assert_eq!(report.differences.len(), missing.min(LISTED));
        prop_assert_eq!(report.days.values().map(|counts| counts.differences).sum::<u64>(), report.total());
        let stored = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(serde_json::from_str::<Report>(&stored).unwrap(), report);
    }
}
