//! Holds the connections over which telephony systems tell what happens: one for each instance whose provider listens.
//! When a connection stands again, whatever may have been missed is asked for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::call::event::CallEvent;
use domain::id::InstanceId;
use domain::instance::status::{Failure, Fault, Signal, Status};
use domain::port::provider::{Ear, SharedProvider, WebhookFault};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Engine;
use crate::happening;
use crate::ingest::{self, Aftermath, Journal};
use crate::instance::Instance;
use crate::status;
use crate::sync::SyncRequest;

/// How soon a new or changed instance is listened to.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The first pause before a lost connection is tried again, and the longest. Each is twice as long as the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// How long to wait before events are stored again that could not be stored.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// A provider that is listened to, until the guard is dropped.
struct Listened {
    provider: SharedProvider,
    _until: DropGuard,
}

/// Runs until the engine stops.
pub(crate) async fn run(engine: Arc<Engine>) {
    let stop = engine.stop.clone();
    let keeping = async {
        let mut listened = HashMap::new();
        loop {
            engine.listen_to_all(&mut listened);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    stop.run_until_cancelled(keeping).await;
}

impl Engine {
    /// Begins to listen to whom nobody listens yet, and ends it where the instance is gone or has other settings.
    fn listen_to_all(self: &Arc<Self>, listened: &mut HashMap<InstanceId, Listened>) {
        let all = self.our_instances();
        let wanted: HashMap<InstanceId, (Arc<Instance>, SharedProvider)> = all
            .into_iter()
            .filter(|instance| instance.status() != Status::NotConfigured)
            .map(|instance| {
                (instance.id, (Arc::clone(&instance), Arc::clone(&instance.live().connections.provider)))
            })
            .filter(|(_, (_, provider))| provider.capabilities().listen)
            .collect();
        listened.retain(|id, known| {
            wanted.get(id).is_some_and(|(_, provider)| Arc::ptr_eq(provider, &known.provider))
        });
        for (id, (instance, provider)) in wanted {
            listened.entry(id).or_insert_with(|| {
                let until = self.stop.child_token();
                let listening = listen(Arc::clone(self), instance, Arc::clone(&provider), until.clone());
                let at_work = self.claims.enter(id);
                self.tasks.spawn(async move {
                    listening.await;
                    drop(at_work);
                });
                Listened { provider, _until: until.drop_guard() }
            });
        }
    }
}

/// Listens to one provider, again and again, until told not to.
async fn listen(
    engine: Arc<Engine>,
    instance: Arc<Instance>,
    provider: SharedProvider,
    until: CancellationToken,
) {
    let ear = InstanceEar { engine: Arc::clone(&engine), instance: Arc::clone(&instance) };
    let listening = async {
        let mut pause = PAUSES.0;
        loop {
            let began = tokio::time::Instant::now();
            let error = provider.listen(&ear).await;
            happening::listening_ended(&instance.workspace, provider.kind(), &error);
            let refused: Result<(), _> = Err(error.clone());
            let later = if provider.capabilities().history {
                "what happens meanwhile is read from the history later"
            } else {
                "what happens meanwhile is lost, since there is no history"
            };
            let why = format!("{error}; {later}");
            let signals = [
                Some(Signal::FaultRaised(Fault::TelephonyUnreachable, why)),
                status::of_provider_credentials(&refused),
            ];
            for signal in signals.into_iter().flatten() {
                note(&engine, &instance, signal).await;
            }
            // A connection that stood for a while was not refused.
            pause = if began.elapsed() > PAUSES.1 { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
            tokio::time::sleep(pause).await;
        }
    };
    until.run_until_cancelled(listening).await;
}

/// A signal that cannot be stored now is not worth waiting for: the next one says the same.
async fn note(engine: &Engine, instance: &Instance, signal: Signal) {
    if let Err(error) = engine.signal(instance, signal).await {
        happening::background_failed(
            &instance.workspace,
            "noting how the telephony's connection stands",
            &error,
        );
    }
}

/// Finds out what was missed while nobody listened.
async fn catch_up(engine: Arc<Engine>, instance: Arc<Instance>) {
    if let Err(error) = engine.ask_about_open_calls(&instance).await {
        happening::background_failed(&instance.workspace, "asking for open calls", &error);
    }
    if instance.live().connections.provider.capabilities().history
        && let Err(error) = engine.begin_sync(&instance, SyncRequest::News).await
    {
        happening::background_failed(&instance.workspace, "reading what was missed", &error);
    }
}

struct InstanceEar {
    engine: Arc<Engine>,
    instance: Arc<Instance>,
}

#[async_trait]
impl Ear for InstanceEar {
    async fn listening(&self) {
        let Self { engine, instance } = self;
        happening::listening_began(&instance.workspace, instance.live().connections.provider.kind());
        note(engine, instance, Signal::FaultCleared(Fault::TelephonyUnreachable)).await;
        note(engine, instance, Signal::CredentialsAccepted(Failure::ProviderCredentials)).await;
        // That may take a while, and what happens meanwhile is not to wait for it.
        engine.tasks.spawn(catch_up(Arc::clone(engine), Arc::clone(instance)));
    }

    async fn hear(&self, raw: String, events: Vec<CallEvent>) {
        let raw = Bytes::from(raw);
        let Self { engine, instance } = self;
        let (id, live, now) = (instance.id, instance.live(), engine.clock.now());
        let kind = live.connections.provider.kind();
        let events: Arc<Result<Vec<CallEvent>, Vec<WebhookFault>>> = Arc::new(Ok(events));
        loop {
            let (instances, live) = (Arc::clone(&engine.instances), Arc::clone(&live));
            let raw = raw.clone();
            let about = || ingest::about(id, events.as_deref().unwrap_or_default(), true);
            let of_change = Arc::clone(&events);
            let taken = engine.journal(about, move |tx, waits| {
                let Some(instance) = instances.get(id) else { return Ok(Default::default()) };
                let aftermath = Aftermath::default();
                let mut journal = Journal { tx, instance: &instance, live: &live, waits, now, aftermath };
                let accepted = journal.request(&raw, &of_change)?;
                Ok((accepted, journal.aftermath))
            });
            match taken.await {
                Ok(accepted) => {
                    return happening::events_accepted(kind, accepted.accepted, accepted.duplicates);
                }
                Err(error) => {
                    happening::background_failed(&instance.workspace, "storing what was heard", &error);
                    tokio::time::sleep(STORE_AGAIN).await;
                }
            }
        }
    }
}
