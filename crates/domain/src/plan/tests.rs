use super::*;
use crate::call::event::{CallEvent, Happening, LegChange, LegEvent, Party};

fn recording() -> Recording {
    Recording {
        leg: "leg-1".into(),
        url: "https://pbx.test/1.mp3".to_owned(),
        content_type: None,
        size: None,
    }
}

/// A call of that direction that 101 answered, with a recording, over.
fn recorded(direction: Direction) -> Call {
    let leg = |change| {
        let to = Some(Party::User { extension: "101".into() });
        Happening::Leg(LegEvent { id: "leg-1".into(), from: Some(Party::Client), to, change })
    };
    let happenings =
        [leg(LegChange::Answered), Happening::RecordingReady(recording()), Happening::CallFinished(None)];
    let mut call = Call::default();
    for (second, happening) in (0..).zip(happenings) {
        call.fold(&CallEvent {
            id: format!("e-{second}").into(),
            at: Timestamp::from_micros(second * 1_000_000),
            call: "pbx-1".into(),
            direction: Some(direction),
            client_phone: None,
            vats_phone: None,
            request: None,
            happening,
        });
    }
    call
}

fn words(plan: &[(DestinationKind, Notice)]) -> Vec<&'static str> {
    plan.iter().map(|(_, notice)| notice.word()).collect()
}

#[test]
fn a_recording_follows_the_comment_that_it_belongs_to() {
    let client = recorded(Direction::Inbound);
    assert_eq!(words(&hand_on(&client, true, &[])), ["register-call", "comment", "file"]);
    assert_eq!(words(&hand_on(&client, false, &[])), ["register-call"]);
    let late = |call: &Call, workonflow| words(&hand_on_recording(call, &recording(), workonflow, &[]));
    assert_eq!(late(&client, true), ["call-recording", "file"]);
    assert_eq!(late(&client, false), ["call-recording"]);
    let colleague = recorded(Direction::Internal);
    assert_eq!(words(&hand_on(&colleague, true, &[])), ["register-call"]);
    assert_eq!(late(&colleague, true), ["call-recording"]);
}

#[test]
fn a_call_of_the_history_is_told_to_nobody_live_and_one_that_was_told_is_not_silent() {
    let call = recorded(Direction::Inbound);
    let mut of_history = Told::default();
    of_history.skip_realtime();
    assert!(of_history.is_silent());
    assert_eq!(of_history.catch_up(&call), []);
    assert!(of_history.awaits_settling(&call), "it is still handed on");
    let stored = serde_json::to_string(&of_history).unwrap();
    assert_eq!(serde_json::from_str::<Told>(&stored).unwrap(), of_history);

    let mut told_live = Told::default();
    assert!(!told_live.is_silent());
    assert!(matches!(told_live.catch_up(&call).first(), Some(Notice::CallStarted { .. })));
    assert!(!told_live.is_silent());
}
