//! An import gives way: to destinations that take their time, and to calls that happen now.

use std::time::Duration;

use domain::outbox::{DeliveryState, Outcome};
use storage::deliveries::DeliveryFilter;

use super::{assert_done, office, registered};
use crate::hours::{Life, all_before};

/// Deliveries that an import may have waiting, and those of one more change.
const MOST_PENDING: usize = 1_024 + 32;

async fn pending(life: &Life) -> usize {
    let filter =
        DeliveryFilter { state: Some(DeliveryState::Pending), limit: 100_000, ..DeliveryFilter::default() };
    life.store.read(move |tx| tx.list_deliveries(&filter)).await.unwrap().len()
}

#[test]
fn while_kontur_is_down_an_import_waits_and_says_so() {
    office(4_000).live(async |life| {
        let down = Outcome::Retry { reason: "down".to_owned(), retry_after: None, ambiguous: false };
        life.remote.kontur.answer_always(down);
        let id = life.begin(all_before()).await;
        let waiting = life.until(id, |job| job.reason.is_some() || job.finished_at.is_some()).await;
        let reason = waiting.reason.unwrap_or_default();
        assert!(reason.contains("deliveries are pending"), "{reason}");
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert!(life.job(id).await.seen < 1_100, "it waits: {:?}", life.job(id).await);
        assert!((1..=MOST_PENDING).contains(&pending(life).await), "{}", pending(life).await);
        life.remote.kontur.answer_always(Outcome::Delivered);
        assert_done(&life.ended(id).await, 4_000);
        registered(life, 4_000).await;
        assert_eq!(life.job(id).await.reason, None);
    });
}

/// A thousand registrations wait when somebody calls; that call is told before most of them.
#[test]
fn a_live_call_overtakes_an_import() {
    office(4_000).live(async |life| {
        life.remote.kontur.take(Duration::from_millis(500));
        let id = life.begin(all_before()).await;
        life.until(id, |job| job.seen >= 1_000).await;
        let (before, waiting) = (life.remote.kontur.told().len(), pending(life).await);
        assert!(waiting > 500, "{waiting}");
        life.send("0 l1 live call.started\n0 l2 live leg.ringing live-1").await;
        let told = life
            .eventually(async || life.remote.kontur.told().iter().position(|(call, _)| call == "live"))
            .await;
        // What was under way already, and its turn between those that wait.
        assert!(told - before <= 2 * 64, "{} were told before it", told - before);
        life.remote.kontur.take(Duration::ZERO);
        assert_done(&life.ended(id).await, 4_000);
    });
}
