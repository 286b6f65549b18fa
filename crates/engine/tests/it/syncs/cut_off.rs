//! A run that does not come to its end in one go.

use std::time::Duration;

use engine::error::EngineError;
use storage::sync_jobs::SyncState;

use super::{assert_done, office, registered};
use crate::hours::all_before;

const CALLS: u64 = 1_000;

/// A page has 200 calls, and 32 are taken in at once: in the middle of either, and at the ends.
#[test]
fn a_run_goes_on_where_its_process_died() {
    for cut in [0, 1, 32, 100, 200, 201, 500, 999] {
        let mut office = office(1_000);
        let id = office.live(async |life| {
            let id = life.begin(all_before()).await;
            life.until(id, |job| job.seen >= cut).await;
            id
        });
        office.live(async |life| {
            assert_done(&life.ended(id).await, CALLS);
            registered(life, 1_000).await;
            let stored = life.engine.sync_job(id).await.unwrap();
            assert_eq!(stored.position.read_until, stored.asked.window.to);
        });
    }
}

#[test]
fn a_run_that_dies_again_and_again_counts_each_call_once() {
    let mut office = office(1_000);
    let id = office.live(async |life| life.begin(all_before()).await);
    for share in 1..10 {
        office.live(async |life| drop(life.until(id, |job| job.seen >= share * CALLS / 10).await));
    }
    office.live(async |life| {
        assert_done(&life.ended(id).await, CALLS);
        let times = registered(life, 1_000).await;
        assert_eq!(times.len(), 1_000);
    });
}

#[test]
fn a_run_is_paused_goes_on_and_ends() {
    office(1_000).live(async |life| {
        let id = life.begin(all_before()).await;
        life.until(id, |job| job.seen >= 300).await;
        let paused = life.engine.pause_sync(id).await.unwrap();
        assert_eq!(paused.state, SyncState::Paused);
        tokio::time::sleep(Duration::from_hours(1)).await;
        let later = life.job(id).await;
        assert_eq!((later.state, later.seen), (SyncState::Paused, paused.seen), "nothing is read");
        assert!(matches!(life.engine.pause_sync(id).await, Err(EngineError::Conflict(_))));
        life.engine.resume_sync(id).await.unwrap();
        let done = life.ended(id).await;
        assert_done(&done, CALLS);
        assert!(done.worked < Duration::from_mins(10), "a pause is no work: {:?}", done.worked);
        assert!(matches!(life.engine.resume_sync(id).await, Err(EngineError::Conflict(_))));
    });
}

#[test]
fn a_paused_run_stays_paused_over_a_restart() {
    let mut office = office(1_000);
    let id = office.live(async |life| {
        let id = life.begin(all_before()).await;
        life.until(id, |job| job.seen >= 300).await;
        life.engine.pause_sync(id).await.unwrap();
        id
    });
    office.live(async |life| {
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(life.job(id).await.state, SyncState::Paused);
        life.engine.resume_sync(id).await.unwrap();
        assert_done(&life.ended(id).await, CALLS);
    });
}

#[test]
fn a_cancelled_run_leaves_what_it_read() {
    office(1_000).live(async |life| {
        let id = life.begin(all_before()).await;
        life.until(id, |job| job.seen >= 300).await;
        let cancelled = life.engine.cancel_sync(id).await.unwrap();
        assert_eq!(cancelled.state, SyncState::Cancelled);
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(life.job(id).await.seen, cancelled.seen);
        assert_eq!(life.registrations() as u64, cancelled.added);
        assert!(matches!(life.engine.resume_sync(id).await, Err(EngineError::Conflict(_))));
        let again = life.begin(all_before()).await;
        assert_ne!(again, id);
        let job = life.ended(again).await;
        assert_eq!((job.seen, job.added), (CALLS, CALLS - cancelled.added), "the rest");
    });
}
