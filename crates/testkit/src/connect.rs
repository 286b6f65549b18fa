//! Connections to the fakes.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::instance::settings::InstanceSettings;
use domain::outbox::DestinationKind;
use domain::port::destination::Destination;
use domain::secret::Secret;
use engine::instance::{Connect, Connections};

use crate::{FakeCrm, FakeDestination, FakeProvider, FakeRecordings};

/// Connects every instance to the same fakes; Workonflow and Metabot only where the settings name them.
#[derive(Debug, Clone)]
pub struct FakeConnect {
    /// The telephony system.
    pub provider: Arc<FakeProvider>,
    /// Kontur beyond deliveries.
    pub crm: Arc<FakeCrm>,
    /// What was recorded.
    pub recordings: Arc<FakeRecordings>,
    /// Deliveries to Kontur.
    pub kontur: Arc<FakeDestination>,
    /// Deliveries to Workonflow.
    pub workonflow: Arc<FakeDestination>,
    /// Deliveries to Metabot.
    pub metabot: Arc<FakeDestination>,
}

impl Default for FakeConnect {
    fn default() -> Self {
        let destination = |kind| Arc::new(FakeDestination::new(kind));
        Self {
            provider: Arc::default(),
            crm: Arc::default(),
            recordings: Arc::default(),
            kontur: destination(DestinationKind::Kontur),
            workonflow: destination(DestinationKind::Workonflow),
            metabot: destination(DestinationKind::Metabot),
        }
    }
}

impl Connect for FakeConnect {
    fn connect(&self, settings: &InstanceSettings) -> Result<Connections, String> {
        let kontur: Arc<dyn Destination> = Arc::clone(&self.kontur) as _;
        let mut destinations = BTreeMap::from([(DestinationKind::Kontur, kontur)]);
        if settings.workonflow.is_some() {
            destinations.insert(DestinationKind::Workonflow, Arc::clone(&self.workonflow) as _);
        }
        if settings.metabot.is_some() {
            destinations.insert(DestinationKind::Metabot, Arc::clone(&self.metabot) as _);
        }
        let provider = Arc::clone(&self.provider) as _;
        let (crm, recordings) = (Arc::clone(&self.crm) as _, Arc::clone(&self.recordings) as _);
        Ok(Connections { provider, crm, recordings, destinations })
    }

    fn parse(&self, json: &Secret) -> Result<InstanceSettings, String> {
        serde_json::from_str(json.expose()).map_err(|error| error.to_string())
    }
}
