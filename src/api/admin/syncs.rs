//! Runs of the history sync.

use std::sync::Arc;

use domain::port::provider::Window;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use storage::sync_jobs::SyncJob;

use super::Tag;
use super::body::JsonBody;
use super::types::{Moment, Vocabulary, Word};
use crate::api::ApiState;
use crate::api::problem::{Fault, Problem};

/// Operations.
pub(in crate::api) struct Syncs(pub(super) Arc<ApiState>);

/// Which calls to read; all left out: those since the last sync.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Span {
    /// Calls that began at this time or later.
    from: Option<Moment>,
    /// Calls that began before this time; left out: until now.
    to: Option<Moment>,
}

/// Where a run stands.
struct States;

impl Vocabulary for States {
    const WORDS: &'static [&'static str] = &["running", "done", "failed"];
}

/// A run of the history sync.
#[derive(Debug, Object)]
struct Job {
    /// Its number.
    id: i64,
    /// The workspace in Kontur.
    workspace: String,
    /// Where it stands.
    state: Word<States>,
    /// Calls that began at this time or later are read.
    from: Moment,
    /// Calls that began before this time are read.
    to: Moment,
    /// When it was asked for.
    created_at: Moment,
    /// When it ended.
    finished_at: Option<Moment>,
    /// Calls that the telephony told of so far.
    seen: u64,
    /// Calls among them that were not known before.
    added: u64,
    /// Why it failed.
    reason: Option<String>,
}

#[derive(ApiResponse)]
enum Begun {
    /// The sync runs in the background; so does one that was running already.
    #[oai(status = 202)]
    Runs(Json<Job>),
}

#[OpenApi(prefix_path = "/admin/v1/integrations", tag = "Tag::Integrations")]
impl Syncs {
    /// Read the telephony's history and register what is missing
    #[oai(path = "/:workspace/sync", method = "post", operation_id = "begin_sync")]
    async fn begin(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        body: JsonBody<Span>,
    ) -> Result<Begun, Problem> {
        let window = self.window(&body.fields()?)?;
        let instance = self.0.engine.instance(&workspace)?;
        let id = self.0.engine.begin_sync(&instance, window).await?;
        let job = self.0.engine.sync_job(id).await?;
        Ok(Begun::Runs(Json(shown(&workspace, job)?)))
    }

    /// Show a run of the history sync
    #[oai(path = "/:workspace/sync/:job", method = "get", operation_id = "get_sync")]
    async fn get(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        /// The run's number.
        job: Path<i64>,
    ) -> Result<Json<Job>, Problem> {
        let instance = self.0.engine.instance(&workspace)?;
        Ok(Json(shown(instance.workspace.as_str(), self.0.engine.sync_job(job.0).await?)?))
    }
}

impl Syncs {
    fn window(&self, span: &Span) -> Result<Option<Window>, Problem> {
        let now = || Moment(self.0.engine.now());
        match (span.from, span.to) {
            (None, None) => Ok(None),
            (Some(from), to) => Ok(Some(Window { from: from.0, to: to.unwrap_or_else(now).0 })),
            (None, Some(_)) => {
                let fault =
                    Fault::of_field("from", "is missing; give both from and to, from alone, or neither");
                Err(Problem::invalid("a field of the body is wrong", vec![fault]))
            }
        }
    }
}

fn shown(workspace: &str, job: SyncJob) -> Result<Job, Problem> {
    Ok(Job {
        id: job.id,
        workspace: workspace.to_owned(),
        state: Word::stored(&job.state)?,
        from: job.window.from.into(),
        to: job.window.to.into(),
        created_at: job.created_at.into(),
        finished_at: job.finished_at.map(Moment::from),
        seen: job.seen,
        added: job.added,
        reason: job.reason,
    })
}
