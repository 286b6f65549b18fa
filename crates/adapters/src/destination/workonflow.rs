//! Workonflow (contract Workonflow): the history of each client as comments in the client's thread (design,
//! Workonflow effects).

mod action;
mod attach;
mod cache;
mod client;
mod comment;
mod dialect;
mod effect;
mod judge;
mod place;
mod progress;
#[cfg(test)]
mod samples;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use chrono_tz::Tz;
use domain::clock::Clock;
use domain::id::WorkonflowUserId;
use domain::instance::settings::{WorkonflowSettings, WorkonflowTemplates};
use domain::outbox::{Cause, DestinationKind, Notice, Outcome};
use domain::port::destination::{Delivery, Destination, Report};
use domain::port::recordings::Recordings;
use domain::port::{RemoteError, RemoteErrorKind};

use self::attach::Attachment;
use self::cache::Memory;
use self::client::Client;
use self::comment::Texts;
use self::effect::Attempt;
use self::place::Place;
use crate::template::{Facts, TemplateError};

/// Whether an administrator's templates can be used; the error names the first that cannot.
pub fn check_templates(templates: &WorkonflowTemplates) -> Result<(), TemplateError> {
    Texts::new(templates).map(drop)
}

/// A Workonflow team of one integration instance.
pub struct Workonflow {
    client: Client,
    texts: Texts,
    stream: Stream,
    memory: Memory,
    time_zone: Tz,
    /// What gives the recordings.
    recordings: Option<Arc<dyn Recordings>>,
}

/// Where threads of clients live.
struct Stream {
    id: String,
    /// Status of new threads.
    status_id: String,
    /// Status of threads whose missed call was returned.
    done_status_id: Option<String>,
}

impl Workonflow {
    /// A client of the team in `settings`. Times in texts are in `time_zone`; `recordings` gives what is attached. Fails
    /// on a template that cannot be used.
    pub fn new(
        http: reqwest::Client,
        settings: &WorkonflowSettings,
        time_zone: Tz,
        clock: Arc<dyn Clock>,
        recordings: Option<Arc<dyn Recordings>>,
    ) -> Result<Self, TemplateError> {
        Ok(Self {
            texts: Texts::new(&settings.templates)?,
            client: Client::new(http, settings, Arc::clone(&clock)),
            stream: Stream {
                id: settings.stream_id.clone(),
                status_id: settings.status_id.clone(),
                done_status_id: settings.done_status_id.clone(),
            },
            memory: Memory::new(clock),
            time_zone,
            recordings,
        })
    }

    /// Where what is written of a call belongs.
    fn place<'a>(&'a self, delivery: &Delivery<'a>) -> Result<Place<'a>, TemplateError> {
        let facts = Facts::of(delivery, self.time_zone);
        let texts = self.texts.of(&facts)?;
        let extension = facts.employee_extension.as_str().into();
        let employee = delivery.directory.workonflow_user_at(&extension, delivery.call.began_at());
        let responsible = employee.map(WorkonflowUserId::as_str);
        Ok(Place { workonflow: self, phone: delivery.call.client_phone(), texts, responsible })
    }

    /// The status `id` belongs to the stream; `key` is where it was configured.
    fn expect_status(&self, statuses: &[wire::Status], key: &str, id: &str) -> Result<(), RemoteError> {
        if statuses.iter().any(|status| status.id == id) {
            return Ok(());
        }
        let known: Vec<_> =
            statuses.iter().map(|status| format!("{} ({})", status.id, status.name)).collect();
        let stream = &self.stream.id;
        Err(mend(format!("{key} {id} is no status of stream {stream}; expected one of {}", known.join(", "))))
    }
}

#[async_trait]
impl Destination for Workonflow {
    fn kind(&self) -> DestinationKind {
        DestinationKind::Workonflow
    }

    fn serialises_by_client(&self) -> bool {
        true
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Report {
        let place = match self.place(delivery) {
            Ok(place) => place,
            Err(error) => return misconfigured(error.to_string()),
        };
        match delivery.notice {
            Notice::Comment => Attempt::new(place, delivery).run().await,
            Notice::Attach { recording } => Attachment::new(place, delivery, recording).run().await,
            other => misconfigured(format!("{} is nothing that Workonflow is told", other.word())),
        }
    }

    /// Reads the statuses of the configured stream: that needs good credentials, the right team and a stream we may
    /// see. The error names the key to mend.
    async fn check(&self) -> Result<(), RemoteError> {
        let statuses = self.client.statuses(&self.stream.id).await.map_err(|error| match error.kind {
            RemoteErrorKind::Rejected | RemoteErrorKind::NotFound => {
                mend(format!("{}; check team_id, stream_id and api_url", error.message))
            }
            _ => error,
        })?;
        if statuses.is_empty() {
            return Err(mend(format!(
                "stream_id {} is no stream of the team, or has no statuses",
                self.stream.id
            )));
        }
        self.expect_status(&statuses, "status_id", &self.stream.status_id)?;
        let done = self.stream.done_status_id.as_deref();
        done.map_or(Ok(()), |id| self.expect_status(&statuses, "done_status_id", id))
    }
}

fn mend(message: String) -> RemoteError {
    RemoteError::new(client::SYSTEM, "stream.status/read", RemoteErrorKind::Rejected, message)
}

fn misconfigured(reason: String) -> Report {
    Report::new(Outcome::Dead { cause: Cause::Configuration, reason })
}
