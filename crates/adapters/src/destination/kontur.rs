//! Kontur CRM (contract Kontur §2-§5, §7): deliveries become callbacks, and the instance in Kontur is kept as it
//! should be.

mod access;
pub mod client;
mod deliver;
mod judge;
mod lookup;
mod patch;
mod progress;
mod recording;
mod render;
pub mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use domain::clock::Clock;
use domain::id::KonturUserId;
use domain::instance::settings::InstanceSettings;
use domain::outbox::DestinationKind;
use domain::phone::Phone;
use domain::port::RemoteError;
use domain::port::crm::{CommunicationChanges, Crm, KeyCheck, Reconciled, WantedInstance};
use domain::port::destination::{Delivery, Destination, Report};
use domain::port::recordings::Recordings;
use domain::secret::Secret;
use tokio::sync::Mutex;
use url::Url;

use self::client::{Caller, Client};
use self::lookup::Lookup;

/// Kontur as seen by one integration instance.
pub struct KonturInstance {
    client: Client,
    lookup: Lookup,
    /// What gives the recordings.
    recordings: Option<Arc<dyn Recordings>>,
    /// One reconciliation at a time: two that read the same instance would each add the missing webhooks.
    reconciling: Mutex<()>,
}

impl KonturInstance {
    /// Nothing is sent before something is asked. `api_url` is Kontur's address without `/api/v1`; `recordings` gives
    /// what is uploaded.
    pub fn new(
        http: reqwest::Client,
        api_url: Url,
        settings: &InstanceSettings,
        clock: Arc<dyn Clock>,
        recordings: Option<Arc<dyn Recordings>>,
    ) -> Self {
        let client = Client::new(http, api_url, settings, clock);
        Self { client, lookup: Lookup::default(), recordings, reconciling: Mutex::default() }
    }
}

#[async_trait]
impl Destination for KonturInstance {
    fn kind(&self) -> DestinationKind {
        DestinationKind::Kontur
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Report {
        self.attempt(delivery).await
    }

    async fn check(&self) -> Result<(), RemoteError> {
        self.client.instance().await.map(drop)
    }
}

#[async_trait]
impl Crm for KonturInstance {
    async fn authorise(&self, secret: Option<&Secret>) -> Result<(), RemoteError> {
        self.client.authorise(secret).await
    }

    async fn check_access_key(&self, access_key: &Secret) -> Result<KeyCheck, RemoteError> {
        self.client.check_access_key(access_key).await
    }

    async fn reconcile(&self, wanted: &WantedInstance) -> Result<Reconciled, RemoteError> {
        let _alone = self.reconciling.lock().await;
        let instance = self.client.instance().await?;
        let clock_ahead_by = instance.clock_ahead_by;
        let operations = patch::operations(&instance.whole, wanted);
        if operations.is_empty() {
            return Ok(Reconciled { status: instance.status, operations: 0, clock_ahead_by });
        }
        let patched = self.client.patch_instance(&operations).await?;
        Ok(Reconciled { status: patched.status, operations: operations.len(), clock_ahead_by })
    }

    async fn activate(&self, arguments: &serde_json::Value) -> Result<(), RemoteError> {
        self.client.set_up(arguments).await
    }

    async fn communication_changes(&self, after: Option<&str>) -> Result<CommunicationChanges, RemoteError> {
        let page = self.client.events(after, lookup::PAGE_SIZE).await?;
        let moved = page.last_offset.is_some() && page.last_offset.as_deref() != after;
        Ok(CommunicationChanges {
            changes: page.items.iter().filter_map(lookup::change::read).collect(),
            next: page.last_offset.or_else(|| after.map(str::to_owned)),
            has_more: moved && page.has_more,
        })
    }

    async fn responsible(&self, client: &Phone) -> Result<Vec<KonturUserId>, RemoteError> {
        if client.is_anonymous() {
            return Ok(Vec::new());
        }
        self.client.call_redirect(Caller::Phone(client)).await
    }
}
