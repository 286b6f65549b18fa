//! Looks after calls whose end never comes: asks the provider, and infers the end where nobody can say. When to do
//! what is decided in `domain::call::healing`. Calls that were asked for and never came about are `dial::missing`.
//!
//! Which calls are due is in the store, so that a restart forgets none. Every step may be cut off and done again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::call::event::{CallEvent, Happening};
use domain::call::healing::{Answer, Step, Verdict};
use domain::call::past::PastCall;
use domain::clock::Timestamp;
use domain::id::ExternalId;
use domain::instance::status::Status;
use domain::port::{RemoteError, RemoteErrorKind};
use futures_util::{TryStreamExt, stream};
use storage::About;
use storage::calls::OpenCall;
use storage::error::StorageError;
use tokio_util::sync::CancellationToken;

use crate::Engine;
use crate::clock_watch::ClockWatch;
use crate::error::EngineError;
use crate::happening;
use crate::ingest::{Aftermath, Journal, Origin};
use crate::instance::Instance;
use crate::status;

/// Due calls of one instance that are looked at in one go.
const BATCH: u32 = 64;

/// Open calls of one instance that are asked for when somebody listens to its telephony again.
const MOST_OPEN: u32 = 4_096;

/// Questions that one provider has before it at the same time.
const ASKED_AT_ONCE: usize = 4;

/// Instances looked after at the same time: a provider that hangs holds up few others, and not for long.
const INSTANCES_AT_ONCE: usize = 16;

/// The event by which a call counts as over.
const INFERRED: &str = "inferred:end";

/// Runs until `stop`.
pub(crate) async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let every = engine.watch.patience.look_every();
    let looking = async {
        let mut clock_watch = ClockWatch::default();
        loop {
            let set_back = clock_watch.set_back(engine.clock.now());
            match engine.look(set_back).await {
                // There is more than one go could take.
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "open calls cannot be looked after; trying again"),
            }
            tokio::time::sleep(every).await;
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = looking => {}
    }
}

impl Engine {
    async fn look(&self, clock_set_back: Duration) -> Result<bool, EngineError> {
        if !clock_set_back.is_zero() {
            let sooner = self.store.write(move |tx| {
                tx.look_sooner(clock_set_back)?;
                tx.look_for_dials_sooner(clock_set_back)
            });
            sooner.await?;
        }
        let more_calls = self.look_after_open_calls().await?;
        Ok(self.look_for_placed_calls().await? || more_calls)
    }

    /// Looks once at every open call that is due, as the timer does. Says whether some may be left.
    pub async fn look_after_open_calls(&self) -> Result<bool, EngineError> {
        let due = self.due_calls().await?;
        let more = due.iter().any(|(_, calls)| calls.len() >= BATCH as usize);
        let instances = stream::iter(due.into_iter().map(Ok));
        instances
            .try_for_each_concurrent(INSTANCES_AT_ONCE, |(instance, calls)| async move {
                self.look_after(&instance, calls).await
            })
            .await?;
        Ok(more)
    }

    /// The due calls of each instance that has some. Those of an instance that is gone rest until it is back.
    async fn due_calls(&self) -> Result<Vec<(Arc<Instance>, Vec<OpenCall>)>, StorageError> {
        let (instances, now) = (self.our_instances(), self.clock.now());
        let found = self.store.read(move |tx| {
            let of = |instance: &Arc<Instance>| {
                Ok((Arc::clone(instance), tx.open_calls(instance.id, now, BATCH)?))
            };
            instances.iter().map(of).collect::<Result<Vec<_>, StorageError>>()
        });
        Ok(found.await?.into_iter().filter(|(_, calls)| !calls.is_empty()).collect())
    }

    async fn look_after(&self, instance: &Instance, calls: Vec<OpenCall>) -> Result<(), EngineError> {
        let provider = ProviderToAsk::of(instance);
        let provider = &provider;
        let calls = stream::iter(calls.into_iter().map(Ok));
        calls
            .try_for_each_concurrent(ASKED_AT_ONCE, |open| async move {
                let step = self.watch.step(open.quiet, provider.can_be_asked, self.clock.now());
                let verdict = match step {
                    Step::Then(verdict) => verdict,
                    Step::Ask => {
                        let answer = self.ask(instance, provider, &open).await?;
                        self.watch.after(open.quiet, answer, self.clock.now())
                    }
                };
                self.follow(instance, open, verdict).await.map_err(EngineError::from)
            })
            .await
    }

    /// Asks the provider how a call stands, and takes in what it says.
    async fn ask(
        &self,
        instance: &Instance,
        provider: &ProviderToAsk,
        open: &OpenCall,
    ) -> Result<Answer, EngineError> {
        if provider.is_silent.load(Ordering::Relaxed) {
            return Ok(Answer::None);
        }
        let call = &open.stored.external_id;
        let answer = match self.look_up(instance, call).await? {
            Ok((answer, mut events)) => {
                if answer == Answer::GoesOn {
                    let now = self.clock.now();
                    events.push(ours(call, format!("goes-on:{}", now.micros()), now, Happening::GoesOn));
                }
                self.take_events(instance, events, Origin::Live(None)).await?;
                answer
            }
            Err(error) => {
                provider.is_silent.fetch_or(concerns_all(&error), Ordering::Relaxed);
                unanswered(instance, &error)
            }
        };
        happening::call_asked_for(&instance.workspace, open.stored.id, answer);
        Ok(answer)
    }

