//! Traces.

use std::collections::HashSet;

use simulators::scenario::{Kind, Trace, trace};

#[test]
fn every_trace_begins_and_ends_and_tells_its_times_in_order() {
    for kind in Kind::ALL {
        let events = trace(kind, 7);
        assert_eq!(events[0]["type"], "call.started");
        let last = if kind == Kind::Failed { "call.failed" } else { "call.finished" };
        assert_eq!(events[events.len() - 1]["type"], last);
        let times: Vec<_> = events.iter().map(|event| event["at"].as_str().expect("a time")).collect();
        assert!(times.is_sorted(), "{times:?}");
        let answered = events.iter().any(|event| event["type"] == "leg.answered");
        assert_eq!(answered, kind.is_answered(), "{kind:?}");
        let asked_for = !events[0]["request_id"].is_null();
        assert_eq!(asked_for, matches!(kind, Kind::ClickToCall | Kind::Failed));
    }
}

#[test]
fn calls_share_no_event_no_leg_and_no_client() {
    let mut events = HashSet::new();
    let mut clients = HashSet::new();
    for n in 0..2000 {
        let kind = Kind::ALL[usize::try_from(n).expect("small") % Kind::ALL.len()];
        assert!(clients.insert(Trace::new(kind, n).client_digits()));
        for event in trace(kind, n) {
            assert!(events.insert(event["id"].as_str().expect("an id").to_owned()), "{event}");
        }
    }
    assert!(clients.iter().all(|phone| phone.len() == 11));
}
