use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_795_330_800_000_000);

fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

fn back(from: Duration) -> Window {
    Window { from: NOW.minus(from), to: NOW }
}

/// All parts of a window, each of one page.
fn parts(window: Window) -> Vec<Window> {
    let mut position = Position::start(window);
    let mut parts = Vec::new();
    while let Some(part) = position.part(window) {
        position = position.after_page(part, None);
        parts.push(part);
    }
    parts
}

#[test]
fn the_first_sync_looks_back_a_day_and_each_other_reads_a_little_again() {
    assert_eq!(news(None, NOW), back(LOOK_BACK));
    assert_eq!(news(Some(NOW.minus(hours(1))), NOW), back(hours(1) + OVERLAP));
    assert_eq!(news(Some(NOW.plus(hours(9))), NOW), back(OVERLAP), "the clock was set back");
}

#[test]
fn a_day_is_read_whole_and_months_in_parts() {
    assert_eq!(parts(back(DAY)), [back(DAY)]);
    assert_eq!(parts(back(hours(48))).len(), 8);
    assert_eq!(parts(back(hours(24 * 200))).len(), 200);
    assert_eq!(parts(back(hours(24 * 12_000))).len(), 400, "thirty days at most");
    assert_eq!(parts(Window { from: NOW, to: NOW }), []);
}

#[test]
fn a_part_goes_on_page_after_page() {
    let window = back(hours(48));
    let start = Position::start(window);
    let part = start.part(window).unwrap();
    let second = start.after_page(part, Some("2".to_owned()));
    assert_eq!((second.part(window), second.cursor.as_deref()), (Some(part), Some("2")));
    let next = second.after_page(part, None);
    assert_eq!(next, Position { read_until: part.to, cursor: None, taken: 0 });
}

#[test]
fn what_is_left_follows_from_what_is_done() {
    let window = back(hours(100));
    let half = Position { read_until: NOW.minus(hours(50)), cursor: None, taken: 0 };
    assert!((half.share(window) - 0.5).abs() < 1e-9);
    assert_eq!(time_left(half.share(window), hours(1)), Some(hours(1)));
    assert_eq!(time_left(0.0, hours(1)), None, "nobody can say");
    assert_eq!(time_left(1.0, hours(1)), Some(Duration::ZERO));
}

#[test]
fn a_pace_is_kept() {
    assert_eq!(Pace::per_minute(Some(120)).unwrap().time_for(60), Duration::from_secs(30));
    assert_eq!(Pace::per_minute(None), None);
    assert_eq!(Pace::per_minute(Some(0)), None);
}

fn error(kind: RemoteErrorKind) -> RemoteError {
    RemoteError::new("generic", "read history", kind, "no")
}

#[track_caller]
fn check(purpose: Purpose, has_begun: bool, kind: RemoteErrorKind, times: u32, expected: &Missing) {
    let position = Position { read_until: NOW, cursor: has_begun.then(|| "2".to_owned()), taken: 0 };
    let trouble = Trouble { times, lasted: Duration::from_secs(times.into()) };
    assert_eq!(missing(purpose, &position, has_begun, &error(kind), trouble), *expected, "{kind:?}");
}

#[test]
fn a_page_that_is_not_had() {
    use Missing::{Fail, FromTheStart, Later};
    use RemoteErrorKind::{NotFound, RateLimited, Rejected, Unauthorized, Unavailable, Unreachable};
    let seconds = |count| Later(Duration::from_secs(count));
    check(Purpose::News, true, Unavailable, 0, &Fail);
    check(Purpose::News, false, RateLimited, 2, &seconds(10));
    check(Purpose::News, false, RateLimited, 3, &Fail);
    check(Purpose::Span, false, RateLimited, 3, &seconds(10));
    check(Purpose::Span, false, Unreachable, 0, &Fail);
    check(Purpose::Span, true, Unreachable, 0, &seconds(1));
    check(Purpose::Span, true, Unavailable, 2, &seconds(4));
    check(Purpose::Again, true, Unavailable, 20, &seconds(10));
    check(Purpose::Span, true, Unauthorized, 0, &Fail);
    check(Purpose::News, true, Rejected, 0, &FromTheStart);
    check(Purpose::Span, true, NotFound, 1, &Fail);
    check(Purpose::Span, false, NotFound, 0, &Fail);
}

#[test]
fn patience_ends() {
    let trouble = Trouble { times: 99, lasted: PATIENCE };
    let position = Position { read_until: NOW, cursor: Some("2".to_owned()), taken: 0 };
    let limited = error(RemoteErrorKind::RateLimited);
    assert_eq!(missing(Purpose::Span, &position, true, &limited, trouble), Missing::Fail);
}

#[test]
fn a_provider_is_left_alone_as_long_as_it_asks_within_reason() {
    for (asked, pause) in [(30, 30), (86_400, 300)] {
        let limited = RemoteError {
            retry_after: Some(Duration::from_secs(asked)),
            ..error(RemoteErrorKind::RateLimited)
        };
        let position = Position::start(back(DAY));
        let found = missing(Purpose::News, &position, false, &limited, Trouble::default());
        assert_eq!(found, Missing::Later(Duration::from_secs(pause)));
    }
}

proptest! {
    /// The parts of any window are the window: no gap, no overlap, and none too long.
    #[test]
    fn parts_cover_the_window(seconds in 1_u64..400_000_000) {
        let window = back(Duration::from_secs(seconds));
        let parts = parts(window);
        prop_assert_eq!(parts.first().map(|part| part.from), Some(window.from));
        prop_assert_eq!(parts.last().map(|part| part.to), Some(window.to));
        prop_assert!(parts.windows(2).all(|two| two[0].to == two[1].from));
        prop_assert!(parts.iter().all(|part| part.to.since(part.from) <= LONGEST_PART));
    }
}
