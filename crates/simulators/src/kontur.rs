//! A simulated Kontur CRM: the API that a telephony integration calls (contract §2 to §5, §7), and the CRM whose
//! users press buttons.

mod answer;
mod api;
mod callbacks;
mod communication;
mod control;
mod crm;
mod feed;
mod files;
mod keys;
mod order;
mod patch;
mod state;
mod wire;
mod workspace;

use bytes::Bytes;
use std::io;
use std::sync::Arc;

use poem::{EndpointExt, Route};
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::communication::Communication;
pub use self::crm::{Crm, CrmReply, Key, PressedCall, Spelling};
use self::state::Shared;
pub use self::workspace::{Credentials, WorkspaceSetup};
use crate::faults::Faults;
use crate::http;
use crate::journal::{Journal, System};
use crate::server::{Rules, SimServer};

/// A running Kontur; dropping it stops it.
#[derive(Debug)]
pub struct Kontur {
    handle: Handle,
    server: SimServer,
}

/// What the simulator is made of, for whoever acts on it while it runs.
#[derive(Clone)]
struct Handle {
    shared: Arc<Shared>,
    journal: Journal,
    faults: Faults,
    http: reqwest::Client,
}

impl Kontur {
    /// Starts on a free port of 127.0.0.1, without workspaces.
    pub async fn start(journal: &Journal) -> io::Result<Self> {
        Self::start_on(journal, None).await
    }

    /// Starts on a given port, or on a free one.
    pub async fn start_on(journal: &Journal, port: Option<u16>) -> io::Result<Self> {
        let handle = Handle {
            shared: Arc::default(),
            journal: journal.clone(),
            faults: Faults::default(),
            http: http::client().map_err(io::Error::other)?,
        };
        let server = Self::serve(&handle, port).await?;
        Ok(Self { handle, server })
    }

