//! How long after the PBX's event a system heard of it: the figure beside every entry of the page.

use chrono::DateTime;
use serde_json::Value;

use crate::journal::{Entry, System};

/// What is older was not caused by the event: a sync, an upgrade, a retry after a long fault.
const LONGEST: i64 = 10 * 60 * 1000;

/// Remembers the newest event while entries pass in order.
#[derive(Debug, Default)]
pub(super) struct Timing {
    newest_event: Option<i64>,
}

impl Timing {
    /// Milliseconds from the event to this entry. Kontur is told the time of the event itself; the others are
    /// compared with the newest event there was.
    pub(super) fn since(&mut self, entry: &Entry) -> Option<i64> {
        let own = event_time(entry);
        self.newest_event = self.newest_event.max(own);
        if entry.operation.starts_with('→') {
            return None;
        }
        let event = match entry.system {
            System::Kontur => own,
            System::Workonflow | System::Metabot => self.newest_event,
            System::Pbx => None,
        };
        event.map(|event| entry.at - event).filter(|since| (0..=LONGEST).contains(since))
    }
}

/// The time of the event that an entry is about, in Unix milliseconds.
fn event_time(entry: &Entry) -> Option<i64> {
    let body = &entry.body;
    match entry.system {
        System::Pbx => {
            let events = body["events"].as_array().map_or(std::slice::from_ref(body), Vec::as_slice);
            events.iter().filter_map(|event| moment(&event["at"])).max()
        }
        System::Kontur if entry.operation == "register-call" => {
            let items = body["items"].as_array()?;
            items.iter().filter_map(|item| moment(&item["finishedAt"])).max()
        }
        System::Kontur => moment(&body["timestamp"]),
        System::Workonflow | System::Metabot => None,
    }
}

fn moment(text: &Value) -> Option<i64> {
    DateTime::parse_from_rfc3339(text.as_str()?).ok().map(|time| time.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::Record;

    const NOON: i64 = 1_795_341_600_000;

    fn entry(system: System, operation: &str, body: Value, at: i64) -> Entry {
        Entry { seq: 1, at: NOON + at, record: Record { body, ..Record::new(system, operation) } }
    }

    fn at(ms: i64) -> String {
        DateTime::from_timestamp_millis(NOON + ms).expect("a time").to_rfc3339()
    }

    #[test]
    fn kontur_is_measured_from_the_time_it_was_told() {
        let mut timing = Timing::default();
        let started = entry(System::Kontur, "call-started", json!({"timestamp": at(0)}), 14);
        assert_eq!(timing.since(&started), Some(14));
        let items = json!({"items": [{"finishedAt": at(1000)}, {"finishedAt": at(900)}]});
        assert_eq!(timing.since(&entry(System::Kontur, "register-call", items, 1531)), Some(531));
        assert_eq!(timing.since(&entry(System::Kontur, "instances/get", Value::Null, 1600)), None);
    }

    #[test]
    fn the_others_are_measured_from_the_newest_event() {
        let mut timing = Timing::default();
        let comment = |ms| entry(System::Workonflow, "comment/create", Value::Null, ms);
        assert_eq!(timing.since(&comment(0)), None);
        let sent = entry(System::Pbx, "→ events", json!({"events": [{"at": at(5)}, {"at": at(7)}]}), 9);
        assert_eq!(timing.since(&sent), None);
        assert_eq!(timing.since(&comment(57)), Some(50));
        assert_eq!(timing.since(&comment(LONGEST + 8)), None);
    }
}
