//! Waiting for a state that comes about without anybody telling.

use std::time::{Duration, Instant};

/// What a test waits for comes much sooner, or something is wrong.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to see; the test fails at the [`DEADLINE`].
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(DEADLINE, what, look).await
}

/// The same for what takes its time, which is looked at less often: a look may cost something.
pub(crate) async fn within<T>(deadline: Duration, what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    found(deadline, look).await.unwrap_or_else(|| panic!("not within {deadline:?}: {what}"))
}

/// The same for who has more to say than that it did not come about: nothing at the deadline.
///
/// Only the test's own time counts. It may be held up itself, by a disk or by a machine with other things to do, and with
/// it whoever it should have made things happen: a pause counts as what it should take, a look as half of the time at most.
pub(super) async fn found<T>(deadline: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let (pause, longest) = (PAUSE.max(deadline / 2_000), deadline / 2);
    let mut waited = Duration::ZERO;
    while waited < deadline {
        let began = Instant::now();
        if let Some(found) = look().await {
            return Some(found);
        }
        waited += began.elapsed().min(longest) + pause;
        tokio::time::sleep(pause).await;
    }
    None
}
