//! Who is responsible for a caller, for a telephony system that asks while the caller waits: at once, from what is known,
//! and never an error that would hold the call up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{Extension, InstanceId, KonturUserId};
use domain::phone::Phone;

use crate::Engine;
use crate::error::EngineError;
use crate::happening;
use crate::instance::Instance;

/// A caller waits no longer than this for Kontur; what it says later is known for the next time.
const PATIENCE: Duration = Duration::from_millis(200);

/// For how long an answer of Kontur is good.
const GOOD_FOR: Duration = Duration::from_mins(5);

/// For how long Kontur's answer is used if it gives none any more.
const GOOD_ENOUGH_FOR: Duration = Duration::from_hours(24);

/// Callers that are remembered.
const MOST: usize = 100_000;

/// What Kontur said of callers.
#[derive(Default)]
pub(crate) struct Responsible(Mutex<HashMap<(InstanceId, Phone), Known>>);

#[derive(Clone)]
struct Known {
    users: Vec<KonturUserId>,
    since: Timestamp,
}

impl Engine {
    /// The extension of whoever is responsible for the caller with that number; none if nobody is, if the switch
    /// `autoRedirect` is off, or if that cannot be told now. Refuses whoever does not show the provider's token.
    pub async fn route(
        self: &Arc<Self>,
        workspace: &str,
        token: &str,
        phone: &str,
    ) -> Result<Option<Extension>, EngineError> {
        let instance = self.instance(workspace)?;
        let live = instance.live();
        if !live.connections.provider.lets_route(token) {
            let message = "the token is not provider.route_token of this workspace".to_owned();
            return Err(EngineError::Unauthorized(message));
        }
        let client = Phone::normalise(phone, live.settings.country);
        if client.is_anonymous() || !live.behaviour().auto_redirect {
            return Ok(None);
        }
        let users = self.responsible(&instance, client).await;
        let now = self.clock.now();
        let extension = |user| live.directory.extension_of(user, now).cloned();
        let found: Option<Extension> = users.iter().find_map(extension);
        happening::caller_routed(found.is_some());
        Ok(found)
    }

    async fn responsible(self: &Arc<Self>, instance: &Arc<Instance>, client: Phone) -> Vec<KonturUserId> {
        let known = self.responsible.get(instance.id, &client);
        let age = |known: &Known| self.clock.now().since(known.since);
        if let Some(known) = known.as_ref().filter(|known| age(known) < GOOD_FOR) {
            return known.users.clone();
        }
        // It goes on if the caller does not wait for it.
        let (engine, instance) = (Arc::clone(self), Arc::clone(instance));
        let asked = self.tasks.spawn(async move { engine.ask_who_is_responsible(&instance, client).await });
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(Some(users))) => users,
            _ => known
                .filter(|known| age(known) < GOOD_ENOUGH_FOR)
                .map(|known| known.users)
                .unwrap_or_default(),
        }
    }

    /// None if Kontur cannot say now.
    async fn ask_who_is_responsible(&self, instance: &Instance, client: Phone) -> Option<Vec<KonturUserId>> {
        let users = match instance.live().connections.crm.responsible(&client).await {
            Ok(users) => users,
            Err(error) => {
                happening::background_failed(
                    &instance.workspace,
                    "asking who is responsible for a caller",
                    &error,
                );
                return None;
            }
        };
        self.responsible.put(instance.id, client, users.clone(), self.clock.now());
        Some(users)
    }
}

impl Responsible {
    fn get(&self, instance: InstanceId, client: &Phone) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(instance, client.clone())).cloned()
    }

    fn put(&self, instance: InstanceId, client: Phone, users: Vec<KonturUserId>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, known| now.since(known.since) < GOOD_FOR);
        }
        if known.len() < MOST {
            known.insert((instance, client), Known { users, since: now });
        }
    }
}
