use proptest::prelude::*;

use super::*;

#[test]
fn words_are_read_back() {
    for state in RecordingState::ALL {
        assert_eq!(RecordingState::parse(state.word()), Some(state));
    }
    for fault in Fault::ALL {
        assert_eq!(Fault::parse(fault.word()), Some(fault));
    }
}

#[test]
fn a_link_is_shown_if_it_carries_no_credential() {
    let link = "https://pbx.test/r/1.mp3";
    assert_eq!(open_link(link).as_deref(), Some(link));
    for url in ["https://u:p@pbx.test/1", "https://u@pbx.test/1", "https://pbx.test/1?t=x", "file:///1", "1"]
    {
        assert_eq!(open_link(url), None, "{url}");
    }
}

#[test]
fn what_was_never_told_is_expected_for_a_day() {
    let ended = Timestamp::from_micros(1_000_000);
    let day = ended.plus(EXPECTED_FOR);
    assert_eq!(RecordingState::untold(ended, ended), RecordingState::Expected);
    assert_eq!(RecordingState::untold(ended, day.minus(Duration::from_micros(1))), RecordingState::Expected);
    assert_eq!(RecordingState::untold(ended, day), RecordingState::None);
}

#[test]
fn a_recording_on_its_way() {
    let mut tracked = Tracked::available(Some(7), None);
    tracked.learn(&News::Hindered { fault: Fault::NotThere, reason: "answered 404".to_owned() });
    assert_eq!((tracked.state, tracked.fault), (RecordingState::Available, Some(Fault::NotThere)));
    tracked.learn(&News::Fetched { size: 9, content_type: "audio/mpeg".to_owned() });
    assert_eq!((tracked.state, tracked.fault, tracked.size), (RecordingState::Fetched, None, Some(9)));
    tracked.give_up(None, "answered 409");
    assert_eq!((tracked.state, tracked.fault), (RecordingState::Failed, Some(Fault::NotTaken)));
    tracked.learn(&News::Attached);
    assert_eq!((tracked.state, tracked.reason), (RecordingState::Attached, None));
}

fn news() -> impl Strategy<Value = Option<News>> {
    let hindered = prop::sample::select(&Fault::ALL[..])
        .prop_map(|fault| Some(News::Hindered { fault, reason: fault.word().to_owned() }));
    let fetched =
        (1..LARGEST).prop_map(|size| Some(News::Fetched { size, content_type: "audio/mpeg".to_owned() }));
    // None: whoever tried gives up.
    prop_oneof![hindered, fetched, Just(Some(News::Attached)), Just(None)]
}

proptest! {
    /// Whatever is learned in whatever order: only allowed changes, what is attached stays so, what failed says why.
    #[test]
    fn only_allowed_changes(all in prop::collection::vec(news(), 0..12)) {
        let mut tracked = Tracked::available(None, None);
        for one in &all {
            let before = tracked.state;
            match one {
                Some(news) => tracked.learn(news),
                None => tracked.give_up(tracked.fault, "gave up"),
            }
            prop_assert!(before == tracked.state || before.may_become(tracked.state), "{before:?} {tracked:?}");
            prop_assert_eq!(tracked.fault.is_some(), tracked.reason.is_some());
            prop_assert!(tracked.state != RecordingState::Failed || tracked.fault.is_some());
            prop_assert!(tracked.state != RecordingState::Attached || tracked.fault.is_none());
        }
        let was_attached = all.contains(&Some(News::Attached));
        prop_assert_eq!(tracked.state == RecordingState::Attached, was_attached);
    }

    /// What is derived without a row never follows what has one.
    #[test]
    fn nothing_returns_to_being_untold(from in prop::sample::select(&RecordingState::ALL[..])) {
        prop_assert!(!from.may_become(RecordingState::Expected));
        prop_assert_eq!(from.may_become(RecordingState::None), from == RecordingState::Expected);
        prop_assert!(!from.may_become(from));
    }
}
