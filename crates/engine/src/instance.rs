//! Integration instances at run time: settings, connections and condition, and the list of all of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use domain::directory::Directory;
use domain::id::{InstanceId, Workspace};
use domain::instance::arguments::SetupArguments;
use domain::instance::settings::{Behaviour, InstanceSettings};
use domain::instance::status::{Condition, Status};
use domain::outbox::DestinationKind;
use domain::port::crm::Crm;
use domain::port::destination::Destination;
use domain::port::provider::SharedProvider;
use domain::port::recordings::Recordings;
use domain::secret::Secret;

/// The remote systems of one instance, ready to be spoken to.
#[derive(Clone)]
pub struct Connections {
    /// The telephony system.
    pub provider: SharedProvider,
    /// Kontur beyond deliveries.
    pub crm: Arc<dyn Crm>,
    /// What was recorded of its calls.
    pub recordings: Arc<dyn Recordings>,
    /// Where deliveries go.
    pub destinations: BTreeMap<DestinationKind, Arc<dyn Destination>>,
}

/// Makes connections from settings; the server knows the adapters, the engine does not.
pub trait Connect: Send + Sync {
    /// Connections for an instance, or which setting does not allow them. Nothing is sent yet.
    fn connect(&self, settings: &InstanceSettings) -> Result<Connections, String>;

    /// Settings from the JSON they were stored as, or what is wrong with it.
    fn parse(&self, json: &Secret) -> Result<InstanceSettings, String>;
}

/// What an instance works with until its settings change.
#[derive(Clone)]
pub struct Live {
    /// As declared.
    pub settings: InstanceSettings,
    /// The arguments of Kontur's setup.
    pub arguments: SetupArguments,
    /// Users and extensions.
    pub directory: Directory,
    /// Remote systems.
    pub connections: Connections,
}

impl Live {
    /// The switches in force.
    pub fn behaviour(&self) -> Behaviour {
        self.arguments.over(self.settings.settings)
    }
}

/// An integration instance.
pub struct Instance {
    /// Its row.
    pub id: InstanceId,
    /// Its workspace.
    pub workspace: Workspace,
    /// From the configuration file, hence read-only.
    pub declared: bool,
    live: RwLock<Arc<Live>>,
    /// Its settings as they were stored when they came into force, encrypted.
    sealed: RwLock<Option<Vec<u8>>>,
    condition: KnownCondition,
}

/// The condition of an instance as it is known here: that of the last commit.
#[derive(Clone)]
pub(crate) struct KnownCondition(Arc<RwLock<Arc<Condition>>>);

impl KnownCondition {
    fn get(&self) -> Arc<Condition> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn is_active(&self) -> bool {
        self.get().status() == Status::Active
    }

    pub(crate) fn set(&self, condition: Condition) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = condition.into();
    }
}

impl Instance {
    /// An instance with what it works with.
    pub fn new(id: InstanceId, declared: bool, live: Live, condition: Condition) -> Self {
        let workspace = live.settings.workspace.clone();
        Self {
            id,
            workspace,
            declared,
            live: RwLock::new(live.into()),
            sealed: RwLock::default(),
            condition: KnownCondition(Arc::new(RwLock::new(condition.into()))),
        }
    }

    /// What it works with now.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether its settings are those that are stored so.
    pub(crate) fn is_stored_as(&self, sealed: Option<&[u8]>) -> bool {
        self.sealed.read().unwrap_or_else(PoisonError::into_inner).as_deref() == sealed
    }

    /// Its settings are stored so.
    pub(crate) fn set_stored_as(&self, sealed: Option<Vec<u8>>) {
        *self.sealed.write().unwrap_or_else(PoisonError::into_inner) = sealed;
    }

    /// Replaces what it works with.
    pub(crate) fn set_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live.into();
    }

    /// Changes a part of what it works with; two changes at once both stand.
    pub(crate) fn change_live(&self, change: impl FnOnce(&mut Live)) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut live));
    }

    /// What its status follows from.
    pub fn condition(&self) -> Arc<Condition> {
        self.condition.get()
    }

    /// To be changed when a commit changes it.
    pub(crate) fn known_condition(&self) -> KnownCondition {
        self.condition.clone()
    }

    /// Its status.
    pub fn status(&self) -> Status {
        self.condition().status()
    }
}

/// All instances.
#[derive(Default)]
pub struct Instances(RwLock<Index>);

/// By row and by workspace: each webhook asks for one by its name, among thousands.
#[derive(Default)]
struct Index {
    by_id: HashMap<InstanceId, Arc<Instance>>,
    by_workspace: HashMap<Workspace, Arc<Instance>>,
}

impl Instances {
    /// The instance of a workspace.
    pub fn of(&self, workspace: &str) -> Option<Arc<Instance>> {
        self.read(|index| index.by_workspace.get(workspace).cloned())
    }

    /// The instance of that row.
    pub fn get(&self, id: InstanceId) -> Option<Arc<Instance>> {
        self.read(|index| index.by_id.get(&id).cloned())
    }

    /// All of them, by workspace.
    pub fn all(&self) -> Vec<Arc<Instance>> {
        let mut all: Vec<_> = self.read(|index| index.by_id.values().cloned().collect());
        all.sort_by(|a: &Arc<Instance>, b| a.workspace.cmp(&b.workspace));
        all
    }

    pub(crate) fn insert(&self, instance: Arc<Instance>) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        index.by_workspace.insert(instance.workspace.clone(), Arc::clone(&instance));
        index.by_id.insert(instance.id, instance);
    }

    pub(crate) fn remove(&self, id: InstanceId) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(removed) = index.by_id.remove(&id) {
            index.by_workspace.remove(&removed.workspace);
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
