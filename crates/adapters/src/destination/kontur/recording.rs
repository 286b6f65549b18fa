//! Recordings: from the provider to Kontur's files, and bound to their call.

use std::time::Duration;

use domain::call::event::Recording;
use domain::communication::Registration;
use domain::id::{CommunicationId, ExternalId};
use domain::outbox::{Cause, Outcome};
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Effect, Report};
use domain::port::provider::Provider;
use futures_util::future::join_all;

use super::client::LARGEST_FILE;
use super::deliver::{communication, dead, failed, look_again, never_started, report};
use super::lookup::Found;
use super::progress::Progress;
use super::wire::FileMeta;
use super::{KonturInstance, render};

/// A registration waits no longer for its recordings; those that take longer are told by themselves.
const REGISTRATION_WAITS: Duration = Duration::from_secs(20);

impl KonturInstance {
    /// Uploads the recordings of the registered conversations, as far as they can be had now.
    pub(super) async fn collect_recordings(
        &self,
        registration: &Registration,
        delivery: &Delivery<'_>,
        progress: &mut Progress,
    ) {
        let Some(provider) = &self.audio else { return };
        let recorded = registration.items.iter().filter_map(|item| delivery.call.recording(&item.leg));
        let wanted: Vec<&Recording> = recorded.filter(|recording| progress.wants(&recording.leg)).collect();
        let brought = wanted.iter().map(|recording| {
            tokio::time::timeout(
                REGISTRATION_WAITS,
                self.bring(provider.as_ref(), delivery.external_id, recording),
            )
        });
        for (recording, brought) in wanted.iter().zip(join_all(brought).await) {
            let leg = recording.leg.clone();
            match brought {
                Ok(Ok(file)) => progress.uploaded(leg, file, delivery.now),
                Ok(Err(error)) => progress.postpone(leg, &error.to_string()),
                Err(_) => progress.postpone(leg, "it took too long"),
            }
        }
    }

    /// Tells a recording of a call that is registered.
    pub(super) async fn bind_recording(&self, delivery: &Delivery<'_>, recording: &Recording) -> Report {
        let mut progress = Progress::read(delivery.progress, delivery.now);
        let (id, effects) = match self.registered_as(delivery).await {
            Ok(found) => found,
            Err(report) => return Report { progress: progress.to_json(), ..report },
        };
        let file = match self.file_of(delivery, recording, &mut progress).await {
            Ok(file) => file,
            Err(report) => return Report { effects, ..report },
        };
        let body = render::call_recording(delivery, id, &recording.leg, &file);
        let report = report(self.client.call_recording(&body).await);
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
    ) -> Result<FileMeta, Report> {
        if let Some(file) = progress.file(&recording.leg) {
            return Ok(file.clone());
        }
        let provider = self.audio.as_ref().ok_or_else(|| {
            dead(Cause::Configuration, "the telephony system of this integration gives no recordings")
        })?;
        let file = self.bring(provider.as_ref(), delivery.external_id, recording).await;
        let file = file.map_err(|error| not_brought(&error))?;
        progress.uploaded(recording.leg.clone(), file.clone(), delivery.now);
        Ok(file)
    }

    async fn bring(
        &self,
        provider: &dyn Provider,
        call: &ExternalId,
        recording: &Recording,
    ) -> Result<FileMeta, RemoteError> {
        let audio = provider.recording(call, recording, LARGEST_FILE).await?;
        self.client.upload(&audio).await
    }
}

/// Fetching and uploading leave nothing behind that a second time would double.
fn not_brought(error: &RemoteError) -> Report {
    let report = failed(error);
    match report.outcome {
        Outcome::Retry { reason, retry_after, .. } => {
            Report { outcome: Outcome::Retry { reason, retry_after, ambiguous: false }, ..report }
        }
        _ => report,
    }
}
