//! The state of the simulated Kontur: workspaces and keys.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use super::answer::Conflict;
use super::keys::Keys;
use super::workspace::{Credentials, Workspace};
use crate::clock;
use crate::sync::lock;

/// What all parts of the simulator share.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Everything Kontur knows.
#[derive(Default)]
pub(super) struct State {
    pub(super) workspaces: BTreeMap<String, Workspace>,
    pub(super) keys: Keys,
    /// Bearer tokens of users.
    pub(super) user_tokens: HashSet<String>,
    /// Whether a body that came before may come again unpunished: after a crash the server under test cannot know.
    pub(super) repeats_allowed: bool,
}

impl State {
    pub(super) fn workspace(&mut self, name: &str) -> Result<&mut Workspace, Conflict> {
        let missing = || Conflict::new("notFound", format!("Workspace {name} not found"));
        self.workspaces.get_mut(name).ok_or_else(missing)
    }

    /// An access key and the instance for good credentials; none for bad ones.
    pub(super) fn authorize(&mut self, credentials: &Credentials) -> Option<Result<Value, Conflict>> {
        let workspace =
            self.workspaces.values().find(|workspace| workspace.setup.credentials == *credentials)?;
        if !workspace.installed {
            return Some(Err(Conflict::new("notInstalled", "Integration not installed")));
        }
        let name = workspace.setup.name.clone();
        let now = clock::now_text();
        let info =
            json!({"updatedAt": now, "updatedWith": "WebApp", "createdAt": now, "createdWith": "WebApp"});
        Some(Ok(json!({
            "workspace": {"id": workspace.id, "name": name, "title": name, "updateInfo": info},
            "integrationInstance": workspace.instance,
            "accessKey": self.keys.issue(&name)
        })))
    }
}
