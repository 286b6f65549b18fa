//! Instances that were made, changed or deleted by another process.

use std::sync::Arc;

use domain::directory::Directory;
use domain::id::InstanceId;
use domain::instance::status::Status;
use storage::instances::StoredInstance;

use super::Worker;
use crate::Engine;
use crate::error::EngineError;
use crate::happening;
use crate::instance::Instance;
use crate::outbox::Command;

impl Worker {
    /// Brings what is known of an instance up to date.
    pub(super) async fn learn(&mut self, id: InstanceId) {
        match self.engine.learn(id).await {
            Ok(revision) => {
                self.revisions.insert(id, revision);
            }
            Err(error) => {
                let workspace = self.engine.instances.get(id).map(|known| known.workspace.clone());
                let workspace = workspace.unwrap_or_else(|| "".into());
                happening::background_failed(&workspace, "learning what another replica changed", &error);
            }
        }
    }
}

impl Engine {
    /// Brings what is known of an instance up to date with what is stored; gives the revision that is known then.
    pub(crate) async fn learn(&self, id: InstanceId) -> Result<i64, EngineError> {
        let (stored, users) = self.store.read(move |tx| Ok((tx.instance(id)?, tx.users(id)?))).await?;
        let Some(stored) = stored else { return Ok(0) };
        let revision = stored.revision;
        if stored.deleted {
            if self.instances.get(id).is_some_and(|known| !known.declared) {
                self.instances.remove(id);
                self.outbox.tell(Command::Forget(id));
            }
            return Ok(revision);
        }
        match self.instances.get(id) {
            Some(known) if known.declared || known.is_stored_as(stored.settings.as_deref()) => {
                self.learn_changes(&known, &stored)?;
                if !known.declared {
                    let directory = Directory::new(users);
                    let directory = directory.map_err(|error| EngineError::Invalid(error.to_string()))?;
                    if known.live().directory != directory {
                        known.change_live(|live| live.directory = directory);
                        self.reconsider_parked(id).await?;
                    }
                }
            }
            _ if stored.settings.is_some() => self.load_stored(&stored).await?,
            _ => {}
        }
        if self.claims.holds(id) {
            self.outbox.tell(Command::Load(id));
            self.outbox.tell(Command::Wake);
        }
        Ok(revision)
    }

    /// What changes while the settings stay.
    fn learn_changes(&self, known: &Arc<Instance>, stored: &StoredInstance) -> Result<(), EngineError> {
        let arguments = self.stored_arguments(stored.arguments.as_deref())?;
        if known.live().arguments != arguments {
            known.change_live(|live| live.arguments = arguments);
        }
        known.known_condition().set(stored.condition.clone());
        happening::status(&known.workspace, known.status());
        Ok(())
    }

    /// The instance of a workspace; one that another process made just now is looked for.
    pub(crate) async fn known_instance(&self, workspace: &str) -> Result<Arc<Instance>, EngineError> {
        let known = self.instance(workspace);
        if known.is_ok() || !self.store.is_shared() {
            return known;
        }
        let name = workspace.into();
        if let Some(stored) = self.store.read(move |tx| tx.find_instance(&name)).await? {
            self.learn(stored.id).await?;
        }
        self.instance(workspace)
    }

    /// Whether the instance is set up; another process may have done that just now.
    pub(crate) async fn is_set_up(&self, instance: &Instance) -> Result<bool, EngineError> {
        if instance.status() == Status::NotConfigured && self.store.is_shared() {
            self.learn(instance.id).await?;
        }
        Ok(instance.status() != Status::NotConfigured)
    }

    /// The instances that this process acts for.
    pub(crate) fn our_instances(&self) -> Vec<Arc<Instance>> {
        self.all_instances().into_iter().filter(|instance| self.claims.holds(instance.id)).collect()
    }
}
