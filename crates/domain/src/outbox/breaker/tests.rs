//! When it opens, what it lets through, and how it closes.

use proptest::prelude::*;

use super::*;

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn attempted(call: i64, sign: Sign, millis: i64) -> Attempted {
    Attempted { call: CallId(call), sign, retry_after: None, is_done: false, at: at(millis) }
}

/// Without jitter.
fn learn(breaker: &mut Breaker, attempt: Attempted) -> Option<Change> {
    breaker.learn(attempt, &RetrySchedule::default(), 0.5)
}

/// Five calls fail, which opens it.
fn fail(breaker: &mut Breaker, millis: i64) {
    let changes: Vec<_> = (0..5).map(|call| learn(breaker, attempted(call, Sign::Failing, millis))).collect();
    assert_eq!(changes, [None, None, None, None, Some(Change::Opened)]);
}

fn opened() -> Breaker {
    let mut breaker = Breaker::default();
    fail(&mut breaker, 0);
    breaker
}

/// Sends a probe at the time the breaker asks for; gives the breaker's answer and that time.
fn probe(breaker: &mut Breaker, call: i64, sign: Sign) -> (Option<Change>, i64) {
    let Admission::Probe(from) = breaker.admission() else { panic!("{breaker:?}") };
    breaker.probe(CallId(call));
    assert_eq!(breaker.admission(), Admission::Wait);
    let millis = from.micros() / 1_000;
    (learn(breaker, attempted(call, sign, millis)), millis)
}

#[test]
fn five_failures_in_a_row_open_it() {
    assert_eq!(opened().admission(), Admission::Probe(at(500)));
}

#[test]
fn a_success_or_a_refusal_between_them_keeps_it_closed() {
    let mut breaker = Breaker::default();
    for call in 0..100 {
        let sign = if call % 5 == 4 { RemoteErrorKind::Rejected.into() } else { Sign::Failing };
        assert_eq!(learn(&mut breaker, attempted(call, sign, 0)), None);
    }
    assert_eq!(Breaker::default().admission(), Admission::Room(usize::MAX));
}

#[test]
fn one_call_that_the_destination_cannot_cope_with_does_not_open_it() {
    let mut breaker = Breaker::default();
    for millis in 0..100 {
        assert_eq!(learn(&mut breaker, attempted(7, Sign::Failing, millis)), None);
    }
}

#[test]
fn one_call_is_enough_if_the_failure_is_not_about_it() {
    let mut breaker = Breaker::default();
    let changes = (0..5).filter_map(|_| learn(&mut breaker, attempted(7, Sign::Away, 0)));
    assert_eq!(changes.collect::<Vec<_>>(), [Change::Opened]);
}

#[test]
fn what_says_nothing_changes_nothing() {
    let mut breaker = Breaker::default();
    for call in 0..100 {
        assert_eq!(learn(&mut breaker, attempted(call, Sign::Silent, 0)), None);
    }
}

#[test]
fn pauses_follow_the_schedule_up_to_half_a_minute() {
    let mut breaker = opened();
    let mut before = 0;
    for seconds in [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 30.0, 30.0] {
        let (change, millis) = probe(&mut breaker, 1, Sign::Failing);
        assert_eq!(
            (change, Duration::from_millis(millis.abs_diff(before))),
            (None, Duration::from_secs_f64(seconds))
        );
        before = millis;
    }
}

#[test]
fn a_probe_that_gets_through_closes_it_and_the_rest_follows_slowly() {
    let mut breaker = opened();
    assert_eq!(probe(&mut breaker, 1, Sign::Well).0, Some(Change::Closed));
    for room in 2..10 {
        assert_eq!(breaker.admission(), Admission::Room(room));
        learn(&mut breaker, attempted(1, Sign::Well, 1_000));
    }
}

#[test]
fn a_probe_that_asked_nobody_is_made_up_for_after_the_same_pause() {
    let mut breaker = opened();
    let (_, first) = probe(&mut breaker, 1, Sign::Silent);
    let (_, second) = probe(&mut breaker, 2, Sign::Failing);
    assert_eq!(second - first, 500);
}

