//! A workspace whose hours cost no time: one thread, virtual time, and a store whose disk is always as quick.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::call::past::PastCall;
use domain::clock::{Clock, Timestamp};
use domain::instance::settings::InstanceSettings;
use domain::port::crash::CrashPoints;
use domain::port::provider::{Provider as _, Window};
use engine::Engine;
use engine::instance::Instance;
use engine::sync::SyncRequest;
use serde_json::json;
use storage::sync_jobs::SyncJob;
use storage::{Asked, Stepper, Store};
use testkit::{FakeConnect, SIGNATURE, SIGNED, START, options, past};
use tokio::runtime::Builder;
use tokio::time::Instant;

/// Longer than any story.
const DEADLINE: Duration = Duration::from_hours(100);

/// A commit waits for the disk.
const DISK: Duration = Duration::from_millis(5);

/// Looks are close to each other for so long; whoever waits for longer looks by the second.
const CLOSELY: Duration = Duration::from_secs(10);

/// The workspace `acme` with what outlives its processes.
pub(crate) struct Office {
    stepper: Stepper,
    settings: InstanceSettings,
    time: Arc<Hours>,
    pub(crate) remote: FakeConnect,
}

/// A process at work.
pub(crate) struct Life {
    pub(crate) engine: Arc<Engine>,
    pub(crate) remote: FakeConnect,
    pub(crate) store: Store,
    time: Arc<Hours>,
}

/// Goes by virtual time, on and on from life to life.
struct Hours(Mutex<(Duration, Option<Instant>)>);

impl Hours {
    fn passed(&self) -> Duration {
        let (before, began) = *self.0.lock().unwrap();
        before + began.map_or(Duration::ZERO, |began| began.elapsed())
    }
}

impl Clock for Hours {
    fn now(&self) -> Timestamp {
        START.plus(self.passed())
    }
}

impl Office {
    pub(crate) fn new(settings: InstanceSettings) -> Self {
        let stepper = Stepper::in_memory(CrashPoints::default()).unwrap();
        let time = Arc::new(Hours(Mutex::new((Duration::ZERO, None))));
        Self { stepper, settings, time, remote: FakeConnect::default() }
    }

    /// A process lives for as long as the story takes; then it dies, and only what is committed outlives it.
    pub(crate) fn live<T>(&mut self, story: impl AsyncFnOnce(&Life) -> T) -> T {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let before = self.time.passed();
            *self.time.0.lock().unwrap() = (before, Some(Instant::now()));
            let opened = self.stepper.store(64);
            let (remote, time) = (self.remote.clone(), Arc::clone(&self.time));
            let settings = self.settings.clone();
            let living = async {
                let engine = start(settings, opened.clone(), &remote, &time).await;
                story(&Life { engine, remote, store: opened, time: Arc::clone(&time) }).await
            };
            let outcome = tokio::select! {
                outcome = living => outcome,
                () = serve(&mut self.stepper) => unreachable!("the store is served for as long as somebody lives"),
            };
            *self.time.0.lock().unwrap() = (self.time.passed(), None);
            outcome
        })
    }
}

async fn start(
    settings: InstanceSettings,
    store: Store,
    remote: &FakeConnect,
    time: &Arc<Hours>,
) -> Arc<Engine> {
    let options = options(store, Arc::clone(time) as _, remote);
    let engine = Engine::start(options, vec![settings]).await.unwrap();
    let acme = engine.instance("acme").unwrap();
    if acme.condition().reasons() == ["setup has not been run yet"] {
        engine.setup(&acme, &json!({})).await.unwrap();
    }
    engine
}

async fn serve(stepper: &mut Stepper) {
    loop {
        match stepper.asked().await {
            Asked::Change => {
                tokio::time::sleep(DISK).await;
                stepper.commit(None);
            }
            Asked::Look(look) => stepper.answer(look, None),
            Asked::Nothing => std::future::pending().await,
        }
    }
}

impl Life {
    pub(crate) fn acme(&self) -> Arc<Instance> {
        self.engine.instance("acme").unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Asks again and again until there is an answer.
    pub(crate) async fn eventually<T>(&self, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(began.elapsed() < DEADLINE, "it does not come about");
            let pause = if began.elapsed() < CLOSELY { 1 } else { 1_000 };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    pub(crate) async fn begin(&self, request: SyncRequest) -> i64 {
        self.engine.begin_sync(&self.acme(), request).await.unwrap()
    }

    pub(crate) async fn job(&self, id: i64) -> SyncJob {
        self.engine.sync_job(id).await.unwrap()
    }

    /// Waits until a run is as it should be.
    pub(crate) async fn until(&self, id: i64, is: impl Fn(&SyncJob) -> bool) -> SyncJob {
        self.eventually(async || Some(self.job(id).await).filter(&is)).await
    }

    /// Waits for the end of a run.
    pub(crate) async fn ended(&self, id: i64) -> SyncJob {
        self.until(id, |job| job.finished_at.is_some()).await
    }

    /// Sends a webhook.
    pub(crate) async fn send(&self, lines: &str) {
        let header = |name: &str| (name == SIGNATURE).then_some(SIGNED);
        let body = Bytes::from(lines.to_owned());
        self.engine.take_webhook("acme", "generic", &header, body).await.unwrap();
    }

    /// How often Kontur was asked to register a call.
    pub(crate) fn registrations(&self) -> usize {
        self.remote.kontur.told().iter().filter(|(_, word)| *word == "register-call").count()
    }
}

/// A minute's call that was answered and began so many seconds after [`START`], or before.
pub(crate) fn call(id: &str, second: i64) -> PastCall {
    let provider = testkit::FakeProvider::default();
    let lines = format!(
        "0 a {id} call.started\n1 b {id} leg.ringing {id}-1\n5 c {id} leg.answered {id}-1\n65 d {id} leg.ended {id}-1\n65 e {id} call.finished"
    );
    let mut events = provider.parse(lines.as_bytes()).unwrap();
    for event in &mut events {
        event.at = Timestamp::from_micros(event.at.micros() + second * 1_000_000);
    }
    past(&events)
}

/// So many calls, one every ten seconds, the last of them over when the story begins.
pub(crate) fn calls(count: i64) -> impl Iterator<Item = PastCall> {
    (0..count).map(move |number| call(&format!("p{number}"), -100 - (count - number) * 10))
}

/// Everything before the story.
pub(crate) fn all_before() -> SyncRequest {
    let window = Window { from: START.minus(Duration::from_hours(24)), to: START };
    SyncRequest::Span { window, calls_per_minute: None }
}
