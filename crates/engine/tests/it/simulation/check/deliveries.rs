//! Each delivery ended for a reason, in order, in time, and with the pauses that it should have had.

use std::time::Duration;

use domain::outbox::{DeliveryState, DestinationKind, Outcome};
use storage::deliveries::DeliveryRecord;

use super::super::coverage::Class;
use super::super::remote::Attempt;
use super::super::world::World;
use super::{KeptCall, attempts_at};

/// So many failures may open a destination's breaker.
const BREAKER: usize = 5;

pub(super) fn check(world: &World, office: usize, call: &KeptCall, attempts: &[&Attempt]) {
    let broken = |row: &DeliveryRecord, what: &str| {
        world.violation(format!(
            "{} {} {} ({}): {what}",
            call.call.external_id,
            row.destination,
            row.kind,
            row.state.word()
        ));
    };
    for row in &call.deliveries {
        let of_row = attempts_at(row, attempts);
        ended(world, row, &of_row, &broken);
        if row.kind == "call-finished" {
            closed(call, row, &of_row, &broken);
        } else {
            in_time(row, &of_row, &broken);
        }
        paused(world, row, &of_row, &broken);
    }
    for kind in DestinationKind::ALL {
        in_order(world, call, kind, attempts);
        if world.scenario.is_calm_inside() && world.scenario.offices[office].is_calm(kind) {
            unhindered(world, office, call, kind, &broken);
        }
    }
}

/// Delivered, expired or dead, and rightly so.
fn ended(world: &World, row: &DeliveryRecord, attempts: &[&Attempt], broken: &dyn Fn(&DeliveryRecord, &str)) {
    let last = attempts.iter().rev().find_map(|attempt| attempt.outcome.as_ref());
    match row.state {
        DeliveryState::Pending => broken(row, "is stuck"),
        DeliveryState::Delivered if !attempts.iter().any(|attempt| attempt.acted) => {
            broken(row, "its destination never did it");
        }
        DeliveryState::Delivered => {}
        DeliveryState::Expired => {
            world.cover(Class::Expired);
            if row.expires_at.is_none() {
                broken(row, "never expires");
            }
        }
        DeliveryState::Dead => {
            let cause = row.cause.as_deref().unwrap_or_default();
            let explained = match last {
                Some(Outcome::Dead { cause: said, .. }) => cause == said.word(),
                Some(Outcome::Retry { .. }) => cause == "gave_up",
                Some(Outcome::Delivered | Outcome::Skipped { .. }) | None => false,
            };
            if !explained || row.reason.is_none() {
                broken(row, &format!("is dead of {cause:?} after {last:?}"));
            }
            if cause == "gave_up" {
                world.cover(Class::GaveUp);
                given_up_in_time(world, row, broken);
            }
        }
    }
}

fn given_up_in_time(world: &World, row: &DeliveryRecord, broken: &dyn Fn(&DeliveryRecord, &str)) {
    let retries = &world.scenario.retries;
    // The next attempt would have been that late at most: by the schedule, or as a destination wished.
    let pause = retries.delays.last().copied().unwrap_or_default().mul_f64(1.21).max(Duration::from_secs(45));
    let (Some(first), Some(settled)) = (row.first_attempt_at, row.settled_at) else {
        return broken(row, "was given up without an attempt");
    };
    if settled.plus(pause) < first.plus(retries.give_up_after) {
        broken(row, "was given up too early");
    }
}

/// Realtime is never sent once it is too late for it.
fn in_time(row: &DeliveryRecord, attempts: &[&Attempt], broken: &dyn Fn(&DeliveryRecord, &str)) {
    if let Some(expires) = row.expires_at
        && let Some(late) = attempts.iter().find(|attempt| attempt.began >= expires)
    {
        broken(row, &format!("was sent at {}, and expired at {expires}", late.began));
    }
}

/// A call that was opened at its destination is closed there, however late; one that was not is not closed late.
fn closed(
    call: &KeptCall,
    row: &DeliveryRecord,
    attempts: &[&Attempt],
    broken: &dyn Fn(&DeliveryRecord, &str),
) {
    let opening = call.deliveries.iter().find(|other| other.kind == "call-started");
    match opening.map(|opening| opening.state) {
        Some(DeliveryState::Delivered) if row.state == DeliveryState::Expired => {
            broken(row, "its call was opened and is never closed");
        }
        Some(DeliveryState::Expired) => in_time(row, attempts, broken),
        _ => {}
    }
}

