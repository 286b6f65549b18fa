//! A telephony that does not tell its history in one go.

use std::time::Duration;

use domain::port::{RemoteError, RemoteErrorKind};
use storage::sync_jobs::SyncState;

use super::{assert_done, office};
use crate::hours::all_before;

fn refusal(kind: RemoteErrorKind, retry_after: Option<Duration>) -> RemoteError {
    RemoteError { retry_after, ..RemoteError::new("generic", "read history", kind, "made to fail") }
}

#[test]
fn an_outage_of_a_minute_in_the_middle_is_waited_for() {
    office(2_000).live(async |life| {
        let id = life.begin(all_before()).await;
        life.until(id, |job| job.seen >= 500).await;
        life.remote.provider.fail(Some(RemoteErrorKind::Unreachable));
        let waiting = life.until(id, |job| job.reason.is_some()).await;
        assert_eq!(waiting.state, SyncState::Running);
        let reason = waiting.reason.unwrap_or_default();
        assert!(reason.starts_with("waits for the telephony"), "{reason}");
        tokio::time::sleep(Duration::from_mins(1)).await;
        life.remote.provider.fail(None);
        let done = life.ended(id).await;
        assert_done(&done, 2_000);
        assert_eq!(done.reason, None);
    });
}

#[test]
fn a_telephony_that_is_away_for_hours_fails_the_run() {
    office(1_000).live(async |life| {
        let id = life.begin(all_before()).await;
        life.until(id, |job| job.seen >= 300).await;
        life.remote.provider.fail(Some(RemoteErrorKind::Unreachable));
        let failed = life.ended(id).await;
        assert_eq!(failed.state, SyncState::Failed);
        assert!(failed.reason.is_some_and(|reason| reason.contains("made to fail")));
        life.remote.provider.fail(None);
        let again = life.ended(life.begin(all_before()).await).await;
        assert_eq!((again.seen, again.added), (1_000, 1_000 - failed.added), "nothing is lost");
    });
}

#[test]
fn a_telephony_that_has_enough_is_left_alone_for_as_long_as_it_says() {
    office(1_000).live(async |life| {
        let limited = || refusal(RemoteErrorKind::RateLimited, Some(Duration::from_secs(30)));
        life.remote.provider.history.refuse([limited(), limited()]);
        let before = life.now();
        let id = life.begin(all_before()).await;
        assert_done(&life.ended(id).await, 1_000);
        let took = life.now().since(before);
        assert!((Duration::from_mins(1)..Duration::from_secs(90)).contains(&took), "{took:?}");
        assert_eq!(life.remote.provider.history.asked().len(), 2 + 5, "five pages, two refusals");
    });
}

/// The part is read again from its beginning; what is known stays as it is.
#[test]
fn a_telephony_that_forgets_its_cursors_is_asked_from_the_start() {
    office(1_000).live(async |life| {
        let id = life.begin(all_before()).await;
        life.until(id, |job| job.seen >= 450).await;
        life.remote.provider.history.forget_cursors();
        let done = life.ended(id).await;
        assert_eq!((done.state, done.added), (SyncState::Done, 1_000), "{done:?}");
        assert_eq!(
            life.eventually(async || Some(life.registrations()).filter(|count| *count >= 1_000)).await,
            1_000
        );
        let from_the_start =
            life.remote.provider.history.asked().iter().filter(|(_, cursor)| cursor.is_none()).count();
        assert_eq!(from_the_start, 2);
    });
}

#[test]
fn a_telephony_that_refuses_the_key_fails_the_run_at_once() {
    office(1_000).live(async |life| {
        life.remote.provider.history.refuse([refusal(RemoteErrorKind::Unauthorized, None)]);
        let id = life.begin(all_before()).await;
        assert_eq!(life.ended(id).await.state, SyncState::Failed);
        assert_eq!(life.remote.provider.history.asked().len(), 1);
    });
}
