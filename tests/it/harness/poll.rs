//! Waiting for a state that comes about without anybody telling.

use std::time::{Duration, Instant};

/// What a test waits for comes much sooner, or something is wrong.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to see; the test fails at the [`DEADLINE`].
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