/// Between two attempts of one process lies at least the pause that follows from the first.
fn paused(
    world: &World,
    row: &DeliveryRecord,
    attempts: &[&Attempt],
    broken: &dyn Fn(&DeliveryRecord, &str),
) {
    let mut in_this_life = 0;
    for pair in attempts.windows(2) {
        let [first, second] = pair else { continue };
        if first.life != second.life {
            in_this_life = 0;
            continue;
        }
        in_this_life += 1;
        let Some(ended) = first.ended else { continue };
        // A destination that fails again and again is asked by whoever has the turn, at the breaker's pace.
        let pause = match &first.outcome {
            Some(Outcome::Retry { retry_after, .. }) => {
                let delays = &world.scenario.retries.delays;
                let planned = delays[(in_this_life - 1).min(delays.len() - 1)].mul_f64(0.79);
                let wish = retry_after.unwrap_or_default();
                if second.failures_before < BREAKER {
                    planned.max(wish)
                } else {
                    // A destination that fails again and again is asked by whoever has the turn, at the breaker's pace.
                    world.cover(Class::Away);
                    wish
                }
            }
            Some(Outcome::Delivered | Outcome::Skipped { .. } | Outcome::Dead { .. }) => {
                broken(row, "was sent again after its end");
                continue;
            }
            None => continue,
        };
        // The clock on the wall counts. One that was set back meanwhile takes what waits along, and may go on from there.
        let passed = second.began_after.saturating_sub(first.ended_after);
        let due = ended.plus(pause).minus(set_back(world, first, second));
        if second.began < due && passed < pause {
            broken(row, &format!("was sent again at {}, {pause:?} after {ended}", second.began));
        }
    }
}

/// By how much the clock was set back between two attempts.
fn set_back(world: &World, first: &Attempt, second: &Attempt) -> Duration {
    let between = first.ended_after..=second.began_after;
    let steps = world.scenario.clock_set.iter().filter(|(at, _)| between.contains(at));
    let seconds: i64 = steps.map(|(_, seconds)| (-seconds).max(0)).sum();
    Duration::from_secs(seconds.unsigned_abs())
}

/// A destination sees a lane in the order of its rows.
fn in_order(world: &World, call: &KeptCall, kind: DestinationKind, attempts: &[&Attempt]) {
    let rows: Vec<_> = call.deliveries.iter().filter(|row| row.destination == kind.word()).collect();
    let mut furthest = 0;
    for attempt in attempts.iter().filter(|attempt| attempt.lane.1 == kind) {
        let place = rows.iter().position(|row| {
            serde_json::from_str(&row.notice)
                .is_ok_and(|notice: domain::outbox::Notice| notice == attempt.notice)
        });
        let name = format!("{} {kind} {}", call.call.external_id, attempt.notice.word());
        match place {
            None => world.violation(format!("{name}: was sent, but never planned")),
            Some(place) if place < furthest => {
                world.violation(format!("{name}: came after what follows it"));
            }
            Some(place) => furthest = place,
        }
    }
}

/// Where nothing is wrong, nothing waits for what is wrong elsewhere.
fn unhindered(
    world: &World,
    office: usize,
    call: &KeptCall,
    kind: DestinationKind,
    broken: &dyn Fn(&DeliveryRecord, &str),
) {
    let takes = world.scenario.offices[office].takes_at_most(kind);
    let step = takes * 2 + Duration::from_millis(world.scenario.disk_takes) * 6;
    // A handful of calls of a client may wait for each other at Workonflow.
    let enough = step * 40 + Duration::from_secs(5);
    // Where realtime hardly lives longer than that, some of it is late by itself.
    let may_be_late = world.scenario.retries.realtime_expires_after < enough;
    for row in call.deliveries.iter().filter(|row| row.destination == kind.word()) {
        if may_be_late && row.state == DeliveryState::Expired {
            continue;
        }
        let waited = row.settled_at.map(|at| at.since(row.created_at));
        if row.attempts != 1 || waited.is_none_or(|waited| waited > enough) {
            broken(row, &format!("was hindered: {} attempts, {waited:?}", row.attempts));
        }
    }
}
