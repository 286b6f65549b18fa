//! What the database adds to the configuration: integrations made through the admin API and the arguments of Kontur's
//! setup, both encrypted, hence also whether the key opens them.

use std::collections::BTreeMap;

use domain::id::Extension;
use domain::instance::arguments::SetupArguments;
use domain::instance::settings::{InstanceSettings, UserMapping};
use domain::secret::Secret;
use engine::instance::Connect;
use engine::vault::Vault;
use storage::Store;
use storage::error::StorageError;
use storage::instances::StoredInstance;

use super::check::{Check, Subject};
use super::integration::{Integration, Origin};
use crate::config::Config;

/// What was found.
#[derive(Default)]
pub(super) struct Facts {
    /// Those of the file, then those of the database.
    pub(super) integrations: Vec<Integration>,
    /// How many secrets are stored.
    sealed: usize,
    /// The workspaces whose secrets the configured key does not open.
    closed: Vec<String>,
    /// Workspaces whose stored settings are wrong, and what is wrong.
    faulty: Vec<(String, String)>,
    /// Workspaces with parked calls, and how many wait for each extension.
    parked: Vec<(String, BTreeMap<Extension, u64>)>,
}

/// The integrations of the file alone.
pub(super) fn declared(config: &Config, file: &str) -> Facts {
    let integrations = config.integrations.iter().map(|declared| Integration {
        settings: declared.settings.clone(),
        origin: Origin::File(file.to_owned()),
    });
    Facts { integrations: integrations.collect(), ..Facts::default() }
}

/// An instance of the database, its users, and how many of its calls wait for each extension.
type Stored = (StoredInstance, Vec<UserMapping>, BTreeMap<Extension, u64>);

/// Reads what the database has.
pub(super) async fn read(store: &Store) -> Result<Vec<Stored>, StorageError> {
    let all = store.read(|tx| {
        let with_rest = |stored: StoredInstance| {
            let (users, parked) = (tx.users(stored.id)?, tx.parked_by_extension(stored.id)?);
            Ok((stored, users, parked))
        };
        tx.list_instances()?.into_iter().map(with_rest).collect()
    });
    all.await
}

impl Facts {
    /// Adds the instances of the database.
    pub(super) fn add_all(&mut self, all: Vec<Stored>, vault: &Vault, connect: &dyn Connect) {
        for (stored, users, parked) in all {
            if !parked.is_empty() {
                self.parked.push((stored.workspace.to_string(), parked));
            }
            self.add(&stored, users, vault, connect);
        }
    }

    fn add(
        &mut self,
        stored: &StoredInstance,
        users: Vec<UserMapping>,
        vault: &Vault,
        connect: &dyn Connect,
    ) {
        let workspace = stored.workspace.to_string();
        let secret = self.setup_secret(stored, vault);
        if let Some(known) =
            self.integrations.iter_mut().find(|known| known.settings.workspace == stored.workspace)
        {
            known.settings.secret_key = secret.or(known.settings.secret_key.take());
            return;
        }
        // One without settings was declared in the file once and is left to rest.
        let Some(sealed) = &stored.settings else { return };
        let Some(settings) = self.open(&workspace, sealed, vault) else { return };
        match connect.parse(&settings) {
            Ok(settings) => {
                let settings = InstanceSettings {
                    users,
                    secret_key: secret.or(settings.secret_key.clone()),
                    ..settings
                };
                self.integrations.push(Integration { settings, origin: Origin::AdminApi });
            }
            Err(wrong) => self.faulty.push((workspace, wrong)),
        }
    }

    /// The `SecretKey` that setup brought. Arguments without one are not encrypted.
    fn setup_secret(&mut self, stored: &StoredInstance, vault: &Vault) -> Option<Secret> {
        let arguments = stored.arguments.as_ref()?;
        if serde_json::from_slice::<serde_json::Value>(arguments).is_ok() {
            return None;
        }
        let opened = self.open(stored.workspace.as_str(), arguments, vault)?;
        SetupArguments::parse(&serde_json::from_str(opened.expose()).ok()?).ok()?.secret_key
    }

    fn open(&mut self, workspace: &str, sealed: &[u8], vault: &Vault) -> Option<Secret> {
        self.sealed += 1;
        let opened = vault.open(sealed);
        if opened.is_err() && !self.closed.iter().any(|known| known == workspace) {
            self.closed.push(workspace.to_owned());
        }
        opened.ok()
    }

    /// The row of the key, one for each integration that cannot be read, and one for each with parked calls.
    pub(super) fn judge(&self, config: &Config) -> Vec<Check> {
        let faulty = self.faulty.iter().map(|(workspace, wrong)| {
            let fix = format!("give it again: PUT /admin/v1/integrations/{workspace}");
            Subject::new("integration", workspace.as_str()).red(format!("stored settings: {wrong}"), fix)
        });
        let key = [self.judge_key(config.encryption_key.is_some())];
        key.into_iter().chain(faulty).chain(self.judge_parked()).collect()
    }

    fn judge_parked(&self) -> impl Iterator<Item = Check> {
        self.parked.iter().map(|(workspace, parked)| {
            let calls: Vec<_> = parked.iter().map(|(extension, calls)| format!("{extension} ({calls})")).collect();
            Subject::new("parked calls", workspace.as_str()).yellow(
                format!("not registered yet, since these extensions belong to nobody: {}", calls.join(", ")),
                format!("give them to users; GET /admin/v1/integrations/{workspace}/unmapped tells since when they call"),
            )
        })
    }

    fn judge_key(&self, has_key: bool) -> Check {
        let subject = Subject::new("encryption_key", if has_key { "set" } else { "not set" });
        let (sealed, closed) = (self.sealed, self.closed.join(", "));
        let is_public =
            |one: &Integration| one.settings.kind == domain::instance::settings::IntegrationKind::Public;
        match (has_key, self.closed.is_empty()) {
            (false, false) => subject.red(
                format!("the stored secrets of {closed} cannot be read without it"),
                "set encryption_key to the key that they were stored with",
            ),
            (true, false) => subject.red(
                format!("does not open the stored secrets of {closed}"),
                "set encryption_key to the key that they were stored with",
            ),
            (true, true) if sealed > 0 => subject.green(format!("opens what is stored ({sealed})")),
            (true, true) => subject.green("nothing is stored yet that needs it"),
            (false, true) if self.integrations.iter().any(is_public) => subject.yellow(
                "setup of a public integration may bring a SecretKey, which could not be stored",
                "set encryption_key to the output of: openssl rand -base64 32",
            ),
            (false, true) => subject.green("not needed unless integrations are made with the admin API"),
        }
    }
}

#[cfg(test)]
mod tests;
