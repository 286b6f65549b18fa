//! An engine among fakes.

use std::sync::Arc;
use std::time::Duration;

use domain::call::healing::Patience;
use domain::clock::Clock;
use domain::instance::settings::InstanceSettings;
use domain::outbox::limits::Limits;
use domain::outbox::schedule::RetrySchedule;
use domain::parking;
use domain::port::crash::CrashPoints;
use domain::retention::Retention;
use engine::vault::Vault;
use engine::{Engine, EngineOptions, SystemChance};
use storage::Store;

use crate::{FakeConnect, ManualClock, TempStore};

/// The access key that Kontur accepts.
pub const ACCESS_KEY: &str = "good key";

/// What an engine among fakes works with: the defaults, and nothing waits to be quiet.
pub fn options(store: Store, clock: Arc<dyn Clock>, remote: &FakeConnect) -> EngineOptions {
    EngineOptions {
        store,
        clock,
        chance: Arc::new(SystemChance),
        connect: Arc::new(remote.clone()),
        vault: Vault::new(Some([7; 32])),
        schedule: RetrySchedule::default(),
        limits: Limits::default(),
        settle: Duration::ZERO,
        crash_points: CrashPoints::default(),
        patience: Patience::default(),
        unmapped_wait: parking::WAIT,
        replica: "rig".to_owned(),
        retention: Retention::default(),
    }
}

/// A running engine with everything it reaches.
pub struct Rig {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The time it goes by.
    pub clock: Arc<ManualClock>,
    /// The systems it reaches.
    pub remote: FakeConnect,
    /// Its database.
    pub store: TempStore,
}

impl Rig {
    /// Starts with instances of a configuration file. Kontur accepts [`ACCESS_KEY`] for all of them.
    pub async fn start(declared: Vec<InstanceSettings>) -> Self {
        let (clock, remote, store) =
            (Arc::<ManualClock>::default(), FakeConnect::default(), TempStore::default());
        remote.crm.accept_key(ACCESS_KEY);
        let options = options(store.open(), Arc::clone(&clock) as _, &remote);
        let engine = Engine::start(options, declared).await.expect("an engine that starts");
        Self { engine, clock, remote, store }
    }
}
