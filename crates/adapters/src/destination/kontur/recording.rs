//! Recordings: from the spool to Kontur's files, and bound to their call.

use std::time::Duration;

use domain::call::event::Recording;
use domain::communication::Registration;
use domain::id::{CommunicationId, ExternalId};
use domain::outbox::{Cause, Outcome};
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Effect, Report};
use domain::port::recordings::{FetchError, Fetched, Recordings};
use domain::recording::News;
use futures_util::future::join_all;

use super::deliver::{communication, dead, failed, look_again, never_started, report};
use super::lookup::Found;
use super::progress::Progress;
use super::wire::FileMeta;
use super::{KonturInstance, render};

/// A registration waits no longer for its recordings; those that take longer are told by themselves.
const REGISTRATION_WAITS: Duration = Duration::from_secs(20);

/// Why a recording is not among Kontur's files.
enum NotBrought {
    /// It is not here.
    Fetching(FetchError),
    /// Kontur did not take it.
    Uploading(Fetched, RemoteError),
}

impl KonturInstance {
    /// Uploads the recordings of the registered conversations, as far as they can be had now. Gives what became known of
    /// them.
    pub(super) async fn collect_recordings(
        &self,
        registration: &Registration,
        delivery: &Delivery<'_>,
        progress: &mut Progress,
    ) -> Vec<Effect> {
        let Some(recordings) = &self.recordings else { return Vec::new() };
        let recorded = registration.items.iter().filter_map(|item| delivery.call.recording(&item.leg));
        let wanted: Vec<&Recording> = recorded.filter(|recording| progress.wants(&recording.leg)).collect();
        let brought = wanted.iter().map(|recording| {
            let brought = self.bring(recordings.as_ref(), delivery.external_id, recording);
            tokio::time::timeout(REGISTRATION_WAITS, brought)
        });
        let mut effects = Vec::new();
        for (recording, brought) in wanted.iter().zip(join_all(brought).await) {
            let leg = recording.leg.clone();
            match brought {
                Ok(Ok(file)) => {
                    effects.push(fetched(recording, &file));
                    progress.uploaded(leg, file, delivery.now);
                }
                Ok(Err(error)) => {
                    progress.postpone(leg, error.reason());
                    effects.push(error.effect(recording));
                }
                Err(_) => progress.postpone(leg, "it took too long"),
            }
        }
        effects
    }

    /// Tells a recording of a call that is registered.
    pub(super) async fn bind_recording(&self, delivery: &Delivery<'_>, recording: &Recording) -> Report {
        let mut progress = Progress::read(delivery.progress, delivery.now);
        let (id, mut effects) = match self.registered_as(delivery).await {
            Ok(found) => found,
            Err(report) => return Report { progress: progress.to_json(), ..report },
        };
        let file = match self.file_of(delivery, recording, &mut progress).await {
            Ok((file, news)) => {
                effects.extend(news);
                file
            }
            Err(report) => {
                effects.extend(report.effects);
                return Report { effects, ..report };
            }
        };
        let body = render::call_recording(delivery, id, &recording.leg, &file);
        let report = report(self.client.call_recording(&body).await);
        if report.outcome == Outcome::Delivered {
            effects.push(Effect::Recording { leg: recording.leg.clone(), news: News::Attached });
        }
        Report { effects, progress: progress.to_json(), ..report }
    }

    /// The communication of a registered call; looked up where neither call-started nor CALL made it known, as
    /// register-call's reply does not say it.
    async fn registered_as(&self, delivery: &Delivery<'_>) -> Result<(CommunicationId, Vec<Effect>), Report> {
        if let Some(id) = communication(delivery) {
            return Ok((id.clone(), Vec::new()));
        }
        match self.lookup.find(&self.client, delivery.external_id, |_| true).await {
            Found::Yes(seen) => {
                Ok((seen.communication.clone(), vec![Effect::Communication(seen.communication)]))
            }
            Found::Later(error) => Err(look_again(error.as_ref())),
            Found::No | Found::Unknown => Err(never_started()),
        }
    }

    /// The uploaded file of a recording, brought if an earlier attempt did not.
    async fn file_of(
        &self,
        delivery: &Delivery<'_>,
        recording: &Recording,
        progress: &mut Progress,
    ) -> Result<(FileMeta, Option<Effect>), Report> {
        if let Some(file) = progress.file(&recording.leg) {
            return Ok((file.clone(), None));
        }
        let recordings = self.recordings.as_ref().ok_or_else(|| {
            dead(Cause::Configuration, "the telephony system of this integration gives no recordings")
        })?;
        let file = self.bring(recordings.as_ref(), delivery.external_id, recording).await;
        let file = file.map_err(|error| error.report(recording))?;
        progress.uploaded(recording.leg.clone(), file.clone(), delivery.now);
        let news = fetched(recording, &file);
        Ok((file, Some(news)))
    }

    async fn bring(
        &self,
        recordings: &dyn Recordings,
        call: &ExternalId,
        recording: &Recording,
    ) -> Result<FileMeta, NotBrought> {
        let file = recordings.obtain(call, recording).await.map_err(NotBrought::Fetching)?;
        self.client.upload(&file).await.map_err(|error| NotBrought::Uploading(file.fetched, error))
    }
}

impl NotBrought {
    fn reason(&self) -> &str {
        match self {
            Self::Fetching(error) => &error.message,
            Self::Uploading(_, error) => &error.message,
        }
    }

    /// What it says of the recording.
    fn effect(&self, recording: &Recording) -> Effect {
        let news = match self {
            Self::Fetching(error) => News::Hindered { fault: error.fault, reason: error.message.clone() },
            Self::Uploading(Fetched { size, content_type, .. }, _) => {
                News::Fetched { size: *size, content_type: content_type.clone() }
            }
        };
        Effect::Recording { leg: recording.leg.clone(), news }
    }

    fn report(&self, recording: &Recording) -> Report {
        let report = match self {
            // That says nothing of Kontur.
            Self::Fetching(error) => Report {
                status: error.status,
                answer: Some(error.message.clone()),
                ..Report::new(Outcome::from(error))
            },
            Self::Uploading(_, error) => not_uploaded(error),
        };
        Report { effects: vec![self.effect(recording)], ..report }
    }
}

/// Uploading leaves nothing behind that a second time would double.
fn not_uploaded(error: &RemoteError) -> Report {
    let report = failed(error);
    match report.outcome {
        Outcome::Retry { reason, retry_after, .. } => {
            Report { outcome: Outcome::Retry { reason, retry_after, ambiguous: false }, ..report }
        }
        _ => report,
    }
}

fn fetched(recording: &Recording, file: &FileMeta) -> Effect {
    let news = News::Fetched { size: file.content_length, content_type: file.content_type.clone() };
    Effect::Recording { leg: recording.leg.clone(), news }
}
