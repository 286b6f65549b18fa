//! Answers that may be kept for a while (contract Workonflow §1: cacheable reads are to be cached).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::phone::Phone;

use super::wire::Status;

const CONTACTS: usize = 10_000;
const CONTACT_LIFETIME: Duration = Duration::from_mins(10);
const STATUS_LIFETIME: Duration = Duration::from_mins(5);

/// What is remembered of one team.
pub(super) struct Memory {
    clock: Arc<dyn Clock>,
    /// Contact ids by phone.
    contacts: Cache<Phone, String>,
    /// The statuses by stream; there is one stream.
    statuses: Cache<String, Vec<Status>>,
}

impl Memory {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let contacts = Cache::new(CONTACTS, CONTACT_LIFETIME);
        Self { clock, contacts, statuses: Cache::new(1, STATUS_LIFETIME) }
    }

    pub(super) fn contact(&self, phone: &Phone) -> Option<String> {
        self.contacts.get(phone, self.clock.now())
    }

    pub(super) fn keep_contact(&self, phone: &Phone, id: &str) {
        self.contacts.keep(phone.clone(), id.to_owned(), self.clock.now());
    }

    pub(super) fn forget_contact(&self, phone: &Phone) {
        self.contacts.forget(phone);
    }

    pub(super) fn statuses(&self, stream_id: &String) -> Option<Vec<Status>> {
        self.statuses.get(stream_id, self.clock.now())
    }

    pub(super) fn keep_statuses(&self, stream_id: &str, statuses: &[Status]) {
        self.statuses.keep(stream_id.to_owned(), statuses.to_vec(), self.clock.now());
    }
}

/// A map with a limit of entries and of their age.
struct Cache<K, V> {
    limit: usize,
    lifetime: Duration,
    entries: Mutex<HashMap<K, (V, Timestamp)>>,
}

impl<K: std::hash::Hash + Eq, V: Clone> Cache<K, V> {
    fn new(limit: usize, lifetime: Duration) -> Self {
        Self { limit, lifetime, entries: Mutex::default() }
    }

    fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.entries();
        let (value, since) = entries.get(key)?;
        (now.since(*since) < self.lifetime).then(|| value.clone())
    }

    fn keep(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.entries();
        if entries.len() >= self.limit {
            entries.retain(|_, (_, since)| now.since(*since) < self.lifetime);
        }
        // Full of fresh entries: to begin again costs one look-up each, and keeps this simple.
        if entries.len() >= self.limit {
            entries.clear();
        }
        entries.insert(key, (value, now));
    }

    fn forget(&self, key: &K) {
        self.entries().remove(key);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, (V, Timestamp)>> {
        // Nothing in here can be left half done by a panic.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_age_and_their_number_is_limited() {
        let cache = Cache::new(2, Duration::from_secs(10));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        cache.keep("a", 1, at(0));
        cache.keep("b", 2, at(8));
        assert_eq!(cache.get(&"a", at(9)), Some(1));
        assert_eq!(cache.get(&"a", at(10)), None);
        cache.keep("c", 3, at(11));
        assert_eq!((cache.get(&"b", at(11)), cache.get(&"c", at(11))), (Some(2), Some(3)));
        cache.keep("d", 4, at(12));
        assert_eq!((cache.get(&"c", at(12)), cache.get(&"d", at(12))), (None, Some(4)));
        cache.forget(&"d");
        assert_eq!(cache.get(&"d", at(12)), None);
    }
}
