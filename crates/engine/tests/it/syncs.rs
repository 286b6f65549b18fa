//! Runs of the history sync, by virtual time: cut off, paused, refused, held up, one beside the other, by the schedule.

mod cut_off;
mod room;
mod schedule;
mod trouble;
mod turns;

use std::collections::HashMap;

use storage::sync_jobs::{SyncJob, SyncState};
use testkit::settings;

use crate::hours::{Life, Office, calls};

/// A workspace whose telephony has had so many calls, of which nobody was told.
fn office(count: i64) -> Office {
    let office = Office::new(settings("acme"));
    office.remote.provider.history.write(calls(count));
    office
}

#[track_caller]
fn assert_done(job: &SyncJob, count: u64) {
    assert_eq!((job.state, job.seen, job.added), (SyncState::Done, count, count), "{job:?}");
}

/// Waits until so many calls are registered; says how often each was.
async fn registered(life: &Life, count: usize) -> HashMap<String, usize> {
    let times = || {
        let mut times = HashMap::new();
        let told = life.remote.kontur.told();
        for (call, _) in told.into_iter().filter(|(_, word)| *word == "register-call") {
            *times.entry(call).or_insert(0) += 1;
        }
        times
    };
    life.eventually(async || Some(times()).filter(|times| times.len() >= count)).await
}
