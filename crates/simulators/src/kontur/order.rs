//! The legal order of callbacks: pure rules, each with the sentence that the journal shows when it is broken.

use super::communication::Communication;
use super::wire::EventType;

/// What is wrong with a call-started now.
pub(super) fn call_started(known: &Communication) -> Vec<String> {
    let rules = [
        (known.started, "call-started twice for one communication"),
        (known.finished, "call-started after call-finished"),
        (known.failed, "call-started after call-failed"),
        (known.registered > 0, "call-started after register-call"),
    ];
    broken(&rules)
}

/// What is wrong with a call-event now.
pub(super) fn call_event(
    known: &Communication,
    external_id: &str,
    item: &str,
    kind: EventType,
) -> Vec<String> {
    let rules = [
        (!known.started, "call-event before call-started"),
        (known.finished, "call-event after call-finished"),
        (known.failed, "call-event after call-failed"),
        (known.registered > 0, "call-event after register-call"),
    ];
    let mut texts = broken(&rules);
    texts.extend(other_call(known, external_id));
    let before = known.item_states.get(item).copied();
    if !may_follow(before, kind) {
        texts.push(format!("{kind:?} after {before:?} of the item {item}"));
    }
    texts
}

/// What is wrong with a call-finished now.
pub(super) fn call_finished(known: &Communication, external_id: &str) -> Vec<String> {
    let rules = [
        (!known.started, "call-finished before call-started"),
        (known.finished, "call-finished twice"),
        (known.failed, "call-finished after call-failed"),
        (known.registered > 0, "call-finished after register-call"),
    ];
    let mut texts = broken(&rules);
    texts.extend(other_call(known, external_id));
    texts
}

/// What is wrong with a call-failed now.
pub(super) fn call_failed(known: &Communication) -> Vec<String> {
    let connected = known.events.iter().any(|event| event["type"] == "connected");
    broken(&[
        (!known.requested_by_user, "call-failed for a call that no user started"),
        (known.failed, "call-failed twice"),
        (known.finished, "call-failed after call-finished"),
        (known.registered > 0, "call-failed after register-call"),
        (connected, "call-failed for a call with a conversation"),
    ])
}

/// What is wrong with a register-call that names this communication now.
pub(super) fn register_call(known: &Communication, external_id: &str) -> Vec<String> {
    let mut texts = broken(&[
        (known.registered > 0, "register-call twice for one communication"),
        (known.failed, "register-call after call-failed"),
    ]);
    texts.extend(other_call(known, external_id));
    texts
}

/// What is wrong with a call-recording now.
pub(super) fn call_recording(known: &Communication, external_id: &str, item: &str) -> Vec<String> {
    let mut texts = broken(&[(known.registered == 0, "call-recording before register-call")]);
    texts.extend(other_call(known, external_id));
    if known.registered > 0 && !known.items.iter().any(|registered| registered["id"] == item) {
        texts.push(format!("call-recording for the item {item}, which was not registered"));
    }
    texts
}

/// Items may be seen late (connected without appeared); they never come back.
fn may_follow(before: Option<EventType>, now: EventType) -> bool {
    use EventType::{Appeared, Connected, Disconnected, Finished, Paused};
    match (before, now) {
        (None, Paused) | (Some(Disconnected | Finished), _) | (Some(_), Appeared) => false,
        (Some(before), now) if before == now => false,
        (Some(Appeared), Paused) => false,
        (None, Appeared | Connected | Disconnected | Finished)
        | (Some(Appeared | Connected | Paused), Connected | Paused | Disconnected | Finished) => true,
    }
}

fn other_call(known: &Communication, external_id: &str) -> Option<String> {
    let own = known.external_id.as_deref()?;
    (own != external_id).then(|| format!("externalId {external_id}, but the communication's is {own}"))
}

fn broken(rules: &[(bool, &str)]) -> Vec<String> {
    rules.iter().filter(|(broken, _)| *broken).map(|(_, text)| (*text).to_owned()).collect()
}
