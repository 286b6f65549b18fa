//! A server that is killed while it reads a long history goes on where it was: what comes of it is what comes of one
//! that is left alone.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use simulators::pbx::Imagined;

use super::KILLS;
use crate::harness::{Company, chance};
use crate::sync::import::{Import, imagined, kontur_alone};
use crate::sync::overlap::each_once;

/// Calls of the history, unless `TEST_HISTORY` says otherwise: a taste. `scripts/test` reads 100,000.
const CALLS: u64 = 10_000;

/// MiB that the server may grow by while it reads the second half.
const MOST_GROWN: u64 = 16;

/// The history is this long: parts of some hours, each of several pages.
const HOURS: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_ten_times_is_the_same_as_one_that_is_left_alone() {
    let history = Imagined { recorded: false, ..imagined(calls(), HOURS) };
    let mut chance = chance();
    let moments: Vec<u64> = (0..KILLS as u64).map(|turn| moment(turn, &mut chance)).collect();
    let ((disturbed, killed), (quiet, alone)) =
        (killed(&history, &moments).await, left_alone(&history).await);
    for job in [&disturbed, &quiet] {
        let counted = json!([job["state"], job["seen"], job["added"]]);
        assert_eq!(counted, json!(["done", calls(), calls()]), "{job}");
    }
    for (id, call) in &alone {
        assert_eq!(killed.get(id), Some(call), "{id}");
    }
    assert_eq!(killed.len(), alone.len());
}

fn calls() -> u64 {
    let given = std::env::var_os("TEST_HISTORY").and_then(|count| count.to_str()?.parse().ok());
    given.unwrap_or(CALLS)
}

/// The kill of this turn comes when so many calls were read.
fn moment(turn: u64, chance: &mut StdRng) -> u64 {
    let share = calls() / (KILLS as u64 + 1);
    let Range { start, end } = turn * share..(turn + 1) * share;
    chance.random_range(start..end)
}

/// A server that is killed at these moments; gives the run, and what Kontur has of each call.
async fn killed(history: &Imagined, moments: &[u64]) -> (Value, BTreeMap<String, Value>) {
    let (mut company, import) = begun(history).await;
    for moment in moments {
        import.has_seen(&company, *moment).await;
        company.server.restart().await;
    }
    (import.ended(&company).await, each_once(&company, history))
}

/// A server that is left alone: what it holds does not grow with what it has read.
async fn left_alone(history: &Imagined) -> (Value, BTreeMap<String, Value>) {
    let (company, import) = begun(history).await;
    // Its caches are full by then.
    import.has_seen(&company, calls() / 2).await;
    let before = company.server.memory();
    let job = import.ended(&company).await;
    let grown = company.server.memory().saturating_sub(before) / 1024;
    assert!(grown < MOST_GROWN, "the server grew by {grown} MiB");
    (job, each_once(&company, history))
}

async fn begun(history: &Imagined) -> (Company, Import) {
    let company = kontur_alone().start().await;
    // The server cannot know whether a callback arrived whose answer died with it.
    company.sandbox.kontur.allow_repeats(true);
    company.sandbox.pbx.imagine(history.clone());
    let import = Import::begin(&company, history).await;
    (company, import)
}
