//! What a template may say of a call: `{{ call.client_phone }}` and the like. What is not known is an empty text, so
//! that `{% if call.reason %}` works.

use std::time::Duration;

use chrono_tz::Tz;
use domain::call::leg::Leg;
use domain::call::{Call, event::Party};
use domain::clock::Timestamp;
use domain::phone::Phone;
use domain::port::destination::Delivery;
use minijinja::Value;

use super::{rfc3339, words};

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// The facts of one call, times in the time zone asked for.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct Facts {$(
            $(#[$doc])*
            pub(crate) $name: $type,
        )*}

        impl Facts {
            /// As templates see them.
            pub(super) fn value(&self) -> Value {
                Value::from_pairs([$((stringify!($name), Value::from(self.$name.clone()))),*])
            }
        }

        /// The names a template may use, without `call.`.
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

facts! {
    /// Digits, or `anonymous`.
    client_phone: String,
    /// The client's number for people: `+79997775533`, `номер скрыт`.
    client_text: String,
    /// The company's number: digits, or empty.
    vats_phone: String,
    /// `inbound`, `outbound`, `internal`.
    direction: &'static str,
    /// `answered`, `missed`, `failed`.
    result: &'static str,
    /// `busy`, `no_answer`, … (design, Generic PBX), or empty.
    reason: &'static str,
    /// RFC 3339.
    started_at: String,
    /// RFC 3339, or empty.
    answered_at: String,
    /// RFC 3339, or empty.
    finished_at: String,
    /// Whether the end was inferred, since the telephony never told it.
    end_inferred: bool,
    /// Seconds until somebody answered or the call ended.
    wait_seconds: u64,
    /// Seconds of conversation.
    talk_seconds: u64,
    /// Who talked with the client last, else who was rung last, or empty.
    employee_extension: String,
    /// The short name of the call.
    reference: String,
    /// The provider's id of the call.
    external_id: String,
    /// `Входящий`, `Исходящий`.
    direction_text: &'static str,
    /// The result with its reason, in Russian.
    result_text: String,
    /// `22.11.2026 10:00:00`.
    started_at_text: String,
    /// `1 мин 2 с`.
    wait_text: String,
    /// `1 мин 2 с`.
    talk_text: String,
}

impl Facts {
    /// The facts of the call that is being delivered.
    pub(crate) fn of(delivery: &Delivery<'_>, zone: Tz) -> Self {
        let call = delivery.call;
        let (wait, talk) = (wait(call), talk(call));
        let time = |at: Timestamp| rfc3339(&at.utc().with_timezone(&zone));
        Self {
            client_phone: call.client_phone().as_str().to_owned(),
            client_text: shown(&call.client_phone()),
            vats_phone: call.vats_phone().map_or_else(String::new, |phone| phone.as_str().to_owned()),
            direction: call.direction().word(),
            result: call.result().word(),
            reason: call.reason().map_or("", |reason| reason.word()),
            started_at: time(call.began_at()),
            answered_at: call.answered_at().map_or_else(String::new, time),
            finished_at: call.ended_at().map_or_else(String::new, time),
            end_inferred: call.end_is_inferred(),
            wait_seconds: wait.as_secs(),
            talk_seconds: talk.as_secs(),
            employee_extension: employee(call),
            reference: delivery.reference.as_str().to_owned(),
            external_id: delivery.external_id.as_str().to_owned(),
            direction_text: words::direction(call.direction()),
            result_text: words::result(call.result(), call.reason()),
            started_at_text: call
                .began_at()
                .utc()
                .with_timezone(&zone)
                .format("%d.%m.%Y %H:%M:%S")
                .to_string(),
            wait_text: words::span(wait),
            talk_text: words::span(talk),
        }
    }
}

/// A number for people. Short ones are extensions or service numbers: they take no `+`.
fn shown(phone: &Phone) -> String {
    match phone.as_str() {
        _ if phone.is_anonymous() => "номер скрыт".to_owned(),
        digits if digits.len() > 6 => format!("+{digits}"),
        digits => digits.to_owned(),
    }
}

fn employee(call: &Call) -> String {
    let leg = with_employee(call);
    match leg.and_then(Leg::employee) {
        Some(Party::User { extension }) => extension.as_str().to_owned(),
        _ => String::new(),
    }
}

/// The leg of whoever has the client in hand: the last conversation with the client, not one among colleagues that
/// prepared a transfer; where nobody talked, the attempt that came last.
fn with_employee(call: &Call) -> Option<&Leg> {
    let talked = call.legs().values().filter(|leg| leg.conversation_began_at().is_some());
    let last = talked.max_by_key(|leg| (has_client(leg), leg.conversation_began_at()));
    last.or_else(|| call.rung_last().map(|(_, leg)| leg))
}

fn has_client(leg: &Leg) -> bool {
    [leg.from(), leg.to()].contains(&&Party::Client)
}

fn wait(call: &Call) -> Duration {
    let until = call.answered_at().or(call.ended_at());
    until.map_or(Duration::ZERO, |until| until.since(call.began_at()))
}

/// From the first word to the last, pauses on hold included.
fn talk(call: &Call) -> Duration {
    let ended = |leg: &Leg| leg.conversation_began_at().and(call.leg_ended_at(leg));
    let last = call.legs().values().filter_map(ended).max();
    call.answered_at().zip(last).map_or(Duration::ZERO, |(began, ended)| ended.since(began))
}
