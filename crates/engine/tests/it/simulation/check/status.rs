//! The status is explained by its reasons, the reasons by what is wrong, and its history has no gap.

use std::time::Duration;

use domain::instance::status::{Condition, Failure, Signal, Status};
use domain::outbox::{DestinationKind, Outcome};
use engine::Engine;
use engine::status::dead_deliveries;

use super::super::coverage::Class;
use super::super::remote::Attempt;
use super::super::world::World;
use super::Kept;

pub(super) fn check(world: &World, kept: &Kept, engine: &Engine, attempts: &[Attempt]) {
    let condition = &kept.instance.condition;
    let broken = |what: String| {
        world.violation(format!(
            "{}: {what}; its reasons: {:?}",
            kept.instance.workspace,
            condition.reasons()
        ));
    };
    if condition.reasons().is_empty() != (condition.status() == Status::Active) {
        broken(format!("is {} for no reason", condition.status().word()));
    }
    if engine.instance(kept.instance.workspace.as_str()).is_ok_and(|known| *known.condition() != *condition) {
        broken("what is known in memory is not what is stored".to_owned());
    }
    for kind in DestinationKind::ALL {
        let (dead, fault) = (kept.dead.contains(&kind), Signal::FaultCleared(dead_deliveries(kind)));
        match (dead, holds(condition, fault)) {
            (true, false) => {
                broken(format!("there are dead letters to {kind}, and its status does not say so"));
            }
            (false, true) => broken(format!("there are no dead letters to {kind}, and its status says so")),
            (true, true) | (false, false) => {}
        }
    }
    credentials(world, kept, attempts, &broken);
    history(world, kept, &broken);
}

/// Whether the condition has what the signal would clear.
fn holds(condition: &Condition, clears: Signal) -> bool {
    condition.clone().after(clears) != *condition
}

/// Failed while Kontur refuses the credentials, and no longer once it has taken them again.
fn credentials(world: &World, kept: &Kept, attempts: &[Attempt], broken: &dyn Fn(String)) {
    let fails = holds(&kept.instance.condition, Signal::CredentialsAccepted(Failure::KonturCredentials));
    let to_kontur = attempts
        .iter()
        .filter(|attempt| attempt.lane.0 == kept.office && attempt.lane.1 == DestinationKind::Kontur);
    let ended = |wanted: &dyn Fn(&Attempt) -> bool| {
        to_kontur.clone().filter(|attempt| wanted(attempt)).filter_map(|attempt| attempt.ended).max()
    };
    let refused = ended(&|attempt| attempt.unauthorized);
    // What was refused and what was taken at about the same time may have been stored the other way round.
    let room = Duration::from_secs(30);
    let taken_since = |refused: domain::clock::Timestamp| {
        ended(&|attempt| attempt.outcome == Some(Outcome::Delivered) && attempt.began > refused.plus(room))
    };
    match refused {
        None if fails => broken("nobody refused its credentials".to_owned()),
        Some(refused) if fails && world.scenario.clock_set.is_empty() && taken_since(refused).is_some() => {
            broken("its credentials work again".to_owned());
        }
        _ => {}
    }
}

fn history(world: &World, kept: &Kept, broken: &dyn Fn(String)) {
    let mut status = Status::NotConfigured.code();
    for change in &kept.changes {
        if change.from != status || change.to == status {
            broken(format!("its history goes from {} to {} after {status}", change.from, change.to));
        }
        if change.reason.is_empty() {
            broken("a change has no reason".to_owned());
        }
        status = change.to;
    }
    if status != kept.instance.condition.status().code() {
        broken(format!("its history ends with {status}"));
    }
    if kept.changes.len() > 1 {
        world.cover(Class::StatusChanged);
    }
}
