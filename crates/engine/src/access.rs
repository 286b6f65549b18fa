//! Who calls us as Kontur: access keys are checked at Kontur and remembered, hashed, for at most their 20 minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::InstanceId;
use domain::port::crm::KeyCheck;
use domain::secret::Secret;
use sha2::{Digest, Sha256};

use crate::error::EngineError;
use crate::instance::{Instance, Instances};

/// An access key lives no longer (contract Kontur §2).
const REMEMBERED_FOR: Duration = Duration::from_mins(20);

/// Keys remembered at once; beyond that the oldest are forgotten.
const CAPACITY: usize = 10_000;

type KeyHash = [u8; 32];

/// Checks access keys.
pub(crate) struct AccessKeys {
    /// Makes the hashes of this process useless elsewhere.
    salt: [u8; 16],
    good: Mutex<HashMap<(InstanceId, KeyHash), Timestamp>>,
}

impl AccessKeys {
    pub(crate) fn new() -> Self {
        Self { salt: rand::random(), good: Mutex::default() }
    }

    /// Lets the caller in if the key works for this instance.
    pub(crate) async fn check(
        &self,
        clock: &dyn Clock,
        instance: &Instance,
        key: &Secret,
    ) -> Result<(), EngineError> {
        let entry = (instance.id, self.hash(key));
        if self.is_remembered(&entry, clock.now()) {
            return Ok(());
        }
        // Dated before the question: the key may have been issued any time before.
        let asked_at = clock.now();
        match instance.live().connections.crm.check_access_key(key).await {
            Ok(KeyCheck::Accepted) => {
                self.remember(entry, asked_at);
                Ok(())
            }
            Ok(KeyCheck::Refused) => Err(EngineError::Unauthorized(
                "Kontur does not accept the access key in X-XCOM-AccessKey for this workspace".to_owned(),
            )),
            Err(error) => Err(EngineError::Unavailable {
                message: format!("the access key cannot be checked now: {error}"),
                retry_after: Duration::from_secs(5),
            }),
        }
    }

    /// Finds the instance that accepts the key, for callers that name no workspace.
    pub(crate) async fn find(
        &self,
        clock: &dyn Clock,
        instances: &Instances,
        key: &Secret,
    ) -> Result<Arc<Instance>, EngineError> {
        let all = instances.all();
        let (hash, now) = (self.hash(key), clock.now());
        if let Some(known) = all.iter().find(|instance| self.is_remembered(&(instance.id, hash), now)) {
            return Ok(Arc::clone(known));
        }
        let checks =
            futures_util::future::join_all(all.iter().map(|instance| self.check(clock, instance, key)));
        let mut outcome = Err(EngineError::Unauthorized(
            "no workspace's instance accepts the access key in X-XCOM-AccessKey".to_owned(),
        ));
        for (instance, checked) in all.iter().zip(checks.await) {
            match checked {
                Ok(()) => return Ok(Arc::clone(instance)),
                Err(error) if error.is_temporary() => outcome = Err(error),
                Err(_) => {}
            }
        }
        outcome
    }

    fn hash(&self, key: &Secret) -> KeyHash {
        Sha256::new().chain_update(self.salt).chain_update(key.expose()).finalize().into()
    }

    fn is_remembered(&self, entry: &(InstanceId, KeyHash), now: Timestamp) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        // A key from the future was remembered before the clock was set back: nobody knows how old it is.
        good.get(entry).is_some_and(|since| *since <= now && now.since(*since) < REMEMBERED_FOR)
    }

    fn remember(&self, entry: (InstanceId, KeyHash), at: Timestamp) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= CAPACITY {
            good.retain(|_, since| at.since(*since) < REMEMBERED_FOR);
        }
        if good.len() >= CAPACITY {
            good.clear(); // every key is simply checked again
        }
        good.insert(entry, at);
    }
}