#[test]
fn a_probe_that_was_too_late_to_be_sent_makes_room_for_the_next_at_once() {
    let mut breaker = opened();
    breaker.probe(CallId(1));
    learn(&mut breaker, Attempted { is_done: true, ..attempted(1, Sign::Silent, 500) });
    assert_eq!(breaker.admission(), Admission::Probe(at(500)));
}

#[test]
fn who_fails_again_at_once_gets_longer_pauses() {
    let mut breaker = opened();
    let (_, back) = probe(&mut breaker, 1, Sign::Well);
    fail(&mut breaker, back);
    assert_eq!(breaker.admission(), Admission::Probe(at(back + 1_000)));
    let (_, back) = probe(&mut breaker, 1, Sign::Well);
    let later = back + 60_000;
    fail(&mut breaker, later);
    assert_eq!(breaker.admission(), Admission::Probe(at(later + 500)));
}

#[test]
fn the_destination_is_left_alone_for_as_long_as_it_asked() {
    let mut breaker = opened();
    let wish = Some(Duration::from_secs(90));
    learn(&mut breaker, Attempted { retry_after: wish, ..attempted(9, Sign::Away, 100) });
    assert_eq!(breaker.admission(), Admission::Probe(at(90_100)));
    breaker.probe(CallId(1));
    learn(&mut breaker, Attempted { retry_after: wish, ..attempted(1, Sign::Away, 90_100) });
    assert_eq!(breaker.admission(), Admission::Probe(at(180_100)));
}

#[test]
fn what_was_sent_before_it_opened_may_close_it_but_not_prolong_the_pause() {
    let mut breaker = opened();
    learn(&mut breaker, attempted(9, Sign::Failing, 400));
    assert_eq!(breaker.admission(), Admission::Probe(at(500)));
    assert_eq!(learn(&mut breaker, attempted(8, Sign::Well, 450)), Some(Change::Closed));
}

#[test]
fn an_administrator_need_not_wait_for_the_end_of_the_pause() {
    let mut breaker = opened();
    breaker.hurry(at(100));
    assert_eq!(breaker.admission(), Admission::Probe(at(100)));
    breaker.hurry(at(200));
    assert_eq!(breaker.admission(), Admission::Probe(at(100)));
}

#[test]
fn a_clock_that_is_set_back_prolongs_no_pause() {
    let mut breaker = Breaker::default();
    fail(&mut breaker, 3_600_000);
    breaker.bring_forward(Duration::from_hours(1));
    assert_eq!(breaker.admission(), Admission::Probe(at(500)));
}

fn any_sign() -> impl Strategy<Value = Sign> {
    prop::sample::select(vec![Sign::Well, Sign::Away, Sign::Failing, Sign::Silent])
}

proptest! {
    /// Whatever happens: at most one probe at a time, a sign of life closes it, a probe always comes within the longest
    /// pause, and it never opens without so many failures since the last success.
    #[test]
    fn it_is_never_stuck(steps in prop::collection::vec((any_sign(), 0_i64..20, 0_i64..2_000), 1..200)) {
        let mut breaker = Breaker::default();
        let (mut millis, mut failures, mut probing) = (0, 0, None);
        for (sign, call, passed) in steps {
            millis += passed;
            if let Admission::Probe(from) = breaker.admission() {
                prop_assert!(from.since(at(millis)) <= Duration::from_secs(36));
                if from <= at(millis) {
                    breaker.probe(CallId(call));
                    probing = Some(call);
                    prop_assert_eq!(breaker.admission(), Admission::Wait);
                }
            }
            let was_open = breaker.is_open();
            let change = breaker.learn(attempted(call, sign, millis), &RetrySchedule::default(), 0.9);
            failures = if sign == Sign::Well { 0 } else { failures + usize::from(sign.is_ill()) };
            match change {
                Some(Change::Opened) => prop_assert!(!was_open && breaker.is_open() && failures >= FAILURES),
                Some(Change::Closed) => prop_assert!(was_open && !breaker.is_open() && sign == Sign::Well),
                None => prop_assert_eq!(was_open, breaker.is_open()),
            }
            if probing == Some(call) {
                prop_assert_ne!(breaker.admission(), Admission::Wait);
                probing = None;
            }
        }
    }
}
