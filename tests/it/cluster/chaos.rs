//! Servers are killed, and so is the database, while calls go on: what was acknowledged is not lost, and nothing is done
//! twice.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use simulators::faults::{Fault, FaultKind};
use testkit::postgres::{Postgres, Stop};
use tokio::time::{Instant, sleep_until};

use super::{REPLICAS, on};
use crate::crash::plan;
use crate::crash::traffic::{STEADY, Traffic};
use crate::crash::trail::Trail;
use crate::harness::{Company, chance};

/// The story's length in seconds, unless `TEST_CHAOS_SECONDS` says otherwise.
const SECONDS: u64 = 60;

/// From one kill to the next.
const EVERY: Duration = Duration::from_secs(5);

/// Kontur is not on this machine: a kill finds requests under way.
const FAR: Duration = Duration::from_millis(30);

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_killed_and_the_database_is_restarted_under_load() {
    let mut postgres = Postgres::durable();
    let mut company = on(&postgres, plan()).start().await;
    // A server cannot know whether a callback arrived whose answer died with it.
    company.sandbox.kontur.allow_repeats(true);
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::delay(FAR)));
    let mut chance = chance();
    let traffic = Traffic::endless(&company.balanced_telephony(), STEADY, &mut chance);
    chaos(&mut company, &mut postgres, &mut chance).await;
    traffic.stop();
    let calls = traffic.end().await;
    let refusals = calls.iter().map(|call| call.refusals.len()).sum::<usize>();
    let trail = Trail::of(&company, &calls).await;
    eprintln!("{} calls, {refusals} requests had to be repeated: {trail:?}", calls.len());
    trail.assert_clean();
}

/// One server is killed every few seconds, now this, now that; after a third of the time the database is stopped as if
/// for maintenance, after two thirds as if the machine had crashed.
async fn chaos(company: &mut Company, postgres: &mut Postgres, chance: &mut StdRng) {
    let (began, kills) = (Instant::now(), kills());
    for kill in 1..=kills {
        sleep_until(began + EVERY * kill).await;
        if kill == kills.div_ceil(3) {
            restart(postgres, Stop::Fast);
        } else if kill == (kills * 2).div_ceil(3) {
            restart(postgres, Stop::Immediate);
        }
        company.server_at(chance.random_range(0..REPLICAS)).restart().await;
    }
}

fn restart(postgres: &mut Postgres, how: Stop) {
    postgres.stop(how);
    postgres.start();
}

fn kills() -> u32 {
    let given = std::env::var_os("TEST_CHAOS_SECONDS").and_then(|seconds| seconds.to_str()?.parse().ok());
    u32::try_from(given.unwrap_or(SECONDS) / EVERY.as_secs()).expect("not that long")
}
