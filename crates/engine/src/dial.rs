//! CALL and HANGUP of Kontur (contract Kontur §1).

mod missing;

use std::sync::Arc;
use std::time::Duration;

use domain::call::event::{CallEvent, Direction, Happening, Reason};
use domain::clock::Timestamp;
use domain::id::{CommunicationId, EventId, Extension, ExternalId, KonturUserId, LegId};
use domain::instance::status::Status;
use domain::phone::Phone;
use domain::port::crash::CrashPoint;
use domain::port::provider::DialRequest;
use domain::port::{RemoteError, RemoteErrorKind};
use storage::dials::{DialOutcome, DialRecord, DialState};

use crate::Engine;
use crate::error::EngineError;
use crate::happening;
use crate::ingest::Origin;
use crate::instance::{Instance, Live};
use crate::status;

/// Kontur wants an answer within 3 s; what takes longer goes on, and a failure is reported by call-failed.
const ANSWER_WITHIN: Duration = Duration::from_millis(2_500);

/// A provider that cannot be reached is asked again this often before the call counts as failed.
const ATTEMPTS: u32 = 4;

/// A call that was placed before a restart is known by its events; whoever sends them tries again by then.
const SHOWS_UP_WITHIN: Duration = Duration::from_secs(10);

/// Between those attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// A user pressed "Call".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCommand {
    /// Kontur's communication.
    pub communication: CommunicationId,
    /// Who calls.
    pub from: KonturUserId,
    /// The colleague to be called, in an internal call.
    pub to: Option<KonturUserId>,
    /// The client to be called.
    pub client_phone: Option<String>,
}

impl Engine {
    /// Places a call for a user. A repeat of the same communication places no second one.
    pub async fn call(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        command: CallCommand,
    ) -> Result<(), EngineError> {
        let live = instance.live();
        if instance.status() == Status::NotConfigured {
            return Err(EngineError::NotConfigured(
                "the integration is not set up yet; run setup".to_owned(),
            ));
        }
        if !live.connections.provider.capabilities().dial {
            return Err(EngineError::NotSupported(
                "this telephony cannot start calls; configure control_url".to_owned(),
            ));
        }
        let now = self.clock.now();
        let request = dial_request(&live, &command, now)?;
        let record = DialRecord {
            instance: instance.id,
            request: request.request.clone(),
            extension: request.extension.clone(),
            client_phone: request.client_phone.clone(),
            requested_at: now,
            state: DialState::Requested,
            reason: None,
            call: None,
        };
        let noted = self.store.write(move |tx| {
            let new = tx.insert_dial(&record)?;
            if new { Ok(None) } else { tx.dial(record.instance, &record.request) }
        });
        let noted = noted.await?;
        self.crash_points.pass(CrashPoint::DialNoted);
        match noted {
            None => self.place(instance, request).await,
            Some(earlier) if earlier.state == DialState::Refused => Err(EngineError::Conflict(
                earlier.reason.unwrap_or_else(|| "the call could not be placed".to_owned()),
            )),
            Some(_) => Ok(()),
        }
    }

