//! One workspace of the simulated Kontur: its instance, communications, files and feed.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::communication::Communication;
use super::feed::{Author, Feed};
use super::files::StoredFile;
use crate::clock;

/// How an integration proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A private integration: the api key alone.
    Private { api_key: String },
    /// A public one: the api key and `X-XCOM-Integration-Secret: secretKey=VALUE`.
    Public { api_key: String, secret_key: String },
}

/// What a test or the sandbox says about a workspace.
#[derive(Debug, Clone)]
pub struct WorkspaceSetup {
    /// The unique latin name, part of every path.
    pub name: String,
    pub integration_id: Uuid,
    /// The prefix of external ids.
    pub integration_name: String,
    pub credentials: Credentials,
    /// Where the server under test is called, e.g. `http://127.0.0.1:8080/kontur/acme`.
    pub base_url: String,
    /// The users Kontur knows; when empty every user id is accepted.
    pub users: Vec<Uuid>,
}

impl WorkspaceSetup {
    /// A private integration called `Telephony` without users.
    pub fn private(name: &str, integration_id: Uuid, api_key: &str, base_url: &str) -> Self {
        Self {
            name: name.to_owned(),
            integration_id,
            integration_name: "Telephony".to_owned(),
            credentials: Credentials::Private { api_key: api_key.to_owned() },
            base_url: base_url.to_owned(),
            users: Vec::new(),
        }
    }
}

/// The state of a workspace.
pub(super) struct Workspace {
    pub(super) id: Uuid,
    pub(super) setup: WorkspaceSetup,
    /// Whether the integration is installed; without it authorisation answers `notInstalled`.
    pub(super) installed: bool,
    /// The instance as JSON, in the documented shape.
    pub(super) instance: Value,
    pub(super) communications: Communications,
    pub(super) files: HashMap<Uuid, StoredFile>,
    pub(super) feed: Feed,
    /// Who is responsible for a client, by phone.
    pub(super) responsible: HashMap<String, Vec<Uuid>>,
    /// The integration that makes the outgoing calls.
    pub(super) main_telephony: Option<Uuid>,
}

impl Workspace {
    pub(super) fn new(setup: WorkspaceSetup) -> Self {
        let now = clock::now_text();
        let instance = json!({
            "updateInfo": {"updatedAt": now, "updatedWith": "WebApp", "createdAt": now,
                           "createdByUserId": Uuid::new_v4(), "createdWith": "WebApp"},
            "baseUrl": setup.base_url,
            "features": {"call": false, "hangup": false, "sendSms": false},
            "status": "notConfigured",
            "secrets": [], "settings": [], "webHooks": [],
            "id": setup.integration_id
        });
        Self {
            id: Uuid::new_v4(),
            setup,
            installed: true,
            instance,
            communications: Communications::default(),
            files: HashMap::new(),
            feed: Feed::default(),
            responsible: HashMap::new(),
            main_telephony: None,
        }
    }

    /// Writes to the feed what has become of a communication (`create`, `patch`, `restore`).
    pub(super) fn announce(&mut self, change: &str, author: Author, id: Uuid) {
        let Some(communication) = self.communications.get(id) else { return };
        let new = communication.to_wire(&self.setup.integration_name);
        self.feed.communication(change, author, id, (&Value::Null, &new));
    }

    /// Deletes a communication, as a user can; says whether it was there. Its recordings may be bound anew.
    pub(super) fn delete(&mut self, id: Uuid) -> bool {
        let Some(gone) = self.communications.delete(id) else { return false };
        let old = gone.to_wire(&self.setup.integration_name);
        let recordings = gone.recordings.clone();
        self.set_bound(&recordings, false);
        self.feed.communication("delete", Author::User, id, (&old, &Value::Null));
        true
    }

    /// Deletes the communication of a call, by the telephony's id; says which one it was.
    pub(super) fn delete_call(&mut self, external_id: &str) -> Option<Uuid> {
        let id = self.communications.by_external_id(external_id)?.id;
        self.delete(id).then_some(id)
    }

    /// Brings a deleted communication back, as a user can; says whether it was deleted.
    pub(super) fn restore(&mut self, id: Uuid) -> bool {
        let Some(back) = self.communications.restore(id) else { return false };
        let recordings = back.recordings.clone();
        self.set_bound(&recordings, true);
        self.announce("restore", Author::User, id);
        true
    }

    fn set_bound(&mut self, files: &[Uuid], bound: bool) {
        for id in files {
            if let Some(file) = self.files.get_mut(id) {
                file.bound = bound;
            }
        }
    }

    /// Whether the user may appear in a callback.
    pub(super) fn knows_user(&self, user: Uuid) -> bool {
        self.setup.users.is_empty() || self.setup.users.contains(&user)
    }
}

/// Communications in the order they were made, found by id and by external id.
#[derive(Default)]
pub(super) struct Communications {
    /// A deleted one leaves its place empty.
    list: Vec<Option<Communication>>,
    deleted: HashMap<Uuid, Communication>,
    by_id: HashMap<Uuid, usize>,
    by_external_id: HashMap<String, usize>,
}

impl Communications {
    pub(super) fn add(&mut self, communication: Communication) {
        let position = self.list.len();
        self.by_id.insert(communication.id, position);
        if let Some(external_id) = &communication.external_id {
            self.by_external_id.entry(external_id.clone()).or_insert(position);
        }
        self.list.push(Some(communication));
    }

    /// Remembers the external id of a communication that had none.
    pub(super) fn name(&mut self, id: Uuid, external_id: &str) {
        if let Some(position) = self.by_id.get(&id) {
            self.by_external_id.entry(external_id.to_owned()).or_insert(*position);
        }
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Communication> {
        self.list.get(*self.by_id.get(&id)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: Uuid) -> Option<&mut Communication> {
        self.list.get_mut(*self.by_id.get(&id)?)?.as_mut()
    }

    pub(super) fn by_external_id(&self, external_id: &str) -> Option<&Communication> {
        self.list.get(*self.by_external_id.get(external_id)?)?.as_ref()
    }

    /// Whether the id was ever given out, deleted or not.
    pub(super) fn was_known(&self, id: Uuid) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Communication> {
        self.list.iter().flatten()
    }

    /// Takes one out of its place and keeps it for [`Communications::restore`].
    fn delete(&mut self, id: Uuid) -> Option<&Communication> {
        let position = *self.by_id.get(&id)?;
        let gone = self.list.get_mut(position)?.take()?;
        if let Some(external_id) = &gone.external_id
            && self.by_external_id.get(external_id) == Some(&position)
        {
            self.by_external_id.remove(external_id);
        }
        Some(self.deleted.entry(id).or_insert(gone))
    }

    /// Puts a deleted one back. Its external id stays with the one that has it by now.
    fn restore(&mut self, id: Uuid) -> Option<&Communication> {
        let position = *self.by_id.get(&id)?;
        let back = self.deleted.remove(&id)?;
        if let Some(external_id) = &back.external_id {
            self.by_external_id.entry(external_id.clone()).or_insert(position);
        }
        Some(self.list.get_mut(position)?.insert(back))
    }
}
