//! Workonflow, simulated (contracts/workonflow.md): both dialects of its bot API on one server, for one team.
//!
//! What is well-formed and still wrong (two contacts with one phone, the same comment twice in a thread) is
//! done as asked and noted as a violation.

mod action;
#[expect(
    clippy::unnecessary_wraps,
    reason = "actions that cannot fail share the type `Run` with those that can"
)]
mod actions;
mod api;
mod events;
mod openapi;
mod seeds;
mod signature;
mod storage;
mod team;

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

pub use self::action::Dialect;
use self::api::{Api, Shared};
pub use self::events::{Event, EventTarget};
pub use self::openapi::openapi;
pub use self::seeds::{Seeds, User};
pub use self::signature::Credentials;
use self::team::Team;
pub use self::team::{
    BillingType, Comment, Contact, CustomField, CustomFieldType, Priority, Status, StatusType, StoredFile,
    Stream, Thread, ThreadFile,
};
use crate::faults::Faults;
use crate::journal::{Journal, System};
use crate::server::{Rules, SimServer};
use crate::sync::lock;

/// How a team is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// 24 hexadecimal digits.
    pub team_id: String,
    pub credentials: Credentials,
    /// The employees to begin with.
    pub users: Vec<User>,
    /// How far the second of a signature may be from this system's clock.
    pub tolerance: Duration,
    /// How long the url of `file/put.url` takes bytes.
    pub put_url_lifetime: Duration,
    /// The loopback port; a free one when absent.
    pub port: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            team_id: "5b4484384e3e54001e267ed8".to_owned(),
            credentials: Credentials {
                api_key: "sandbox-workonflow-key".to_owned(),
                secret_key: "sandbox-workonflow-secret".to_owned(),
            },
            users: Vec::new(),
            tolerance: Duration::from_secs(30),
            put_url_lifetime: Duration::from_mins(5),
            port: None,
        }
    }
}

/// A running Workonflow with one team; dropping it stops it.
#[derive(Debug)]
pub struct Workonflow {
    server: SimServer,
    shared: Arc<Shared>,
    seeds: Seeds,
    journal: Journal,
    faults: Faults,
}

impl Workonflow {
    /// Starts on a loopback port.
    pub async fn start(options: Options, journal: &Journal) -> io::Result<Self> {
        let mut team = Team::new(options.team_id, milliseconds(options.put_url_lifetime));
        let seeds = seeds::plant(&mut team, &options.users);
        let shared = Arc::new(Shared {
            credentials: options.credentials,
            tolerance: milliseconds(options.tolerance) / 1000,
            clock_offset: AtomicI64::new(0),
            team: Mutex::new(team),
        });
        let rules = Rules {
            system: System::Workonflow,
            operation: api::operation,
            error_inside: json!({"code": 500, "message": "Internal Server Error", "data": null}),
        };
        let faults = Faults::default();
        let api = Api { shared: Arc::clone(&shared) };
        let server = SimServer::start(api, rules, journal.clone(), faults.clone(), options.port).await?;
        Ok(Self { server, shared, seeds, journal: journal.clone(), faults })
    }

    /// The base url of both dialects, without a trailing slash.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// What to make fail.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Goes down (connections are refused, open ones are reset), or comes back on the same port.
    pub fn set_reachable(&self, reachable: bool) -> io::Result<()> {
        self.server.set_reachable(reachable)
    }

    /// The ids the team begins with.
    pub fn seeds(&self) -> &Seeds {
        &self.seeds
    }

    /// What signs in here.
    pub fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    /// Puts this system's clock ahead of the real one, or behind it when negative.
    pub fn set_clock_offset(&self, milliseconds: i64) {
        self.shared.clock_offset.store(milliseconds, Ordering::Relaxed);
    }

    /// All people, in the order of creation.
    pub fn contacts(&self) -> Vec<Contact> {
        lock(&self.shared.team).contacts.values().cloned().collect()
    }

    /// All threads, in the order of creation.
    pub fn threads(&self) -> Vec<Thread> {
        lock(&self.shared.team).threads.values().cloned().collect()
    }

    /// The comments of one thread, in the order of creation.
    pub fn comments(&self, thread_id: &str) -> Vec<Comment> {
        lock(&self.shared.team).comments.get(thread_id).cloned().unwrap_or_default()
    }

    /// The comments of all threads, thread by thread.
    pub fn all_comments(&self) -> Vec<Comment> {
        lock(&self.shared.team).comments.values().flatten().cloned().collect()
    }

    /// All files, in the order of creation.
    pub fn files(&self) -> Vec<StoredFile> {
        lock(&self.shared.team).files.values().cloned().collect()
    }

    /// The files announced for a thread or named in its comments, in the order of creation.
    pub fn thread_files(&self, thread_id: &str) -> Vec<ThreadFile> {
        lock(&self.shared.team).thread_files(thread_id)
    }

    /// How long the urls that `file/put.url` gives out from now on take bytes.
    pub fn set_put_url_lifetime(&self, lifetime: Duration) {
        lock(&self.shared.team).put_url_lifetime = milliseconds(lifetime);
    }

    /// All statuses of all streams, in the order of creation.
    pub fn statuses(&self) -> Vec<Status> {
        lock(&self.shared.team).statuses.values().cloned().collect()
    }

    /// All streams, in the order of creation.
    pub fn streams(&self) -> Vec<Stream> {
        lock(&self.shared.team).streams.values().cloned().collect()
    }

    /// Stops listening and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