    /// Asks at once how each open call of an instance stands: they may have ended while nobody listened. What cannot be
    /// said now is asked again when the call has been quiet for long enough.
    pub(crate) async fn ask_about_open_calls(&self, instance: &Instance) -> Result<(), EngineError> {
        let (id, always) = (instance.id, Timestamp::from_micros(i64::MAX));
        let open = self.store.read(move |tx| tx.open_calls(id, always, MOST_OPEN)).await?;
        let provider = &ProviderToAsk::of(instance);
        let open = stream::iter(open.into_iter().map(Ok));
        open.try_for_each_concurrent(ASKED_AT_ONCE, |open| async move {
            self.ask(instance, provider, &open).await.map(drop)
        })
        .await
    }

    /// Asks the provider how a call stands: its events of it, and what they say.
    pub(crate) async fn look_up(
        &self,
        instance: &Instance,
        call: &ExternalId,
    ) -> Result<Result<(Answer, Vec<CallEvent>), RemoteError>, EngineError> {
        let told = instance.live().connections.provider.call(call).await;
        if let Some(signal) = status::of_provider_credentials(&told) {
            self.signal(instance, signal).await?;
        }
        Ok(told.map(|told| read(call, told)))
    }

    async fn follow(
        &self,
        instance: &Instance,
        open: OpenCall,
        verdict: Verdict,
    ) -> Result<(), StorageError> {
        match verdict {
            Verdict::LookAgain(at) => {
                let call = open.stored.id;
                self.store.write(move |tx| tx.look_again(call, at)).await
            }
            Verdict::InferEnd => self.infer_end(instance, open).await,
        }
    }

    /// Closes a call, unless something has come of it since it was looked at.
    async fn infer_end(&self, instance: &Instance, open: OpenCall) -> Result<(), StorageError> {
        let Some(instance) = self.instances.get(instance.id) else { return Ok(()) };
        let (call, now) = (open.stored.id, self.clock.now());
        let again_at = now.plus(self.watch.patience.ask_after);
        let event = ours(&open.stored.external_id, INFERRED.to_owned(), now, Happening::EndInferred);
        let workspace = instance.workspace.clone();
        let about = || About { calls: vec![call], ..About::default() };
        let inferred = self.journal(about, move |tx, waits| {
            let (live, aftermath) = (instance.live(), Aftermath::default());
            let mut journal = Journal { tx, instance: &instance, live: &live, waits, now, aftermath };
            let is_still_quiet = tx.quiet(call)? == open.quiet;
            let taken = if is_still_quiet {
                journal.events(std::slice::from_ref(&event), Origin::Live(None))?.accepted
            } else {
                0
            };
            tx.look_again(call, again_at)?;
            Ok((taken == 1, journal.aftermath))
        });
        if inferred.await? {
            happening::end_inferred(&workspace, call);
        }
        Ok(())
    }
}

/// A provider while a batch of its calls is looked at.
struct ProviderToAsk {
    can_be_asked: bool,
    /// It did not answer once: it is not made to wait for again and again.
    is_silent: AtomicBool,
}

impl ProviderToAsk {
    fn of(instance: &Instance) -> Self {
        let can_look_up = instance.live().connections.provider.capabilities().look_up;
        let can_be_asked = can_look_up && instance.status() != Status::NotConfigured;
        Self { can_be_asked, is_silent: AtomicBool::new(false) }
    }
}

/// Whether the next question would fare no better.
const fn concerns_all(error: &RemoteError) -> bool {
    !matches!(error.kind, RemoteErrorKind::NotFound | RemoteErrorKind::Rejected | RemoteErrorKind::Malformed)
}

/// What it means that the provider told nothing of a call.
pub(crate) fn unanswered(instance: &Instance, error: &RemoteError) -> Answer {
    if error.kind == RemoteErrorKind::NotFound {
        return Answer::Unknown;
    }
    tracing::warn!(workspace = %instance.workspace, %error, "the telephony cannot say how a call stands");
    Answer::None
}

/// What the provider says of a call, as an answer and as events; an answer about another call says nothing.
fn read(call: &ExternalId, told: PastCall) -> (Answer, Vec<CallEvent>) {
    match told.finished_at {
        _ if told.call != *call => (Answer::None, Vec::new()),
        Some(_) => (Answer::Ended, told.into_events()),
        None => (Answer::GoesOn, told.into_events()),
    }
}

/// An event that we add to what the provider told.
fn ours(call: &ExternalId, id: String, at: Timestamp, happening: Happening) -> CallEvent {
    CallEvent {
        id: id.into(),
        at,
        call: call.clone(),
        direction: None,
        client_phone: None,
        vats_phone: None,
        request: None,
        happening,
    }
}