    async fn place(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        request: DialRequest,
    ) -> Result<(), EngineError> {
        let (answered, answer) = tokio::sync::oneshot::channel();
        let (engine, instance) = (Arc::clone(self), Arc::clone(instance));
        self.tasks.spawn(async move {
            let outcome = engine.dial_patiently(&instance, &request).await;
            engine.crash_points.pass(CrashPoint::DialAnswered);
            // If nobody waits any more Kontur has its "OK", and a failure has to be reported.
            let in_time = answered.send(outcome.clone()).is_ok();
            engine.note_dial(&instance, &request, outcome.map(Some), in_time).await;
        });
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(Err(error))) => {
                Err(EngineError::Conflict(format!("the call could not be placed: {error}")))
            }
            Ok(Ok(Ok(_)) | Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Asks the provider; repeats are harmless, since it knows the request by its id.
    async fn dial_patiently(
        &self,
        instance: &Instance,
        request: &DialRequest,
    ) -> Result<ExternalId, RemoteError> {
        let provider = Arc::clone(&instance.live().connections.provider);
        let mut attempt = 1;
        loop {
            match provider.dial(request).await {
                Err(error) if attempt < ATTEMPTS && may_pass(&error) => attempt += 1,
                outcome => return outcome,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// `outcome`: the provider's id of the call, or none if the call has shown up already.
    async fn note_dial(
        &self,
        instance: &Instance,
        request: &DialRequest,
        outcome: Result<Option<ExternalId>, RemoteError>,
        in_time: bool,
    ) {
        // One that has shown up says nothing of the credentials: nobody was asked.
        if !matches!(outcome, Ok(None))
            && let Some(signal) = status::of_provider_credentials(&outcome)
            && let Err(error) = self.signal(instance, signal).await
        {
            happening::background_failed(&instance.workspace, "status", &error);
        }
        let outcome = match outcome {
            Ok(call) => DialOutcome {
                state: DialState::Accepted,
                look_at: call.is_some().then(|| self.clock.now().plus(self.watch.patience.ask_after)),
                call,
                reason: None,
            },
            Err(error) => failed_dial(in_time, error.to_string()),
        };
        self.settle_dial(instance, request, outcome).await;
    }

    /// Notes what became of a request, and tells Kontur of a failure that it does not know of.
    async fn settle_dial(&self, instance: &Instance, request: &DialRequest, outcome: DialOutcome) {
        let (id, communication, of_write) = (instance.id, request.request.clone(), outcome.clone());
        let noted = self.store.write(move |tx| tx.settle_dial(id, &communication, &of_write));
        if let Err(error) = noted.await {
            happening::background_failed(&instance.workspace, "call", &error);
        }
        if outcome.state == DialState::Failed {
            self.report_failed_dial(instance, request, &outcome.reason.unwrap_or_default()).await;
        }
    }

    /// Tells Kontur by call-failed, through the journal like everything else.
    async fn report_failed_dial(&self, instance: &Instance, request: &DialRequest, reason: &str) {
        tracing::warn!(workspace = %instance.workspace, reason, "a call could not be placed");
        let event = CallEvent {
            id: EventId::new(format!("dial:{}", request.request)),
            at: self.clock.now(),
            call: ExternalId::new(format!("dial:{}", request.request)),
            direction: Some(Direction::Outbound),
            client_phone: Some(request.client_phone.clone()),
            vats_phone: None,
            request: Some(request.request.clone()),
            happening: Happening::CallFailed(Some(Reason::Error)),
        };
        if let Err(error) = self.take_events(instance, vec![event], Origin::Live(None)).await {
            happening::background_failed(&instance.workspace, "call-failed", &error);
        }
    }

    /// After a start: requests of which nobody knows what became. A user who pressed "Call" before a restart has given
    /// up by now: the phone must not ring out of the blue. But it may be ringing already, and a call that comes about
    /// must not be told to have failed: its events have some time to come in.
    pub(crate) async fn resume_dials(self: &Arc<Self>) -> Result<(), EngineError> {
        for dial in self.store.read(|tx| tx.open_dials()).await? {
            let Some(instance) = self.instances.get(dial.instance) else { continue };
            let engine = Arc::clone(self);
            self.tasks.spawn(async move {
                tokio::select! {
                    // The next start has it again.
                    () = engine.stop.cancelled() => {}
                    () = tokio::time::sleep(SHOWS_UP_WITHIN) => engine.conclude_dial(&instance, dial).await,
                }
            });
        }
        Ok(())
    }

    /// The same of those that a process left that is not there any more: nobody asks a telephony for so long.
    pub(crate) async fn conclude_dials_older_than(
        &self,
        age: Duration,
    ) -> Result<(), storage::error::StorageError> {
        let before = self.clock.now().minus(age);
        for dial in self.store.read(|tx| tx.open_dials()).await? {
            let Some(instance) = self.instances.get(dial.instance) else { continue };
            if dial.requested_at <= before && self.claims.holds(dial.instance) {
                self.conclude_dial(&instance, dial).await;
            }
        }
        Ok(())
    }

    async fn conclude_dial(&self, instance: &Instance, dial: DialRecord) {
        let (id, request, since) = (dial.instance, dial.request.clone(), dial.requested_at.minus(PAUSE));
        let outcome = match self.store.read(move |tx| tx.has_call_of_request(id, &request, since)).await {
            Ok(true) => Ok(None),
            Ok(false) => {
                let (kind, message) = (RemoteErrorKind::Interrupted, "the server was restarted");
                Err(RemoteError::new("telephony", "call", kind, message))
            }
            Err(error) => return happening::background_failed(&instance.workspace, "call", &error),
        };
        self.note_dial(instance, &request_of(instance, dial), outcome, false).await;
    }

    /// Ends a leg for a user. One that has ended already is fine.
    pub async fn hang_up(
        &self,
        instance: &Instance,
        leg: &LegId,
        communication: Option<&CommunicationId>,
    ) -> Result<(), EngineError> {
        let (id, leg_id) = (instance.id, leg.clone());
        let found = self.store.read(move |tx| tx.call_of_leg(id, &leg_id)).await?;
        let unknown = || EngineError::NotFound(format!("no call item {leg} is known in this workspace"));
        let stored = found.ok_or_else(unknown)?;
        if communication.is_some_and(|id| stored.communication.as_ref().is_some_and(|known| known != id)) {
            return Err(EngineError::NotFound(format!(
                "call item {leg} does not belong to that communication"
            )));
        }
        let ended = stored.call.legs().get(leg).is_some_and(|leg| leg.ended_at().is_some());
        if ended || stored.call.is_closed() {
            return Ok(());
        }
        let live = instance.live();
        if !live.connections.provider.capabilities().hang_up {
            return Err(EngineError::NotSupported(
                "this telephony cannot end calls; configure control_url".to_owned(),
            ));
        }
        let hung_up = live.connections.provider.hang_up(&stored.external_id, leg);
        tokio::time::timeout(ANSWER_WITHIN, hung_up).await.map_or_else(
            |_| {
                let message = "the telephony did not answer in time".to_owned();
                Err(EngineError::Unavailable { message, retry_after: Duration::from_secs(1) })
            },
            |outcome| Ok(outcome?),
        )
    }
}

/// What is noted of a call that came to nothing. `told`: Kontur has it in the reply.
fn failed_dial(told: bool, reason: String) -> DialOutcome {
    let state = if told { DialState::Refused } else { DialState::Failed };
    DialOutcome { state, call: None, reason: Some(reason), look_at: None }
}

fn request_of(instance: &Instance, dial: DialRecord) -> DialRequest {
    let auto_answer = instance.live().behaviour().auto_answer;
    let DialRecord { request, extension, client_phone, .. } = dial;
    DialRequest { request, extension, client_phone, auto_answer }
}

/// A refusal is final; trouble may pass.
fn may_pass(error: &RemoteError) -> bool {
    error.is_ambiguous() || matches!(error.kind, RemoteErrorKind::Unreachable | RemoteErrorKind::RateLimited)
}

fn dial_request(live: &Live, command: &CallCommand, now: Timestamp) -> Result<DialRequest, EngineError> {
    let extension = extension_of(live, &command.from, now)?;
    let client_phone = match (&command.to, &command.client_phone) {
        (_, Some(phone)) if !phone.trim().is_empty() => Phone::normalise(phone, live.settings.country),
        (Some(colleague), _) => Phone::extension(&extension_of(live, colleague, now)?),
        (None, _) => {
            return Err(EngineError::Invalid("clientPhone is missing, and so is toUserId".to_owned()));
        }
    };
    if client_phone.is_anonymous() {
        return Err(EngineError::Invalid("clientPhone has no digits; give the number to call".to_owned()));
    }
    let auto_answer = live.behaviour().auto_answer;
    Ok(DialRequest { request: command.communication.clone(), extension, client_phone, auto_answer })
}

fn extension_of(live: &Live, user: &KonturUserId, now: Timestamp) -> Result<Extension, EngineError> {
    live.directory.extension_of(user, now).cloned().ok_or_else(|| {
        EngineError::NotConfigured(format!(
            "user {user} has no extension; add the user to the integration's users"
        ))
    })
}
