//! The disk: takes the store's steps, each after a while, some of them with a mishap.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use storage::{Asked, Look, Stepper};
use tokio::time::Instant;

use super::coverage::Class;
use super::trouble::DiskTrouble;
use super::world::World;

/// Serves the store until the process dies in a commit.
pub(super) async fn run(stepper: &mut Stepper, world: &World) {
    // By when they are due; of the same moment the one that was asked for first.
    let mut looks: BTreeMap<(Instant, u64), Look> = BTreeMap::new();
    let (mut commit_at, mut asked_so_far) = (None, 0);
    loop {
        let look_at = looks.first_key_value().map(|(key, _)| key.0);
        let next = look_at.into_iter().chain(commit_at).min();
        tokio::select! {
            biased;
            asked = stepper.asked() => {
                let due = Instant::now() + world.dice.millis(0, world.scenario.disk_takes);
                match asked {
                    Asked::Change => commit_at = Some(due),
                    Asked::Look(look) => {
                        asked_so_far += 1;
                        looks.insert((due, asked_so_far), look);
                    }
                    Asked::Nothing => std::future::pending().await,
                }
            }
            () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                if commit_at == next {
                    commit_at = None;
                    if !commit(stepper, world) {
                        return;
                    }
                } else if let Some((_, look)) = looks.pop_first() {
                    stepper.answer(look, trouble(world).and_then(DiskTrouble::of_look));
                }
            }
        }
    }
}

/// Says whether the process survived it.
fn commit(stepper: &mut Stepper, world: &World) -> bool {
    let trouble = trouble(world);
    if let Some(trouble) = trouble {
        world.tell(|| format!("disk: {trouble:?}"));
        world.cover(match trouble {
            DiskTrouble::Held => Class::DiskHeld,
            DiskTrouble::Full => Class::DiskFull,
            DiskTrouble::Broken => Class::CommitFailed,
        });
    }
    let mishap = trouble.map(DiskTrouble::of_commit);
    let committed = std::panic::catch_unwind(AssertUnwindSafe(|| stepper.commit(mishap)));
    if committed.is_ok_and(|changes| changes > 1) {
        world.cover(Class::Batch);
    }
    !world.death.is_near()
}

fn trouble(world: &World) -> Option<DiskTrouble> {
    let now = world.time.passed();
    world.scenario.disk.iter().find_map(|spell| spell.strikes(now, &world.dice))
}
