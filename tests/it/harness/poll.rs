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
pub(crate) async fn within<T>(deadline: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let (began, pause) = (Instant::now(), PAUSE.max(deadline / 2_000));
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < deadline, "not within {deadline:?}: {what}");
        tokio::time::sleep(pause).await;
    }
}
