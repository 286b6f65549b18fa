//! Access keys: given out by authorisation and with every system call, good for 20 minutes and one workspace.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;

use crate::clock;

/// How long a key is good.
const LIFETIME: Duration = Duration::minutes(20);

#[derive(Debug)]
struct Key {
    workspace: String,
    expires: DateTime<Utc>,
}

/// All keys ever given out.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: HashMap<String, Key>,
}

impl Keys {
    /// A new key for a workspace.
    pub(super) fn issue(&mut self, workspace: &str) -> String {
        let secret = format!("{:032x}", rand::rng().random::<u128>());
        let key = Key { workspace: workspace.to_owned(), expires: clock::now() + LIFETIME };
        self.keys.insert(secret.clone(), key);
        secret
    }

    /// Whether the key opens this workspace now.
    pub(super) fn opens(&self, secret: &str, workspace: &str) -> bool {
        let key = self.keys.get(secret);
        key.is_some_and(|key| key.workspace == workspace && key.expires > clock::now())
    }

    /// Makes all keys of a workspace useless at once.
    pub(super) fn expire(&mut self, workspace: &str) {
        for key in self.keys.values_mut().filter(|key| key.workspace == workspace) {
            key.expires = DateTime::UNIX_EPOCH;
        }
    }
}
