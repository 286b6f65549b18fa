//! Runs of the history sync: regular ones, and imports of a longer span.

mod shown;

use std::sync::Arc;

use domain::port::provider::Window;
use engine::sync::SyncRequest;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use storage::sync_jobs::SyncJob;

use self::shown::Job;
use super::Tag;
use super::body::JsonBody;
use super::page::Page;
use super::types::{Cursor, Limit, Moment};
use crate::api::ApiState;
use crate::api::problem::{Fault, Problem};

/// Operations.
pub(in crate::api) struct Syncs(pub(super) Arc<ApiState>);

/// The fastest import that is worth a limit.
const FASTEST: u32 = 1_000_000;

/// Which calls to read; all left out: those since the last sync.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Span {
    /// Calls that began at this time or later.
    from: Option<Moment>,
    /// Calls that began before this time; left out: until now.
    to: Option<Moment>,
    /// So many calls are taken in a minute at most; left out: as many as the destinations take. Only with `from`.
    calls_per_minute: Option<u32>,
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
    ///
    /// Spans of one workspace are read one after the other, beside the regular sync. Live calls go first.
    #[oai(path = "/:workspace/sync", method = "post", operation_id = "begin_sync")]
    async fn begin(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        body: JsonBody<Span>,
    ) -> Result<Begun, Problem> {
        let request = self.request(&body.fields()?)?;
        let instance = self.0.engine.instance(&workspace)?;
        let id = self.0.engine.begin_sync(&instance, request).await?;
        Ok(Begun::Runs(Json(Job::of(&workspace, self.0.engine.sync_job(id).await?)?)))
    }

    /// List runs of the history sync, the latest first
    #[oai(path = "/:workspace/sync", method = "get", operation_id = "list_syncs")]
    async fn list(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
        /// How long a page may be.
        limit: Query<Option<Limit>>,
    ) -> Result<Json<Page<Job>>, Problem> {
        let (instance, limit) = (self.0.engine.instance(&workspace)?, limit.0.unwrap_or_default());
        let before = cursor.0.map(|cursor| cursor.0);
        let jobs = self.0.engine.list_syncs(&instance, before, limit.0 + 1).await?;
        let shown = jobs.into_iter().map(|job| Ok((job.id, Job::of(&workspace, job)?)));
        let shown = shown.collect::<Result<Vec<_>, Problem>>()?;
        Ok(Json(Page::of(shown, limit, |(id, _)| *id, |(_, job)| job)))
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
        let job = self.job(&workspace, job.0).await?;
        Ok(Json(Job::of(&workspace, job)?))
    }

    /// Pause a run of the history sync
    ///
    /// It may be paused for as long as one likes; it goes on where it was.
    #[oai(path = "/:workspace/sync/:job/pause", method = "post", operation_id = "pause_sync")]
    async fn pause(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        /// The run's number.
        job: Path<i64>,
    ) -> Result<Json<Job>, Problem> {
        let job = self.job(&workspace, job.0).await?;
        Ok(Json(Job::of(&workspace, self.0.engine.pause_sync(job.id).await?)?))
    }

    /// Let a paused run of the history sync go on
    #[oai(path = "/:workspace/sync/:job/resume", method = "post", operation_id = "resume_sync")]
    async fn resume(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        /// The run's number.
        job: Path<i64>,
    ) -> Result<Json<Job>, Problem> {
        let job = self.job(&workspace, job.0).await?;
        Ok(Json(Job::of(&workspace, self.0.engine.resume_sync(job.id).await?)?))
    }

    /// End a run of the history sync before its end
    ///
    /// The calls that it read stay.
    #[oai(path = "/:workspace/sync/:job/cancel", method = "post", operation_id = "cancel_sync")]
    async fn cancel(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        /// The run's number.
        job: Path<i64>,
    ) -> Result<Json<Job>, Problem> {
        let job = self.job(&workspace, job.0).await?;
        Ok(Json(Job::of(&workspace, self.0.engine.cancel_sync(job.id).await?)?))
    }
}

impl Syncs {
    /// A run of that workspace.
    async fn job(&self, workspace: &str, id: i64) -> Result<SyncJob, Problem> {
        let instance = self.0.engine.instance(workspace)?;
        let job = self.0.engine.sync_job(id).await?;
        if job.asked.instance == instance.id {
            return Ok(job);
        }
        Err(engine::error::EngineError::NotFound(format!("there is no sync {id} of {workspace}")).into())
    }

    fn request(&self, span: &Span) -> Result<SyncRequest, Problem> {
        let invalid = |field, what: &str| {
            Problem::invalid("a field of the body is wrong", vec![Fault::of_field(field, what)])
        };
        let calls_per_minute = span.calls_per_minute;
        if calls_per_minute.is_some_and(|count| !(1..=FASTEST).contains(&count)) {
            return Err(invalid("calls_per_minute", "is not from 1 to 1000000"));
        }
        let to = || span.to.map_or_else(|| self.0.engine.now(), |to| to.0);
        match span.from {
            Some(from) => {
                let window = Window { from: from.0, to: to() };
                Ok(SyncRequest::Span { window, calls_per_minute })
            }
            None if span.to.is_some() || calls_per_minute.is_some() => {
                Err(invalid("from", "is missing; give both from and to, from alone, or neither"))
            }
            None => Ok(SyncRequest::News),
        }
    }
}
