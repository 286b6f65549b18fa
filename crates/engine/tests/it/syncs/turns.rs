//! Several runs of one workspace.

use std::time::Duration;

use domain::port::provider::Window;
use engine::sync::SyncRequest;
use storage::sync_jobs::SyncState;
use testkit::START;

use super::{assert_done, office};
use crate::hours::{all_before, call};

fn span(from_hours_ago: u64, to_hours_ago: u64, calls_per_minute: Option<u32>) -> SyncRequest {
    let at = |hours| START.minus(Duration::from_hours(hours));
    SyncRequest::Span { window: Window { from: at(from_hours_ago), to: at(to_hours_ago) }, calls_per_minute }
}

#[test]
fn a_span_that_is_asked_for_twice_is_one_run() {
    office(1_000).live(async |life| {
        let id = life.begin(all_before()).await;
        assert_eq!(life.begin(all_before()).await, id);
        assert_done(&life.ended(id).await, 1_000);
        let again = life.begin(all_before()).await;
        assert_ne!(again, id, "the first has ended");
        let again = life.ended(again).await;
        assert_eq!((again.seen, again.added), (1_000, 0));
    });
}

#[test]
fn spans_are_read_one_after_the_other() {
    office(1_000).live(async |life| {
        let (first, second) =
            (life.begin(span(2, 0, Some(1_000))).await, life.begin(span(24, 2, None)).await);
        life.until(first, |job| job.seen > 100).await;
        assert_eq!(life.job(second).await.seen, 0);
        assert_eq!(life.job(second).await.state, SyncState::Running, "its turn comes");
        let second = life.ended(second).await;
        let first = life.job(first).await;
        assert!(first.finished_at < second.finished_at);
        assert_eq!(first.added + second.added, 1_000);
    });
}

#[test]
fn an_import_is_as_slow_as_somebody_wants() {
    office(1_000).live(async |life| {
        let before = life.now();
        let job = life.ended(life.begin(span(24, 0, Some(100))).await).await;
        assert_done(&job, 1_000);
        let took = life.now().since(before);
        assert!((Duration::from_mins(9)..Duration::from_mins(11)).contains(&took), "{took:?}");
    });
}

#[test]
fn what_is_new_is_read_beside_a_long_import() {
    office(4_000).live(async |life| {
        let import = life.begin(span(24, 0, Some(60))).await;
        tokio::time::sleep(Duration::from_mins(10)).await;
        life.remote.provider.history.write([call("new", 0)]);
        let news = life.begin(SyncRequest::News).await;
        let job = life.until(news, |job| job.finished_at.is_some()).await;
        assert_eq!(job.state, SyncState::Done);
        assert_eq!(life.job(import).await.state, SyncState::Running, "it goes on");
        let calls =
            life.engine.list_calls(storage::calls::CallFilter { limit: 10_000, ..Default::default() });
        assert!(calls.await.unwrap().iter().any(|stored| stored.external_id.as_str() == "new"));
        let job = life.ended(import).await;
        assert_eq!((job.state, job.seen), (SyncState::Done, 4_000));
    });
}
