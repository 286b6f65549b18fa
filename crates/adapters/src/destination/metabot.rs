//! Metabot (contract Metabot): jobs that calls start, by the rules of the configuration.

mod job;
mod judge;
mod validate;

use async_trait::async_trait;
use chrono_tz::Tz;
use domain::instance::settings::{JobRule, MetabotAuth, MetabotSettings};
use domain::outbox::{Cause, DestinationKind, Notice, Outcome};
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Destination, Report};
use domain::secret::Secret;
use reqwest::header::AUTHORIZATION;
use url::Url;

use self::job::{Filling, Job};
pub use self::validate::{InvalidJob, validate};
use crate::http::Asked;
use crate::template::{Facts, Templates};

const SCHEDULE: Asked = Asked { system: "metabot", operation: "jobs/schedule" };

/// What the diagnosis says next to a good [`Destination::check`]: the API has no call that starts nothing.
pub const UNCHECKED: &str = "bot and token cannot be checked without starting a job";

/// A bot of one integration instance.
pub struct Metabot {
    http: reqwest::Client,
    api_url: Url,
    schedule_url: Url,
    auth: MetabotAuth,
    token: Secret,
    time_zone: Tz,
    rules: Vec<JobRule>,
    templates: Templates,
}

impl Metabot {
    /// A client of the bot in `settings`. Rules that are not valid are reported when a call would start them;
    /// [`validate()`] tells beforehand.
    pub fn new(http: reqwest::Client, settings: &MetabotSettings) -> Self {
        let mut schedule_url = settings.api_url.clone();
        // A URL that cannot have a path is refused when the first request is built.
        if let Ok(mut path) = schedule_url.path_segments_mut() {
            path.pop_if_empty().extend(["bots", &settings.bot_id.to_string(), "jobs", "schedule"]);
        }
        Self {
            http,
            api_url: settings.api_url.clone(),
            schedule_url,
            auth: settings.auth,
            token: settings.token.clone(),
            time_zone: settings.time_zone,
            rules: settings.jobs.clone(),
            templates: Templates::new(),
        }
    }

    /// Renders and validates the job, then sends it.
    ///
    /// The contract has no way to look a job up: after an unknown outcome it is sent again, so a job may start twice,
    /// but never gets lost. `call_id` among the parameters lets a script tell a repeat.
    async fn start(&self, index: usize, delivery: &Delivery<'_>) -> Report {
        let Some(rule) = self.rules.get(index) else {
            return dead(Cause::Configuration, format!("metabot.job[{index}] is not configured any more"));
        };
        let facts = Facts::of(delivery, self.time_zone);
        let filling = Filling { templates: &self.templates, facts: &facts, zone: self.time_zone };
        match filling.job(rule) {
            Ok(job) => self.send(&job).await,
            Err(fault) => dead(fault.cause, format!("metabot.job[{index}].{fault}")),
        }
    }

    async fn send(&self, job: &Job) -> Report {
        let request = self.http.post(self.schedule_url.clone()).json(job);
        let token = self.token.expose();
        let request = match self.auth {
            MetabotAuth::Authentication => request.header("Authentication", token),
            MetabotAuth::Bearer => request.header(AUTHORIZATION, format!("Bearer {token}")),
        };
        match SCHEDULE.send(request).await {
            Ok(reply) => judge::judge(SCHEDULE, &reply),
            Err(error) => judge::failed(&error),
        }
    }
}

#[async_trait]
impl Destination for Metabot {
    fn kind(&self) -> DestinationKind {
        DestinationKind::Metabot
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Report {
        match delivery.notice {
            Notice::Job { rule } => self.start(*rule, delivery).await,
            other => dead(Cause::Configuration, format!("{} is nothing that Metabot is told", other.word())),
        }
    }

    /// Whether the host answers, whatever it answers to a request for nothing in particular. See [`UNCHECKED`].
    async fn check(&self) -> Result<(), RemoteError> {
        let asked = Asked { operation: "check", ..SCHEDULE };
        let reply = asked.send(self.http.get(self.api_url.clone())).await?;
        if reply.status.is_server_error() { Err(asked.refused(&reply)) } else { Ok(()) }
    }
}

fn dead(cause: Cause, reason: String) -> Report {
    Report::new(Outcome::Dead { cause, reason })
}
