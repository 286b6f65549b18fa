//! What the world outside has of each call: registered once, one comment, each job once; twice only where nobody could
//! tell.

use domain::call::CallResult;
use domain::outbox::{DeliveryState, DestinationKind, Notice};
use storage::deliveries::DeliveryRecord;

use super::super::coverage::Class;
use super::super::world::World;
use super::KeptCall;

pub(super) fn check(world: &World, office: usize, call: &KeptCall) {
    let name = &call.call.external_id;
    if !call.call.call.is_closed() || call.call.settle_at.is_some() {
        return world.violation(format!("{name}: is not handed on"));
    }
    planned(world, office, call);
    quiet(world, call);
    waited(world, call);
    let registered = |books: &mut super::super::books::Books| {
        let all: Vec<_> = books.communications_of(office, name).cloned().collect();
        (all.len(), all.iter().map(|communication| communication.registered).sum())
    };
    let (communications, registered) = world.books(registered);
    made(world, office, call, "register-call", DestinationKind::Kontur, registered);
    if communications > 1 {
        doubled(world, office, call, DestinationKind::Kontur, &format!("{communications} communications"));
    }
    for kind in ["comment", "file"] {
        let key = (office, name.clone(), kind);
        let comments = world.books(|books| books.comments.get(&key).copied().unwrap_or_default());
        made(world, office, call, kind, DestinationKind::Workonflow, comments);
    }
    for row in rows(call, "job") {
        if let Ok(Notice::Job { rule }) = serde_json::from_str(&row.notice) {
            let key = (office, name.clone(), rule);
            let jobs = world.books(|books| books.jobs.get(&key).copied().unwrap_or_default());
            made(world, office, call, "job", DestinationKind::Metabot, jobs);
        }
    }
}

/// What is planned follows from what the call is.
fn planned(world: &World, office: usize, call: &KeptCall) {
    let office = &world.scenario.offices[office];
    let placed = !call.call.call.could_not_be_placed();
    let recordings = call.call.call.recordings().count();
    let jobs = matches!(call.call.call.result(), CallResult::Answered | CallResult::Missed);
    let expected = [
        ("register-call", usize::from(placed)),
        ("call-failed", usize::from(!placed)),
        ("call-finished", usize::from(placed)),
        ("comment", usize::from(placed && office.workonflow)),
        ("file", if placed && office.workonflow { recordings } else { 0 }),
        ("job", usize::from(jobs && office.metabot)),
    ];
    for (kind, count) in expected {
        let found = rows(call, kind).count();
        if found != count {
            world.violation(format!("{}: {found} × {kind} planned, not {count}", call.call.external_id));
        }
    }
}

/// A call is handed on once it has been quiet. A clock that was set meanwhile cannot tell. A registration may have been
/// parked since: what else was handed on tells when that was.
fn quiet(world: &World, call: &KeptCall) {
    let others = rows(call, "comment").chain(rows(call, "job"));
    let may_be_parked = !world.scenario.unmapped_wait.is_zero();
    let registered = rows(call, "register-call").filter(|_| !may_be_parked);
    let handed_on = others.chain(registered).min_by_key(|row| row.created_at);
    let Some(row) = handed_on.filter(|_| world.scenario.clock_set.is_empty()) else { return };
    let before = call.events.iter().map(|event| event.received_at).filter(|at| *at < row.created_at);
    if before.max().is_some_and(|last| last.plus(world.scenario.settle) > row.created_at) {
        world.violation(format!("{}: was handed on before it was quiet", call.call.external_id));
    }
}

/// A registration that was parked is planned after the comment, which does not wait.
fn waited(world: &World, call: &KeptCall) {
    let Some((registration, comment)) = rows(call, "register-call").next().zip(rows(call, "comment").next())
    else {
        return;
    };
    if registration.id > comment.id {
        let is_over = registration.created_at.since(comment.created_at) >= world.scenario.unmapped_wait;
        world.cover(if is_over { Class::Unmapped } else { Class::Mapped });
        if world.scenario.unmapped_wait.is_zero() {
            world.violation(format!("{}: waited for a user, and should not", call.call.external_id));
        }
    }
}

fn rows<'a>(call: &'a KeptCall, kind: &'static str) -> impl Iterator<Item = &'a DeliveryRecord> {
    call.deliveries.iter().filter(move |row| row.kind == kind)
}

/// Once if it was delivered, at most once if it was given up.
fn made(world: &World, office: usize, call: &KeptCall, kind: &'static str, to: DestinationKind, times: u32) {
    let delivered = rows(call, kind).any(|row| row.state == DeliveryState::Delivered);
    if delivered && times == 0 {
        world.violation(format!("{}: {kind} was delivered, and {to} has none", call.call.external_id));
    }
    if times > 1 {
        doubled(world, office, call, to, &format!("{times} × {kind}"));
    }
}

fn doubled(world: &World, office: usize, call: &KeptCall, to: DestinationKind, what: &str) {
    let name = &call.call.external_id;
    if world.books(|books| books.excused.contains(&(office, to, name.clone()))) {
        world.cover(Class::Doubled);
    } else {
        world.violation(format!("{name}: {what} at {to}, although it could have been looked up"));
    }
}
