//! Kontur beyond deliveries.

use std::collections::HashSet;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::id::KonturUserId;
use domain::instance::status::Status;
use domain::phone::Phone;
use domain::port::crm::{
    CommunicationChange, CommunicationChanges, Crm, KeyCheck, Reconciled, WantedInstance,
};
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use serde_json::Value;

use crate::lock;

/// A Kontur that knows some access keys and takes whatever it is told, unless it is down.
#[derive(Debug, Default)]
pub struct FakeCrm {
    keys: Mutex<HashSet<String>>,
    key_checks: Mutex<usize>,
    wanted: Mutex<Vec<WantedInstance>>,
    changes: Mutex<Vec<CommunicationChange>>,
    trouble: Mutex<Option<RemoteErrorKind>>,
}

impl FakeCrm {
    /// Accepts an access key from now on.
    pub fn accept_key(&self, key: &str) {
        lock(&self.keys).insert(key.to_owned());
    }

    /// Answers everything with this error from now on; `None`: works again.
    pub fn fail(&self, trouble: Option<RemoteErrorKind>) {
        *lock(&self.trouble) = trouble;
    }

    /// Something became of a communication.
    pub fn change(&self, change: CommunicationChange) {
        lock(&self.changes).push(change);
    }

    /// How often it was asked whether a key is good.
    pub fn key_checks(&self) -> usize {
        *lock(&self.key_checks)
    }

    /// What it was told the instance should be, in order.
    pub fn wanted(&self) -> Vec<WantedInstance> {
        lock(&self.wanted).clone()
    }

    fn answer(&self, operation: &'static str) -> Result<(), RemoteError> {
        let failed = |kind| Err(RemoteError::new("kontur", operation, kind, "made to fail"));
        lock(&self.trouble).map_or(Ok(()), failed)
    }
}

#[async_trait]
impl Crm for FakeCrm {
    async fn authorise(&self, _: Option<&Secret>) -> Result<(), RemoteError> {
        self.answer("authorise")
    }

    async fn check_access_key(&self, access_key: &Secret) -> Result<KeyCheck, RemoteError> {
        *lock(&self.key_checks) += 1;
        self.answer("check access key")?;
        let known = lock(&self.keys).contains(access_key.expose());
        Ok(if known { KeyCheck::Accepted } else { KeyCheck::Refused })
    }

    async fn reconcile(&self, wanted: &WantedInstance) -> Result<Reconciled, RemoteError> {
        self.answer("read instance")?;
        lock(&self.wanted).push(wanted.clone());
        Ok(Reconciled { status: Status::Active, operations: 0, clock_ahead_by: None })
    }

    async fn activate(&self, _: &Value) -> Result<(), RemoteError> {
        self.answer("activate")
    }

    async fn communication_changes(&self, after: Option<&str>) -> Result<CommunicationChanges, RemoteError> {
        self.answer("events")?;
        let all = lock(&self.changes);
        let read = after.and_then(|after| after.parse().ok()).unwrap_or(0);
        let changes = all.get(read..).unwrap_or_default().to_vec();
        Ok(CommunicationChanges { changes, next: Some(all.len().to_string()), has_more: false })
    }

    async fn responsible(&self, _: &Phone) -> Result<Vec<KonturUserId>, RemoteError> {
        self.answer("call-redirect")?;
        Ok(Vec::new())
    }
}
