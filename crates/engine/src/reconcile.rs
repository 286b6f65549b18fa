//! Reconciliation: compares what the telephony's history, the journal, Kontur and Workonflow have of a span, day by day,
//! and makes whole what can be. What counts as a difference is decided in `domain::reconciliation`.

mod compare;
mod deletions;
mod repair;

use std::sync::Arc;
use std::time::Duration;

use domain::instance::status::Status;
use domain::port::provider::Window;
use domain::reconciliation::{LONGEST, Report};
use storage::error::StorageError;
use storage::reconciliations::Reconciliation;

pub use self::repair::Repair;
use crate::Engine;
use crate::error::EngineError;
use crate::happening;
use crate::instance::Instance;

/// How long to wait when the store does not take it.
const STORE_AGAIN: Duration = Duration::from_millis(500);

impl Engine {
    /// Begins a reconciliation of the calls that began within `window`; gives its number. The work goes on in the
    /// background.
    pub async fn begin_reconciliation(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        window: Window,
    ) -> Result<i64, EngineError> {
        if instance.status() == Status::NotConfigured {
            return Err(EngineError::NotConfigured(
                "the integration is not set up yet; run setup".to_owned(),
            ));
        }
        if window.from >= window.to {
            return Err(EngineError::Invalid("from has to be before to".to_owned()));
        }
        if window.to.since(window.from) > domain::retention::days(LONGEST) {
            return Err(EngineError::Invalid(format!(
                "the span is longer than {LONGEST} days; compare a part of it"
            )));
        }
        let (id, now) = (instance.id, self.clock.now());
        let number = self.store.write(move |tx| tx.insert_reconciliation(id, window, now)).await?;
        let (engine, instance) = (Arc::clone(self), Arc::clone(instance));
        self.tasks.spawn(async move {
            let stop = engine.stop.clone();
            stop.run_until_cancelled(engine.run_reconciliation(&instance, number, window)).await;
        });
        Ok(number)
    }

    /// A reconciliation of the instance.
    pub async fn reconciliation(&self, instance: &Instance, id: i64) -> Result<Reconciliation, EngineError> {
        let found = self.store.read(move |tx| tx.reconciliation(id)).await?;
        found
            .filter(|found| found.instance == instance.id)
            .ok_or_else(|| EngineError::NotFound(format!("there is no reconciliation {id}")))
    }

    async fn run_reconciliation(&self, instance: &Instance, id: i64, window: Window) {
        let Ok(_turn) = self.reconciling.acquire().await else { return };
        let found = self.compare(instance, window).await;
        if let Err(error) = &found {
            happening::background_failed(&instance.workspace, "reconciliation", error);
        }
        self.finish_reconciliation(id, found.map_err(|error| error.to_string())).await;
    }

    async fn finish_reconciliation(&self, id: i64, found: Result<Report, String>) {
        loop {
            let (now, found) = (self.clock.now(), found.clone());
            let finished = self
                .store
                .write(move |tx| tx.finish_reconciliation(id, now, found.as_ref().map_err(String::as_str)));
            match finished.await {
                Ok(()) | Err(StorageError::Closed) => return,
                Err(error) => tracing::error!(%error, "a reconciliation cannot be stored; trying again"),
            }
            tokio::time::sleep(STORE_AGAIN).await;
        }
    }
}
