//! Deliveries as administrators see them.

use domain::outbox::{DeliveryState, DestinationKind};
use poem_openapi::Object;
use serde_json::Value;
use storage::deliveries::{AttemptRecord, DeliveryRecord};

use crate::api::Workspaces;
use crate::api::admin::types::{Moment, Vocabulary, Word};

/// Where deliveries go.
pub(in crate::api::admin) struct Destinations;

impl Vocabulary for Destinations {
    const WORDS: &'static [&'static str] = &[
        DestinationKind::Kontur.word(),
        DestinationKind::Workonflow.word(),
        DestinationKind::Metabot.word(),
    ];
}

/// Where a delivery stands.
pub(in crate::api::admin) struct States;

impl Vocabulary for States {
    const WORDS: &'static [&'static str] = &[
        DeliveryState::Pending.word(),
        DeliveryState::Delivered.word(),
        DeliveryState::Expired.word(),
        DeliveryState::Dead.word(),
    ];
}

/// Something a remote system is told.
#[derive(Debug, Object)]
pub(in crate::api::admin) struct Delivery {
    /// Its number; within a call and destination the smaller one goes first.
    id: i64,
    /// The workspace; `null` once its integration was deleted.
    workspace: Option<String>,
    /// `kontur`, `workonflow` or `metabot`.
    destination: String,
    /// What is told: the name of Kontur's callback, `comment` or `job`.
    kind: String,
    /// About which call.
    call_id: i64,
    /// Where it stands: `pending` is sent now or later, `expired` came too late to be worth sending, `dead` was given
    /// up and waits for a human.
    state: Word<States>,
    /// When it was planned.
    created_at: Moment,
    /// When it is sent next, while pending.
    next_attempt_at: Option<Moment>,
    /// When it is not worth sending any more, if it is realtime.
    expires_at: Option<Moment>,
    /// Attempts so far.
    attempts: u32,
    /// When the first one was made.
    first_attempt_at: Option<Moment>,
    /// When it was delivered, expired or given up.
    settled_at: Option<Moment>,
    /// HTTP status of the last reply.
    http_status: Option<u16>,
    /// The last reply, shortened.
    answer: Option<String>,
    /// Why it was given up, as a class: `validation`, `not_found`, `unauthorized`, `gave_up`, `prerequisite` or
    /// `configuration`.
    cause: Option<String>,
    /// Why the last attempt was not the final one, or why it was given up.
    reason: Option<String>,
    /// What is to be told beyond the call's own facts.
    notice: Value,
}

/// An attempt at a delivery.
#[derive(Debug, Object)]
pub(in crate::api::admin) struct Attempt {
    /// Counted from 1.
    number: u32,
    /// When it began.
    at: Moment,
    /// How long it took, in milliseconds.
    took_ms: f64,
    /// HTTP status of the reply.
    http_status: Option<u16>,
    /// `delivered`, or why it did not succeed.
    outcome: String,
    /// The reply, shortened.
    answer: Option<String>,
}

/// A delivery with its attempts.
#[derive(Debug, Object)]
pub(in crate::api::admin) struct TracedDelivery {
    #[oai(flatten)]
    delivery: Delivery,
    /// Its attempts in order, except for one that succeeded at once: that is all in the delivery itself.
    attempt_log: Vec<Attempt>,
}

impl Delivery {
    /// What is shown of `record`.
    pub(in crate::api::admin) fn of(record: DeliveryRecord, workspaces: &Workspaces) -> Self {
        let is_pending = record.state == DeliveryState::Pending;
        Self {
            id: record.id.0,
            workspace: workspaces.get(&record.instance).map(ToString::to_string),
            destination: record.destination,
            kind: record.kind,
            call_id: record.call.0,
            state: Word::of(record.state.word()),
            created_at: record.created_at.into(),
            next_attempt_at: is_pending.then(|| record.due_at.into()),
            expires_at: record.expires_at.map(Moment::from),
            attempts: record.attempts,
            first_attempt_at: record.first_attempt_at.map(Moment::from),
            settled_at: record.settled_at.map(Moment::from),
            http_status: record.http_status,
            answer: record.answer,
            cause: record.cause,
            reason: record.reason,
            notice: notice(&record.notice),
        }
    }
}

impl TracedDelivery {
    /// What is shown of `record` and its attempts.
    pub(in crate::api::admin) fn of(
        (record, attempts): (DeliveryRecord, Vec<AttemptRecord>),
        workspaces: &Workspaces,
    ) -> Self {
        let attempt_log = attempts.into_iter().map(Attempt::of).collect();
        Self { delivery: Delivery::of(record, workspaces), attempt_log }
    }
}

impl Attempt {
    fn of(record: AttemptRecord) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "an attempt takes seconds, not centuries")]
        let took_ms = record.took_micros as f64 / 1000.0;
        Self {
            number: record.number,
            at: record.at.into(),
            took_ms,
            http_status: record.http_status,
            outcome: record.outcome,
            answer: record.answer,
        }
    }
}

/// The stored notice. The address of a recording may carry a credential of the telephony system.
fn notice(json: &str) -> Value {
    let mut notice: Value = serde_json::from_str(json).unwrap_or_default();
    if let Some(url) = notice.pointer_mut("/recording/url") {
        *url = url.as_str().map(without_credentials).into();
    }
    notice
}

/// A URL without what often is a credential: user, password and query.
pub(in crate::api::admin) fn without_credentials(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return "(not a URL)".to_owned() };
    url.set_query(None);
    // These fail for URLs that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_shown_without_credentials() {
        let json =
            r#"{"notice":"recording","recording":{"leg":"1","url":"https://u:p@pbx.test/r/1.mp3?token=t"}}"#;
        assert_eq!(notice(json)["recording"]["url"], "https://pbx.test/r/1.mp3");
        assert_eq!(notice(r#"{"notice":"register"}"#), serde_json::json!({"notice": "register"}));
    }
}
