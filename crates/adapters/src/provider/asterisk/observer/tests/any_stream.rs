//! Whatever order messages come in, and whatever is lost.

use proptest::prelude::*;

use super::*;

const SCENARIOS: &[&str] = &[
    "transfer_attended",
    "queue_local",
    "picked_up_from_queue",
    "click_to_call_local",
    "overlapping",
    "ring_group_local",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Messages that are lost, repeated or late break nothing, and no leg ends that never rang, nor twice.
    #[test]
    fn tells_a_story_that_holds_together(scenario in proptest::sample::select(SCENARIOS), keep in proptest::collection::vec(0_u8..10, 400), swaps in proptest::collection::vec((0_usize..400, 0_usize..400), 0..20)) {
        let mut heard: Vec<Message> = messages("22", scenario).into_iter().zip(keep.iter().cycle()).flat_map(|(message, keep)| match keep {
            0 => vec![],
            1 => vec![message.clone(), message],
            _ => vec![message],
        }).collect();
        let last = heard.len() - 1;
        for (a, b) in swaps {
            heard.swap(a.min(last), b.min(last));
        }
        let mut observer = Observer::new(rules());
        let mut rung = HashSet::new();
        let mut ended = HashSet::new();
        for message in &heard {
            for event in observer.take(message, Timestamp::from_micros(1)) {
                let Happening::Leg(leg) = &event.happening else { continue };
                let id = (event.call.clone(), leg.id.clone());
                match leg.change {
                    LegChange::Ringing => { rung.insert(id); }
                    LegChange::Ended(_) => {
                        prop_assert!(rung.contains(&id), "{}", shown(&[event]));
                        prop_assert!(ended.insert(id), "{}", shown(&[event]));
                    }
                    _ => prop_assert!(rung.contains(&id) && !ended.contains(&id)),
                }
            }
        }
        // Whatever is left is found out by the next listing.
        observer.begin_listing();
        observer.take(&Message::from_iter([("Event", "CoreShowChannelsComplete")]), Timestamp::from_micros(2));
        prop_assert!(observer.channels.is_empty() && observer.calls.is_empty() && observer.merged.is_empty(), "{observer:?}");
    }
}
