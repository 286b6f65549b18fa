//! Metabot, simulated (contracts/metabot.md): takes jobs for one bot and keeps them.
//!
//! A job that arrives twice, letter for letter, is taken as asked and noted as a violation.

mod api;
mod job;
mod openapi;

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;

use self::api::{Api, Shared};
pub use self::job::Job;
pub use self::openapi::openapi;
use crate::faults::Faults;
use crate::journal::{Journal, System};
use crate::server::{Rules, SimServer};
use crate::sync::lock;

/// How a bot is set up.
#[derive(Debug, Clone)]
pub struct Options {
    pub bot_id: u64,
    /// Taken as `Authentication: TOKEN` and as `Authorization: Bearer TOKEN`.
    pub token: String,
    /// The loopback port; a free one when absent.
    pub port: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self { bot_id: 17, token: "sandbox-metabot-token".to_owned(), port: None }
    }
}

/// A running Metabot with one bot; dropping it stops it.
#[derive(Debug)]
pub struct Metabot {
    server: SimServer,
    shared: Arc<Shared>,
    faults: Faults,
}

impl Metabot {
    /// Starts on a loopback port.
    pub async fn start(options: Options, journal: &Journal) -> io::Result<Self> {
        let Options { bot_id, token, port } = options;
        let shared = Arc::new(Shared { bot_id, token, jobs: Mutex::default() });
        let rules = Rules {
            system: System::Metabot,
            operation: api::operation,
            error_inside: json!({"success": false, "error": "Internal Server Error"}),
        };
        let faults = Faults::default();
        let api = Api { shared: Arc::clone(&shared) };
        let server = SimServer::start(api, rules, journal.clone(), faults.clone(), port).await?;
        Ok(Self { server, shared, faults })
    }

    /// The base url, without a trailing slash.
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

    /// The bot that jobs are for.
    pub fn bot_id(&self) -> u64 {
        self.shared.bot_id
    }

    /// The token that lets a caller in.
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// All jobs, in the order of arrival.
    pub fn jobs(&self) -> Vec<Job> {
        lock(&self.shared.jobs).clone()
    }

    /// Stops listening and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
