//! One attempt at a delivery: which callback, what has to be known before it, what follows from its reply.

use domain::clock::Timestamp;
use domain::communication::Registration;
use domain::id::CommunicationId;
use domain::outbox::breaker::Sign;
use domain::outbox::{Cause, Notice, Outcome};
use domain::port::destination::{Delivery, Effect, Report};
use domain::port::{RemoteError, RemoteErrorKind};
use domain::recording::News;

use super::client::Accepted;
use super::lookup::{Found, Seen};
use super::progress::Progress;
use super::wire::CallFailed;
use super::{KonturInstance, render};

impl KonturInstance {
    pub(super) async fn attempt(&self, delivery: &Delivery<'_>) -> Report {
        match delivery.notice {
            Notice::CallStarted { at } => self.start(delivery, *at).await,
            Notice::Register | Notice::Restore => self.register(delivery).await,
            Notice::Recording { recording } => self.bind_recording(delivery, recording).await,
            Notice::LegChanged { .. } | Notice::CallFinished { .. } | Notice::CallFailed { .. } => {
                match communication(delivery) {
                    Some(id) => self.follow_up(delivery, id.clone()).await,
                    None => never_started(),
                }
            }
            Notice::Comment | Notice::Attach { .. } | Notice::Job { .. } => {
                dead(Cause::Configuration, "kontur takes no such notice")
            }
        }
    }

    async fn start(&self, delivery: &Delivery<'_>, at: Timestamp) -> Report {
        if delivery.communication.is_some() && delivery.call.request().is_none() {
            return Report { sign: Sign::Silent, ..already("accepted before") };
        }
        if delivery.suspect {
            match self.lookup.find(&self.client, delivery.external_id, |_| true).await {
                Found::Yes(seen) => {
                    let effects = vec![Effect::Communication(seen.communication)];
                    return Report { effects, ..already("found in the event feed") };
                }
                Found::Later(error) => return look_again(error.as_ref()),
                Found::No | Found::Unknown => {}
            }
        }
        match self.client.call_started(&render::call_started(delivery, at)).await {
            Ok((communication, accepted)) => {
                let effects = vec![Effect::Communication(communication.id)];
                Report { effects, ..delivered(accepted) }
            }
            Err(error) => failed(&error),
        }
    }

    /// The callbacks that need the communication that call-started or CALL made known.
    async fn follow_up(&self, delivery: &Delivery<'_>, id: CommunicationId) -> Report {
        let client = &self.client;
        let replied = match delivery.notice {
            Notice::LegChanged { leg, signal, at } => {
                client.call_event(&render::call_event(delivery, id, leg, *signal, *at)).await
            }
            Notice::CallFinished { at } => {
                client.call_finished(&render::call_finished(delivery, id, *at)).await
            }
            _ => client.call_failed(&CallFailed { communication_id: id }).await,
        };
        report(replied)
    }

    async fn register(&self, delivery: &Delivery<'_>) -> Report {
        let registration = Registration::of(delivery.external_id, delivery.call);
        let mut progress = Progress::read(delivery.progress, delivery.now);
        let mut id = communication(delivery).filter(|_| !restores(delivery)).cloned();
        if delivery.suspect {
            match self.look_up_registration(delivery).await {
                Found::Yes(seen) if is_told(delivery, &seen) => {
                    let mut effects = told_with_it(&registration, delivery, &progress);
                    effects.push(Effect::Communication(seen.communication));
                    return Report { effects, ..already("found in the event feed") };
                }
                Found::Yes(seen) if !seen.deleted => drop(id.get_or_insert(seen.communication)),
                Found::Later(error) => {
                    return Report { progress: progress.to_json(), ..look_again(error.as_ref()) };
                }
                Found::Yes(_) | Found::No | Found::Unknown => {}
            }
        }
        let mut effects = self.collect_recordings(&registration, delivery, &mut progress).await;
        let told = told_with_it(&registration, delivery, &progress);
        let body = render::register_call(registration, id, &progress.files(), delivery.directory);
        let report = report(self.client.register_call(&body).await);
        if report.outcome == Outcome::Delivered {
            effects.extend(told);
        }
        if report.outcome == Outcome::Delivered && restores(delivery) {
            effects.extend(self.new_communication(delivery).await);
        }
        Report { effects, progress: progress.to_json(), ..report }
    }

