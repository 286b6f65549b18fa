//! The life of one process: a runtime of its own, so that everything dies with it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::call::healing::Patience;
use domain::clock::Clock;
use domain::id::InstanceId;
use domain::instance::settings::UserMapping;
use domain::outbox::limits::Limits;
use domain::port::crash::CrashPoints;
use domain::retention::Retention;
use engine::vault::Vault;
use engine::{Engine, EngineOptions};
use futures_util::FutureExt;
use storage::error::StorageError;
use storage::{Stepper, Store};
use testkit::settings_with;
use tokio::runtime::Builder;

use super::check::POISON;
use super::coverage::Class;
use super::remote::Network;
use super::scenario::End;
use super::world::World;
use super::{check, disk, pbx};

/// How a life went.
#[derive(PartialEq, Eq)]
pub(super) enum Ended {
    /// Over before the schedule was.
    Early,
    /// It saw the end of the schedule, and what was left was looked through.
    Checked,
}

/// Lives once. Nothing but what is committed, and what the world outside knows, outlives it.
pub(super) fn live(world: &Arc<World>, stepper: &mut Stepper) -> Ended {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let ended = runtime.block_on(async {
        world.begin_life();
        let store = stepper.store(world.scenario.queue);
        let ended = tokio::select! {
            biased;
            () = world.death.comes() => Ended::Early,
            () = disk::run(stepper, world) => Ended::Early,
            ended = process(world, store) => ended,
        };
        if let Some(point) = world.death.passes() {
            world.tell(|| format!("--- the process dies at the point {point}"));
            world.cover(Class::DiedAtPoint);
        }
        world.time.end_life();
        ended
    });
    drop(runtime);
    ended
}

async fn process(world: &Arc<World>, store: Store) -> Ended {
    let end = world.next_end();
    let at = end.map_or(Duration::MAX / 4, |(at, _)| at);
    let mut engine = None;
    let ended = tokio::select! {
        biased;
        () = world.time.reach(at) => Ended::Early,
        ended = AssertUnwindSafe(serve(world, store, &mut engine)).catch_unwind() => match ended {
            Ok(ended) => ended,
            // Whoever listens for death hears of it next.
            Err(_) if world.death.is_near() => std::future::pending().await,
            Err(panic) => std::panic::resume_unwind(panic),
        },
    };
    if let (Ended::Early, Some((_, end))) = (&ended, end) {
        world.tell(|| format!("--- {end:?}"));
        if let (End::Stop, Some(engine)) = (end, engine) {
            engine.shut_down().await;
            world.tell(|| "--- stopped".to_owned());
            world.cover(Class::Stopped);
        } else {
            world.cover(Class::Killed);
        }
    }
    ended
}

/// Serves until the end of the schedule, and says then what came of everything.
async fn serve(world: &Arc<World>, store: Store, running: &mut Option<Arc<Engine>>) -> Ended {
    let from = world.time.passed().max(world.scenario.hostile);
    let engine = match start(world, store.clone()).await {
        Ok(engine) => engine,
        Err(why) => {
            world.tell(|| format!("--- cannot start: {why}"));
            world.cover(Class::NotStarted);
            return Ended::Early;
        }
    };
    *running = Some(Arc::clone(&engine));
    pbx::run(world, &engine);
    disturb(world, &store);
    world.time.reach(from + world.scenario.drains_within()).await;
    check::all(world, &store, &engine).await;
    Ended::Checked
}

async fn start(world: &Arc<World>, store: Store) -> Result<Arc<Engine>, String> {
    let options = EngineOptions {
        store,
        clock: Arc::clone(&world.time) as _,
        chance: Arc::clone(&world.dice) as _,
        connect: Arc::new(Network::new(world)),
        vault: Vault::new(Some([7; 32])),
        schedule: world.scenario.retries.clone(),
        limits: Limits { per_queue: world.scenario.per_queue, ..Limits::default() },
        settle: world.scenario.settle,
        patience: Patience::default(),
        unmapped_wait: world.scenario.unmapped_wait,
        replica: String::new(),
        retention: Retention::default(),
        crash_points: points(world),
    };
    let is_everybody_mapped = world.time.passed() >= world.scenario.everybody_mapped_from;
    let settings = |office: &super::scenario::Office| {
        let mut settings = settings_with(&office.workspace, office.workonflow, office.metabot);
        let others = ["102", "103"].into_iter().filter(|_| is_everybody_mapped);
        settings
            .users
            .extend(others.map(|extension| UserMapping::always(extension.into(), extension.into())));
        settings
    };
    let declared = world.scenario.offices.iter().map(settings).collect();
    let engine = Engine::start(options, declared).await.map_err(|error| error.to_string())?;
    for office in &world.scenario.offices {
        let instance = engine.instance(&office.workspace).map_err(|error| error.to_string())?;
        if instance.condition().reasons() == ["setup has not been run yet"] {
            let setup = engine.setup(&instance, &serde_json::json!({})).await;
            setup.map_err(|error| error.to_string())?;
        }
    }
    world.tell(|| "--- started".to_owned());
    Ok(engine)
}

/// The crash points at which this world's death waits.
pub(super) fn points(world: &World) -> CrashPoints {
    CrashPoints::heard_by(Arc::clone(&world.death) as _)
}

/// What else happens to a machine: its clock is set, and a change comes up that fails by itself.
fn disturb(world: &Arc<World>, store: &Store) {
    let now = world.time.passed();
    for (at, seconds) in world.scenario.clock_set.iter().copied().filter(|(at, _)| *at > now) {
        let world = Arc::clone(world);
        tokio::spawn(async move {
            world.time.reach(at).await;
            world.time.set_by(seconds);
            world.tell(|| format!("the clock is set by {seconds} s, to {}", world.time.now()));
            world.cover(Class::ClockSet);
        });
    }
    for at in world.scenario.poison.iter().copied().filter(|at| *at > now) {
        let (world, store) = (Arc::clone(world), store.clone());
        tokio::spawn(async move {
            world.time.reach(at).await;
            let poisoned = store.write(|tx| {
                tx.set_mark(InstanceId(1), POISON, "taken")?;
                Err::<(), _>(StorageError::Driver("poison".to_owned()))
            });
            if poisoned.await.is_ok() {
                world.violation("a change that failed was taken for done".to_owned());
            }
            world.cover(Class::Poison);
        });
    }
}
