//! What the engine asks of Kontur beyond deliveries: who calls us, and the state of our instance there.

use async_trait::async_trait;

use super::RemoteError;
use crate::id::{CommunicationId, ExternalId, KonturUserId};
use crate::instance::status::Status;
use crate::phone::Phone;
use crate::secret::Secret;

/// What the instance in Kontur should look like (contract Kontur §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedInstance {
    /// CALL is offered to users.
    pub call: bool,
    /// HANGUP is offered to users.
    pub hangup: bool,
    /// Settings by id; others are left alone.
    pub settings: Vec<(&'static str, String)>,
    /// Scheduled webhooks by their relative URL, with the period in seconds; others are left alone.
    pub schedules: Vec<(&'static str, u32)>,
}

/// What a look at the instance in Kontur gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Kontur's view of the status.
    pub status: Status,
    /// How many patch operations were sent; zero when nothing differed.
    pub operations: usize,
    /// How many seconds this machine's clock is ahead of Kontur's; none if the reply bore no date.
    pub clock_ahead_by: Option<i64>,
}

/// A change of a communication in Kontur (contract Kontur §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommunicationChange {
    /// The communication.
    pub communication: CommunicationId,
    /// The provider's id of the call, if the change shows it.
    pub call: Option<ExternalId>,
    /// The call is registered there.
    pub is_registered: bool,
    /// The communication is gone.
    pub is_deleted: bool,
}

/// A page of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommunicationChanges {
    /// The oldest first.
    pub changes: Vec<CommunicationChange>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether there is a next page by now.
    pub has_more: bool,
}

/// Whether a caller's access key is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCheck {
    /// It works for this instance.
    Accepted,
    /// It does not.
    Refused,
}

/// Kontur as seen by one integration instance.
#[async_trait]
pub trait Crm: Send + Sync {
    /// Authorises anew with the integration's own credentials; with `secret` in place of the configured one.
    async fn authorise(&self, secret: Option<&Secret>) -> Result<(), RemoteError>;

    /// Whether a request that carries `access_key` comes from Kontur (contract Kontur §2).
    async fn check_access_key(&self, access_key: &Secret) -> Result<KeyCheck, RemoteError>;

    /// Reads the instance and sends the difference to what is wanted, if there is any.
    async fn reconcile(&self, wanted: &WantedInstance) -> Result<Reconciled, RemoteError>;

    /// Activates a public integration (contract Kontur §3, integrations/{id}/setup).
    async fn activate(&self, arguments: &serde_json::Value) -> Result<(), RemoteError>;

    /// What became of communications after a place in the feed of changes; from its beginning without one. A place that
    /// Kontur does not know any more is refused (`Rejected`, `NotFound`), and so is a feed that is not there.
    async fn communication_changes(&self, after: Option<&str>) -> Result<CommunicationChanges, RemoteError>;

    /// Who is responsible for a caller (contract Kontur §4, call-redirect).
    async fn responsible(&self, client: &Phone) -> Result<Vec<KonturUserId>, RemoteError>;
}
