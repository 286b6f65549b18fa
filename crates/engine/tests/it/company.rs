//! One workspace whose telephony sends webhooks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::call::Call;
use domain::call::event::CallEvent;
use domain::clock::{Clock as _, Timestamp};
use domain::outbox::DeliveryState;
use domain::port::provider::{HistoryPage, Provider as _, Window};
use engine::ingest::Accepted;
use engine::instance::Instance;
use engine::sync::SyncRequest;
use serde_json::json;
use storage::Store;
use storage::calls::CallFilter;
use storage::deliveries::DeliveryFilter;
use storage::sync_jobs::SyncState;
use testkit::{Rig, SIGNATURE, SIGNED, START, past, settings};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// The workspace `acme`, set up.
pub(crate) struct Company {
    pub(crate) rig: Rig,
    /// To look into the database.
    pub(crate) store: Store,
}

impl Company {
    pub(crate) async fn start() -> Self {
        let rig = Rig::start(vec![settings("acme")]).await;
        let store = rig.store.open();
        let company = Self { rig, store };
        company.rig.engine.setup(&company.acme(), &json!({})).await.unwrap();
        company
    }

    pub(crate) fn acme(&self) -> Arc<Instance> {
        self.rig.engine.instance("acme").unwrap()
    }

    /// Seconds since the clock began.
    pub(crate) fn second(&self) -> u64 {
        self.rig.clock.now().since(START).as_secs()
    }

    pub(crate) fn days_pass(&self, days: u32) {
        self.rig.clock.advance(domain::retention::days(days));
    }

    /// The webhook of a whole call that is missed now.
    pub(crate) fn missed_call(&self, call: &str) -> String {
        let at = self.second();
        format!(
            "{at} {call}-1 {call} call.started\n{at} {call}-2 {call} leg.ringing {call}-leg\n{at} {call}-3 {call} call.finished"
        )
    }

    pub(crate) async fn send(&self, webhook: &str) -> Accepted {
        let header = |name: &str| (name == SIGNATURE).then_some(SIGNED);
        let body = Bytes::from(webhook.to_owned());
        self.rig.engine.take_webhook("acme", "generic", &header, body).await.unwrap()
    }

    /// The history tells what these webhooks told, by a clock of its own. Says how many calls were new.
    pub(crate) async fn sync(&self, webhooks: &[String]) -> u64 {
        let parsed =
            webhooks.iter().map(|webhook| self.rig.remote.provider.parse(webhook.as_bytes()).unwrap());
        let mut calls: Vec<Vec<CallEvent>> = parsed.collect();
        for event in calls.iter_mut().flatten() {
            event.at = event.at.plus(Duration::from_secs(1));
        }
        let calls = calls.iter().map(|events| past(events)).collect();
        self.rig.remote.provider.history.push(HistoryPage { calls, next: None });
        let window = Window { from: Timestamp::default(), to: self.rig.clock.now() };
        let job = self
            .rig
            .engine
            .begin_sync(&self.acme(), SyncRequest::Span { window, calls_per_minute: None })
            .await
            .unwrap();
        eventually(async || {
            let job = self.rig.engine.sync_job(job).await.unwrap();
            (job.state == SyncState::Done).then_some(job.added)
        })
        .await
    }

    /// Waits until finished calls were handed on and nothing is pending, unless deliveries are held back.
    pub(crate) async fn settle(&self) {
        let filter =
            DeliveryFilter { state: Some(DeliveryState::Pending), limit: 1, ..DeliveryFilter::default() };
        eventually(async || {
            let filter = filter.clone();
            let look = self
                .store
                .read(move |tx| Ok(tx.settling_calls()?.is_empty().then_some(tx.list_deliveries(&filter)?)));
            let pending = look.await.unwrap()?;
            (pending.is_empty() || self.acme().condition().holds_deliveries()).then_some(())
        })
        .await;
    }

    /// What Kontur was told of each call, in order.
    pub(crate) fn told(&self) -> Vec<(String, &'static str)> {
        let mut told = self.rig.remote.kontur.told();
        // Calls do not wait for each other; within a call the order stays.
        told.sort_by(|a, b| a.0.cmp(&b.0));
        told
    }

    /// What Kontur was told, once there is nothing left to tell.
    pub(crate) async fn told_at_last(&self) -> Vec<&'static str> {
        self.settle().await;
        self.told().into_iter().map(|(_, word)| word).collect()
    }

    /// The calls that are stored.
    pub(crate) async fn calls(&self) -> Vec<Call> {
        let filter = CallFilter { limit: 1_000, ..CallFilter::default() };
        let calls = self.rig.engine.list_calls(filter).await.unwrap();
        calls.into_iter().map(|stored| stored.call).collect()
    }

    /// The one call that is stored.
    pub(crate) async fn only_call(&self) -> Call {
        let mut calls = self.calls().await;
        assert_eq!(calls.len(), 1);
        calls.remove(0)
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.expect("it comes about in time")
}
