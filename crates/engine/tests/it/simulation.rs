//! Whole worlds, played from a seed: offices with their PBXes, remote systems that fail in every way they can, a disk
//! that does as well, processes that die. One thread, virtual time and one source of chance: the same seed always
//! tells the same story. When the trouble is over, the rules that never bend are checked ([`check`]).
//!
//! `TEST_SEED=7 cargo test -p engine --test it simulation::replay -- --nocapture` plays one seed and tells its story.
//! `TEST_SCHEDULES` says how many are played in all.

mod books;
mod check;
mod coverage;
mod death;
mod dice;
mod disk;
mod life;
mod pbx;
mod remote;
mod scenario;
mod time;
mod trouble;
mod world;

use std::sync::Arc;
use std::time::Duration;

use storage::Stepper;

use self::coverage::Coverage;
use self::life::Ended;
use self::world::World;

/// Schedules of a run, unless `TEST_SCHEDULES` says otherwise: a taste. `scripts/test` plays 20,000.
const SCHEDULES: u64 = 800;

/// The run is cut into so many tests, which share the processors.
const PARTS: u64 = 8;

/// With fewer schedules something may well not happen.
const ENOUGH: u64 = 500;

/// After so many schedules that break a rule a part ends early.
const MANY: usize = 10;

/// Plays one schedule to its end.
fn play(seed: u64, with_story: bool) -> Arc<World> {
    let world = Arc::new(World::new(seed, with_story));
    let mut stepper = Stepper::in_memory(life::points(&world)).expect("a database in memory");
    while life::live(&world, &mut stepper) == Ended::Early {
        world.time.skip(world.dice.millis(100, 30_000));
        assert!(world.lives() < 500, "seed {seed}: no process lives long enough");
    }
    world
}

fn number(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

/// Plays a part of the run; tells the story of the first schedule that breaks a rule, and the seeds of all.
fn play_part(part: u64) {
    let schedules = number("TEST_SCHEDULES").unwrap_or(SCHEDULES);
    let (mut coverage, mut broken) = (Coverage::default(), Vec::new());
    for seed in (part..schedules).step_by(usize::try_from(PARTS).expect("a small number")) {
        let world = play(seed, false);
        coverage.add(&world.covered());
        if let Some(first) = world.violations().into_iter().next() {
            broken.push((seed, first));
        }
        if broken.len() >= MANY {
            break;
        }
    }
    println!("{coverage}");
    if let Some((seed, _)) = broken.first() {
        tell(*seed);
        panic!("these seeds break a rule: {broken:#?}");
    }
    if coverage.schedules() >= ENOUGH {
        assert_eq!(coverage.missing(), [], "these never happened");
    }
}

/// Plays a schedule again, aloud.
fn tell(seed: u64) -> Arc<World> {
    let world = play(seed, true);
    for line in world.story() {
        println!("{line}");
    }
    println!("TEST_SEED={seed} cargo test -p engine --test it simulation::replay -- --nocapture");
    world
}

#[test]
fn replay() {
    let world = tell(number("TEST_SEED").unwrap_or_default());
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..20 {
        let (first, second) = (play(seed, true).story(), play(seed, true).story());
        assert!(first.len() > 20, "seed {seed}: {first:#?}");
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn virtual_time_costs_no_time() {
    let world = play(1, false);
    assert!(world.time.passed() > Duration::from_mins(5), "{:?}", world.time.passed());
}

macro_rules! parts {
    ($($name:ident = $part:literal;)*) => {$(
        #[test]
        fn $name() {
            play_part($part);
        }
    )*};
}

parts! {
    part_1 = 0;
    part_2 = 1;
    part_3 = 2;
    part_4 = 3;
    part_5 = 4;
    part_6 = 5;
    part_7 = 6;
    part_8 = 7;
}
