//! What has to be true once the trouble is over and everything had time to come to rest.

mod deliveries;
mod effects;
mod status;

use std::collections::BTreeSet;

use domain::outbox::DestinationKind;
use engine::Engine;
use storage::calls::{CallFilter, EventRecord, StoredCall};
use storage::deliveries::DeliveryRecord;
use storage::error::StorageError;
use storage::instances::{StatusChange, StoredInstance};
use storage::{Store, Tx};

use super::coverage::Class;
use super::remote::Attempt;
use super::world::World;

/// The mark that a change makes which fails: it may not be there.
pub(super) const POISON: &str = "poison";

/// What is stored of an office.
struct Kept {
    office: usize,
    instance: StoredInstance,
    /// The earliest first.
    changes: Vec<StatusChange>,
    dead: BTreeSet<DestinationKind>,
    calls: Vec<KeptCall>,
    poisoned: bool,
}

/// What is stored of a call.
struct KeptCall {
    call: StoredCall,
    events: Vec<EventRecord>,
    deliveries: Vec<DeliveryRecord>,
}

/// Looks everything through.
pub(super) async fn all(world: &World, store: &Store, engine: &Engine) {
    let workspaces: Vec<_> = world.scenario.offices.iter().map(|office| office.workspace.clone()).collect();
    let kept = store.read(move |tx| {
        workspaces.iter().enumerate().map(|(office, workspace)| keep(tx, office, workspace)).collect()
    });
    let kept: Vec<Kept> = match kept.await {
        Ok(kept) => kept,
        Err(error) => return world.violation(format!("the store cannot be read: {error}")),
    };
    match store.read(|tx| tx.count_parked()).await {
        Ok(0) => {}
        still => world.violation(format!("parked to the end: {still:?}")),
    }
    let attempts = world.attempts(|attempts| attempts.clone());
    for kept in &kept {
        if kept.poisoned {
            world.violation("a change that failed was kept".to_owned());
        }
        timelines(world, kept);
        status::check(world, kept, engine, &attempts);
        for call in &kept.calls {
            let of_call: Vec<_> = attempts
                .iter()
                .filter(|attempt| attempt.lane.0 == kept.office && attempt.lane.2 == call.call.external_id)
                .collect();
            deliveries::check(world, kept.office, call, &of_call);
            effects::check(world, kept.office, call);
        }
    }
}

fn keep(tx: &Tx<'_>, office: usize, workspace: &str) -> Result<Kept, StorageError> {
    let instance = tx.find_instance(&workspace.into())?.ok_or(StorageError::Closed)?;
    let filter = CallFilter { instance: Some(instance.id), limit: 1_000, ..CallFilter::default() };
    let mut calls = Vec::new();
    for call in tx.list_calls(&filter)? {
        let (events, deliveries) = (tx.events_of(call.id)?, tx.deliveries_of(call.id)?);
        calls.push(KeptCall { call, events, deliveries });
    }
    let mut changes = tx.status_changes(instance.id, 10_000)?;
    changes.reverse();
    let mut dead = BTreeSet::new();
    for kind in DestinationKind::ALL {
        if tx.has_dead_deliveries(instance.id, kind)? {
            dead.insert(kind);
        }
    }
    let poisoned = tx.mark(instance.id, POISON)?.is_some();
    Ok(Kept { office, instance, changes, dead, calls, poisoned })
}

/// Everything that a PBX sent was acknowledged, and is in the timeline of its call; nothing else is.
fn timelines(world: &World, kept: &Kept) {
    let mut sent = BTreeSet::new();
    for (number, post) in world.scenario.posts.iter().enumerate() {
        if post.office == kept.office {
            sent.extend(post.events.iter().cloned());
            if !world.sent(number).acknowledged {
                world.violation(format!("post {number} was never acknowledged"));
            }
        }
    }
    let mut stored = BTreeSet::new();
    for call in &kept.calls {
        let of_call = |event: &EventRecord| (call.call.external_id.to_string(), event.event_id.clone());
        stored.extend(call.events.iter().map(of_call));
        let handed_on = call.deliveries.iter().find(|delivery| delivery.kind == "register-call");
        if handed_on.is_some_and(|row| call.events.iter().any(|event| event.received_at > row.created_at)) {
            world.cover(Class::Straggler);
        }
        if call.events.is_empty() {
            world.violation(format!("call {} is stored, but none of its events", call.call.external_id));
        }
    }
    for (call, event) in sent.difference(&stored) {
        world.violation(format!("event {event} of call {call} was acknowledged and is lost"));
    }
    for (call, event) in stored.difference(&sent) {
        world.violation(format!("event {event} of call {call} is stored, but nobody sent it"));
    }
}

/// Attempts at one row.
fn attempts_at<'a>(row: &DeliveryRecord, attempts: &[&'a Attempt]) -> Vec<&'a Attempt> {
    let is_of_row = |attempt: &&&Attempt| {
        attempt.lane.1.word() == row.destination
            && serde_json::from_str(&row.notice)
                .is_ok_and(|notice: domain::outbox::Notice| notice == attempt.notice)
    };
    attempts.iter().filter(is_of_row).copied().collect()
}
