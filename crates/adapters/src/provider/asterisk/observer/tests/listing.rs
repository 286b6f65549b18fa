//! Beginning to listen in mid-call, and after something was missed.

use super::*;

/// Who begins to listen in mid-call tells of the same conversations as who heard all of it.
#[test]
fn a_listing_is_as_good_as_having_listened() {
    for version in ["22", "16"] {
        for scenario in [
            "inbound_answered",
            "ring_group",
            "ivr_queue",
            "transfer_blind",
            "transfer_attended",
            "outbound_answered",
            "click_to_call",
            "picked_up",
            "hold",
        ] {
            let heard = messages(version, scenario);
            let last = heard
                .iter()
                .rposition(|message| message.event() == Some("CoreShowChannelsComplete"))
                .unwrap();
            let before = |message: &Message| message.event() == Some("CoreShowChannel");
            let first = last - heard[..last].iter().rev().take_while(|message| before(message)).count();
            let mut observer = Observer::new(rules());
            observer.begin_listing();
            let late: Vec<_> = heard[first..]
                .iter()
                .flat_map(|message| observer.take(message, Timestamp::from_micros(1)))
                .collect();
            let open_at = |events: &[CallEvent]| -> Vec<String> {
                let ended: HashSet<_> = events
                    .iter()
                    .filter(|event| event.id.as_str().ends_with(":ended"))
                    .map(|event| event.id.to_string().replace(":ended", ":answered"))
                    .collect();
                let mut answered: Vec<_> =
                    events.iter().map(|event| event.id.to_string()).filter(|id| ended.contains(id)).collect();
                answered.sort();
                answered
            };
            let mut earlier = Observer::new(rules());
            let all: Vec<_> =
                heard.iter().flat_map(|message| earlier.take(message, Timestamp::from_micros(1))).collect();
            let (late_answered, all_answered) = (open_at(&late), open_at(&all));
            assert!(!late_answered.is_empty(), "{scenario} on {version}: {}", shown(&late));
            assert!(
                late_answered.iter().all(|id| all_answered.contains(id)),
                "{scenario} on {version}: {late_answered:?} {all_answered:?}"
            );
            assert!(
                late.iter().any(|event| event.id.as_str().ends_with(":finished")),
                "{scenario} on {version}"
            );
            let direction = |events: &[CallEvent]| {
                events
                    .last()
                    .map(|event| (event.direction, event.client_phone.clone(), event.request.clone()))
            };
            assert_eq!(direction(&late), direction(&all), "{scenario} on {version}");
        }
    }
}

/// A call that ended while nobody listened is told to nobody, and known to whoever asks.
#[test]
fn what_ended_unheard_can_be_asked_for() {
    let heard = messages("22", "inbound_answered");
    let talking = heard.iter().position(|message| message.event() == Some("BridgeEnter")).unwrap() + 2;
    let mut observer = Observer::new(rules());
    let events: Vec<_> = heard[..talking]
        .iter()
        .flat_map(|message| observer.take(message, Timestamp::from_micros(1)))
        .collect();
    let id = events[0].call.clone();
    assert!(observer.goes_on(id.as_str()));
    assert_eq!(observer.call(id.as_str()).unwrap().finished_at, None);
    observer.begin_listing();
    let complete = Message::from_iter([("Event", "CoreShowChannelsComplete")]);
    let found_out = Timestamp::from_micros(1_795_500_000_000_000);
    assert_eq!(observer.take(&complete, found_out), []);
    assert!(!observer.goes_on(id.as_str()));
    let past = observer.call(id.as_str()).unwrap();
    assert_eq!((past.finished_at, past.legs[0].finished_at), (Some(found_out), Some(found_out)));
    assert!(observer.channels.is_empty() && observer.calls.is_empty());
}
