//! A history that is long, and what comes of reading it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use simulators::kontur::Communication;
use simulators::pbx::Imagined;
use simulators::sandbox::WORKSPACE;

use super::ago;
use crate::harness::{Company, Plan, within};

/// The longest import takes less, also on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_mins(8);

/// Reads of what is long write a line for each step: nobody reads those of a hundred thousand calls.
pub(crate) fn kontur_alone() -> Plan {
    let plan = Company::plan().integration(|integration| {
        integration.remove("workonflow");
        integration.remove("metabot");
    });
    plan.set("log.level", "info")
}

/// So many calls, evenly spread over this many hours; the last of them is over.
pub(crate) fn imagined(count: u64, hours: u64) -> Imagined {
    let first_at = ago(i64::try_from(hours * 60 + 30).expect("some hours"));
    Imagined {
        count,
        first_at,
        every_ms: hours * 3_600_000 / count,
        recording_size: 64,
        ..Imagined::default()
    }
}

/// An import of all that was imagined.
pub(crate) struct Import {
    path: String,
}

impl Import {
    /// Has the server begin it.
    pub(crate) async fn begin(company: &Company, imagined: &Imagined) -> Self {
        let span = json!({"from": imagined.first_at.to_rfc3339(), "to": ago(0).to_rfc3339()});
        Self::begin_span(company, &span).await
    }

    /// The same of any span.
    pub(crate) async fn begin_span(company: &Company, span: &Value) -> Self {
        let path = format!("/integrations/{WORKSPACE}/sync");
        let job = company.admin().post_json(&path, span).await.ok();
        Self { path: format!("{path}/{}", job["id"]) }
    }

    /// The run as the server shows it.
    pub(crate) async fn job(&self, company: &Company) -> Value {
        company.admin().get(&self.path).await.ok()
    }

    /// Has something done to it: pause, resume, cancel.
    pub(crate) async fn order(&self, company: &Company, order: &str) -> Value {
        company.admin().post(&format!("{}/{order}", self.path)).await.ok()
    }

    /// Waits until so many calls were seen.
    pub(crate) async fn has_seen(&self, company: &Company, count: u64) {
        within(PATIENCE, "calls are read", async || {
            let job = self.job(company).await;
            assert!(job["state"] == "running" || job["state"] == "done", "{job}");
            job["seen"].as_u64().filter(|seen| *seen >= count)
        })
        .await;
    }

    /// Waits until it is done and all of it is told; gives the run.
    pub(crate) async fn ended(&self, company: &Company) -> Value {
        let job = within(PATIENCE, "the import ends", async || {
            let job = self.job(company).await;
            (job["state"] != "running").then_some(job)
        })
        .await;
        let admin = company.admin();
        within(PATIENCE, "all is told", async || (admin.pending_deliveries().await == 0).then_some(())).await;
        job
    }
}

/// What Kontur has of each call. Its own ids and times are left out: they differ from run to run.
pub(crate) fn registered(company: &Company) -> BTreeMap<String, Value> {
    let all = company.sandbox.kontur.communications(WORKSPACE);
    let count = all.len();
    let known: BTreeMap<String, Value> = all.into_iter().map(shown).collect();
    assert_eq!(known.len(), count, "a call is there twice");
    known
}

fn shown(known: Communication) -> (String, Value) {
    let items: Vec<Value> = known.items.into_iter().map(without_ids_of_files).collect();
    let (direction, client, vats) = (known.direction, known.client_phone, known.external_vats_phone);
    let (started, registered, recordings) = (known.started, known.registered, known.recordings.len());
    let shown = json!({
        "direction": direction, "client": client, "vats": vats, "items": items,
        "started": started, "registered": registered, "recordings": recordings,
    });
    (known.external_id.unwrap_or_default(), shown)
}

fn without_ids_of_files(mut item: Value) -> Value {
    if let Some(recordings) = item["recordings"].as_array_mut() {
        *recordings = vec![recordings.len().into()];
    }
    item
}