    /// What was registered may have been deleted since: whoever restores reads to the end.
    async fn look_up_registration(&self, delivery: &Delivery<'_>) -> Found {
        let enough = |seen: &Seen| seen.registered && !restores(delivery);
        self.lookup.find(&self.client, delivery.external_id, enough).await
    }

    /// The communication that a restored call has now: what is told later is about that one, not about the one that was
    /// deleted, even if Kontur itself asked for the call.
    async fn new_communication(&self, delivery: &Delivery<'_>) -> Option<Effect> {
        match self.look_up_registration(delivery).await {
            Found::Yes(seen) if is_told(delivery, &seen) => Some(Effect::Communication(seen.communication)),
            _ => None,
        }
    }
}

/// Whether the call is registered anew, since its communication was deleted in Kontur.
fn restores(delivery: &Delivery<'_>) -> bool {
    *delivery.notice == Notice::Restore
}

/// Whether Kontur has what the delivery tells.
fn is_told(delivery: &Delivery<'_>, seen: &Seen) -> bool {
    seen.registered && !(seen.deleted && restores(delivery))
}

/// What a registration means for the recordings of its conversations: they got into it, or are told by themselves.
fn told_with_it(registration: &Registration, delivery: &Delivery<'_>, progress: &Progress) -> Vec<Effect> {
    let recorded = registration.items.iter().filter_map(|item| delivery.call.recording(&item.leg));
    let told = recorded.map(|recording| match progress.file(&recording.leg) {
        Some(_) => Effect::Recording { leg: recording.leg.clone(), news: News::Attached },
        None => Effect::Follow(Notice::Recording { recording: recording.clone() }),
    });
    told.collect()
}

/// The communication of the call, if it is known.
pub(super) fn communication<'a>(delivery: &Delivery<'a>) -> Option<&'a CommunicationId> {
    delivery.communication.or(delivery.call.request())
}

/// What an attempt that got a reply comes to.
pub(super) fn report(replied: Result<Accepted, RemoteError>) -> Report {
    replied.map_or_else(|error| failed(&error), delivered)
}

/// What an attempt that went wrong comes to.
pub(super) fn failed(error: &RemoteError) -> Report {
    Report {
        status: error.status,
        answer: Some(error.message.clone()),
        credentials_refused: error.kind == RemoteErrorKind::Unauthorized,
        sign: error.kind.into(),
        ..Report::new(Outcome::from(error))
    }
}

/// What an attempt comes to that needs what was never accepted.
pub(super) fn never_started() -> Report {
    dead(Cause::Prerequisite, "the call has no communication: its call-started was never accepted")
}

/// An end without a request.
pub(super) fn dead(cause: Cause, reason: &str) -> Report {
    Report::new(Outcome::Dead { cause, reason: reason.to_owned() })
}

/// The look-up has no answer yet, so that nothing may be sent.
pub(super) fn look_again(trouble: Option<&RemoteError>) -> Report {
    let reason = trouble.map_or_else(
        || "the event feed is long and still being read".to_owned(),
        |error| format!("cannot look up whether it was accepted: {error}"),
    );
    let retry_after = trouble.and_then(|error| error.retry_after);
    let outcome = Outcome::Retry { reason, retry_after, ambiguous: true };
    Report { outcome, ..trouble.map_or_else(|| Report::new(Outcome::Delivered), failed) }
}

fn delivered(accepted: Accepted) -> Report {
    Report { status: Some(accepted.status), answer: Some(accepted.answer), ..Report::new(Outcome::Delivered) }
}

fn already(how: &str) -> Report {
    Report { answer: Some(format!("not sent again: {how}")), ..Report::new(Outcome::Delivered) }
}
