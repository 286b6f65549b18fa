//! What replicas tell each other.

use domain::id::{CallId, InstanceId};
use serde::{Deserialize, Serialize};

/// Things named in one message: PostgreSQL takes 8,000 bytes.
const AT_ONCE: usize = 150;

/// What happened elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Deliveries of these calls were planned, or made due.
    Planned(Vec<(InstanceId, CallId)>),
    /// Instances were made, deleted or changed.
    Changed(Vec<InstanceId>),
    /// Runs of the history sync were asked for.
    Syncs(Vec<InstanceId>),
    /// There are claims that nobody holds.
    Free,
    /// Something may have been told while nobody listened.
    Missed,
}

/// A message as it is sent.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Message {
    /// Who tells it.
    from: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    planned: Vec<(i64, i64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    syncs: Vec<i64>,
}

impl News {
    /// As messages of replica `from`.
    pub(super) fn payloads(&self, from: i64) -> Vec<String> {
        let ids = |instances: &[InstanceId]| instances.iter().map(|instance| instance.0).collect();
        let messages: Vec<Message> = match self {
            Self::Planned(calls) => {
                let pairs =
                    |calls: &[(InstanceId, CallId)]| calls.iter().map(|(of, call)| (of.0, call.0)).collect();
                calls
                    .chunks(AT_ONCE)
                    .map(|some| Message { from, planned: pairs(some), ..Message::default() })
                    .collect()
            }
            Self::Changed(all) => all
                .chunks(AT_ONCE)
                .map(|some| Message { from, changed: ids(some), ..Message::default() })
                .collect(),
            Self::Syncs(all) => all
                .chunks(AT_ONCE)
                .map(|some| Message { from, syncs: ids(some), ..Message::default() })
                .collect(),
            // Nothing to tell says nothing.
            Self::Free | Self::Missed => vec![Message { from, ..Message::default() }],
        };
        messages.iter().map(|message| serde_json::to_string(message).unwrap_or_default()).collect()
    }

    /// What a message says; one that this version cannot read says that something was missed.
    pub(super) fn read(payload: &str) -> (Option<i64>, Self) {
        let Ok(message) = serde_json::from_str::<Message>(payload) else { return (None, Self::Missed) };
        let instances = |ids: Vec<i64>| ids.into_iter().map(InstanceId).collect();
        let Message { from, planned, changed, syncs } = message;
        let news = if !planned.is_empty() {
            Self::Planned(planned.into_iter().map(|(of, call)| (InstanceId(of), CallId(call))).collect())
        } else if !changed.is_empty() {
            Self::Changed(instances(changed))
        } else if !syncs.is_empty() {
            Self::Syncs(instances(syncs))
        } else {
            Self::Free
        };
        (Some(from), news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let calls =
            |count: i64| (0..count).map(|n| (InstanceId(i64::MAX - n), CallId(i64::MAX - n))).collect();
        for news in [
            News::Planned(calls(3)),
            News::Changed(vec![InstanceId(7)]),
            News::Syncs(vec![InstanceId(8), InstanceId(9)]),
            News::Free,
        ] {
            let [payload] = &news.payloads(5)[..] else { panic!("{news:?} is one message") };
            assert_eq!(News::read(payload), (Some(5), news));
        }
        let many = News::Planned(calls(1_000)).payloads(5);
        assert!(many.len() > 1 && many.iter().all(|payload| payload.len() < 8_000));
    }

    #[test]
    fn what_another_version_tells_is_looked_for() {
        assert_eq!(News::read("hello"), (None, News::Missed));
    }
}
