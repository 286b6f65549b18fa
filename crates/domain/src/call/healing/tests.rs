//! When to ask and when to infer.

use proptest::prelude::*;

use super::*;

const PATIENCE: Patience =
    Patience { ask_after: Duration::from_mins(10), infer_after: Duration::from_hours(4) };

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute * 60_000_000)
}

const WATCH: Watch = Watch { patience: PATIENCE, listening_since: Timestamp::from_micros(0) };

/// The last event came at minute 0, the last sign of life at `last_sign`.
fn quiet(last_sign: i64) -> Quiet {
    Quiet { since: minute(0), last_sign_at: minute(last_sign) }
}

fn again(at: i64) -> Verdict {
    Verdict::LookAgain(minute(at))
}

#[test]
fn the_defaults_are_the_documented_ones() {
    assert_eq!(Patience::default(), PATIENCE);
    assert_eq!(PATIENCE.look_every(), Duration::from_secs(30));
}

#[test]
fn a_quiet_call_is_asked_for_where_that_is_possible_and_else_inferred_to_be_over() {
    let wait = |at| Step::Then(again(at));
    for (last_sign, askable, now, expected) in [
        (0, true, 0, wait(10)),
        (0, true, 9, wait(10)),
        (0, true, 10, Step::Ask),
        (0, true, 600, Step::Ask),
        (300, true, 305, wait(310)),
        (300, true, 310, Step::Ask),
        (300, true, 299, Step::Ask),
        (0, false, 10, wait(240)),
        (0, false, 239, wait(240)),
        (0, false, 240, Step::Then(Verdict::InferEnd)),
        (300, false, 310, wait(540)),
    ] {
        assert_eq!(
            WATCH.step(quiet(last_sign), askable, minute(now)),
            expected,
            "{last_sign} {askable} {now}"
        );
    }
}

#[test]
fn an_answer_says_what_follows() {
    use Answer::{Ended, GoesOn, None, Unknown};
    for (last_sign, answer, now, expected) in [
        (0, GoesOn, 10, again(20)),
        (20, GoesOn, 40, again(80)),
        (200, GoesOn, 300, again(360)),
        (0, GoesOn, 10_000, again(10_060)),
        (0, Ended, 10, again(20)),
        (0, Unknown, 10, again(20)),
        (0, None, 100, again(160)),
        (0, None, 200, again(240)),
        (0, None, 240, Verdict::InferEnd),
        (0, Unknown, 241, Verdict::InferEnd),
        (200, Unknown, 241, again(301)),
        (200, None, 440, Verdict::InferEnd),
    ] {
        assert_eq!(
            WATCH.after(quiet(last_sign), answer, minute(now)),
            expected,
            "{last_sign} {answer:?} {now}"
        );
    }
}

/// The server was away for a night: the telephony may still have the end to tell.
#[test]
fn who_has_just_come_back_listens_first() {
    let watch = Watch { listening_since: minute(600), ..WATCH };
    assert_eq!(watch.step(quiet(0), true, minute(600)), Step::Ask);
    assert_eq!(watch.after(quiet(0), Answer::None, minute(600)), again(610));
    assert_eq!(watch.after(quiet(0), Answer::None, minute(610)), Verdict::InferEnd);
    assert_eq!(watch.step(quiet(0), false, minute(600)), Step::Then(again(610)));
    assert_eq!(watch.step(quiet(0), false, minute(610)), Step::Then(Verdict::InferEnd));
}

/// Looks at a call again and again, always with the same answer; gives the minutes of the questions and of the end.
fn looks(answer: Option<Answer>, watch: Watch) -> (Vec<i64>, Option<i64>) {
    let (mut now, mut quiet, mut asked) = (minute(0), quiet(0), Vec::new());
    for _ in 0..50 {
        let verdict = match (watch.step(quiet, answer.is_some(), now), answer) {
            (Step::Then(verdict), _) => verdict,
            (Step::Ask, answer) => {
                asked.push(now.seconds() / 60);
                let answer = answer.unwrap_or(Answer::None);
                let verdict = watch.after(quiet, answer, now);
                if answer == Answer::GoesOn {
                    quiet.last_sign_at = now;
                }
                verdict
            }
        };
        match verdict {
            Verdict::LookAgain(at) => now = at,
            Verdict::InferEnd => return (asked, Some(now.seconds() / 60)),
        }
    }
    (asked, None)
}

#[test]
fn pauses_grow_and_the_end_is_inferred_on_time() {
    assert_eq!(looks(Some(Answer::None), WATCH), (vec![10, 20, 40, 80, 140, 200, 240], Some(240)));
    assert_eq!(looks(None, WATCH), (vec![], Some(240)));
    let (asked, inferred) = looks(Some(Answer::GoesOn), WATCH);
    assert_eq!((&asked[..7], inferred), (&[10, 20, 40, 80, 140, 200, 260][..], None));
}

proptest! {
    /// Whatever was configured: every look moves on, and a call nobody vouches for ends exactly at the limit.
    #[test]
    fn silence_ends(ask in 1_u64..100_000, more in 0_u64..2_000) {
        let patience = Patience {
            ask_after: Duration::from_mins(ask),
            infer_after: Duration::from_mins(ask + more),
        };
        for answer in [None, Some(Answer::Unknown), Some(Answer::None)] {
            let (asked, inferred) = looks(answer, Watch { patience, ..WATCH });
            prop_assert!(asked.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(inferred, i64::try_from(ask + more).ok());
        }
    }

    #[test]
    fn the_next_look_is_always_ahead(since in 0_i64..10_000, quiet_for in 0_i64..10_000, more in 0_i64..10_000) {
        let quiet = Quiet { since: minute(since), last_sign_at: minute(since + quiet_for) };
        let now = minute(since + quiet_for + more);
        let answers = [Answer::Ended, Answer::GoesOn, Answer::Unknown, Answer::None];
        let after = answers.map(|answer| WATCH.after(quiet, answer, now));
        let steps = [true, false].map(|askable| WATCH.step(quiet, askable, now));
        let without_asking = steps.into_iter().filter_map(|step| match step {
            Step::Then(verdict) => Some(verdict),
            Step::Ask => None,
        });
        for verdict in after.into_iter().chain(without_asking) {
            prop_assert!(!matches!(verdict, Verdict::LookAgain(at) if at <= now), "{verdict:?} at {now}");
        }
    }
}