    async fn serve(handle: &Handle, port: Option<u16>) -> io::Result<SimServer> {
        let app = Route::new()
            .nest_no_strip("/_sim", control::routes(handle.clone()))
            .nest_no_strip("/", api::app(&handle.shared))
            .map_to_response();
        let error_inside = json!({"status": "internalError", "message": "Something went wrong"});
        let rules = Rules { system: System::Kontur, operation: api::operation, error_inside };
        SimServer::start(app, rules, handle.journal.clone(), handle.faults.clone(), port).await
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The switchboard of its failures. Operations: `call-started`, …, `register-call`, `instances/get`,
    /// `instances/patch`, `integrations/setup`, `authorize-private-integration`, `files/upload`, `events`, ….
    pub fn faults(&self) -> &Faults {
        &self.handle.faults
    }

    /// Goes down (connections are refused, open ones are reset), or comes back on the same port.
    pub fn set_reachable(&self, reachable: bool) -> io::Result<()> {
        self.server.set_reachable(reachable)
    }

    /// Adds (or replaces) a workspace with the integration installed and not yet configured.
    pub fn add_workspace(&self, setup: WorkspaceSetup) {
        let name = setup.name.clone();
        self.handle.shared.state().workspaces.insert(name, workspace::Workspace::new(setup));
    }

    /// A user of the CRM who presses buttons in a workspace.
    pub fn crm(&self, workspace: &str) -> Crm {
        Crm::new(self.handle.clone(), workspace)
    }

    /// All communications of a workspace, in the order they were made.
    pub fn communications(&self, workspace: &str) -> Vec<Communication> {
        let state = self.handle.shared.state();
        state
            .workspaces
            .get(workspace)
            .map_or_else(Vec::new, |found| found.communications.all().cloned().collect())
    }

    /// One communication by Kontur's id.
    pub fn communication(&self, workspace: &str, id: Uuid) -> Option<Communication> {
        self.handle.shared.state().workspaces.get(workspace)?.communications.get(id).cloned()
    }

    /// The communication of a call by the telephony's id.
    pub fn communication_of(&self, workspace: &str, external_id: &str) -> Option<Communication> {
        let state = self.handle.shared.state();
        state.workspaces.get(workspace)?.communications.by_external_id(external_id).cloned()
    }

    /// What was uploaded as that file.
    pub fn file(&self, workspace: &str, id: Uuid) -> Option<Bytes> {
        let state = self.handle.shared.state();
        state.workspaces.get(workspace)?.files.get(&id).map(|file| file.bytes.clone())
    }

    /// The instance of a workspace as JSON, as `GET instances/{id}` shows it.
    pub fn instance(&self, workspace: &str) -> Option<Value> {
        self.handle.shared.state().workspaces.get(workspace).map(|found| found.instance.clone())
    }

    /// Sets a member of the instance from Kontur's side, e.g. `status` to `"paused"`.
    pub fn set_instance(&self, workspace: &str, member: &str, value: Value) {
        if let Some(found) = self.handle.shared.state().workspaces.get_mut(workspace) {
            found.instance[member] = value;
        }
    }

    /// Installs or uninstalls the integration; uninstalled, authorisation answers `notInstalled` and there is no
    /// instance.
    pub fn set_installed(&self, workspace: &str, installed: bool) {
        if let Some(found) = self.handle.shared.state().workspaces.get_mut(workspace) {
            found.installed = installed;
        }
    }

    /// Changes the api key (and secret), as an administrator does after a leak; the old one is refused from now on.
    pub fn set_credentials(&self, workspace: &str, credentials: Credentials) {
        if let Some(found) = self.handle.shared.state().workspaces.get_mut(workspace) {
            found.setup.credentials = credentials;
        }
    }

    /// Makes all access keys of a workspace useless at once, as if 20 minutes had passed.
    pub fn expire_keys(&self, workspace: &str) {
        self.handle.shared.state().keys.expire(workspace);
    }

    /// Makes all files of a workspace that no call has bound disappear at once, as if a day had passed.
    pub fn expire_files(&self, workspace: &str) {
        if let Some(found) = self.handle.shared.state().workspaces.get_mut(workspace) {
            found.files.retain(|_, file| file.bound);
        }
    }

    /// Accepts a user's bearer token on the instance methods.
    pub fn allow_user_token(&self, token: &str) {
        self.handle.shared.state().user_tokens.insert(token.to_owned());
    }

    /// Says who is responsible for a client, by phone in digits.
    pub fn set_responsible(&self, workspace: &str, phone: &str, users: Vec<Uuid>) {
        if let Some(found) = self.handle.shared.state().workspaces.get_mut(workspace) {
            found.responsible.insert(phone.to_owned(), users);
        }
    }

    /// Chooses the integration that makes the outgoing calls.
    pub fn set_main_telephony(&self, workspace: &str, integration: Option<Uuid>) {
        if let Some(found) = self.handle.shared.state().workspaces.get_mut(workspace) {
            found.main_telephony = integration;
        }
    }

    /// Deletes a communication, as a user can; callbacks for it are refused from now on. Says whether it was there.
    pub fn delete_communication(&self, workspace: &str, id: Uuid) -> bool {
        self.handle.shared.state().workspaces.get_mut(workspace).is_some_and(|found| found.delete(id))
    }

    /// The same for the communication of a call, by the telephony's id. Says which one it was.
    pub fn delete_communication_of(&self, workspace: &str, external_id: &str) -> Option<Uuid> {
        self.handle.shared.state().workspaces.get_mut(workspace)?.delete_call(external_id)
    }

    /// Brings a deleted communication back, as a user can. Says whether it was deleted.
    pub fn restore_communication(&self, workspace: &str, id: Uuid) -> bool {
        self.handle.shared.state().workspaces.get_mut(workspace).is_some_and(|found| found.restore(id))
    }

    /// Whether the same body may come twice without being a violation: for tests that kill the server, after which
    /// it cannot know what had arrived. (An answer lost to a fault is forgiven anyway.)
    pub fn allow_repeats(&self, allowed: bool) {
        self.handle.shared.state().repeats_allowed = allowed;
    }

    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("journal", &self.journal).finish_non_exhaustive()
    }
}

/// The OpenAPI document of Kontur as we understand it, as YAML.
pub fn openapi() -> String {
    api::openapi(&Arc::default())
}
