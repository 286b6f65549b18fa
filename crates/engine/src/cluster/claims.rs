//! For which instances this process acts: delivers, listens, looks after calls, reads the history.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::id::InstanceId;

/// Claims count as gone a little before they are: what is begun takes a moment.
const MARGIN: Duration = Duration::from_secs(1);

/// What is claimed. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Claims(Option<Arc<Mutex<Shared>>>);

#[derive(Debug, Default)]
struct Shared {
    held: HashSet<InstanceId>,
    /// Claimed, and not taken over yet.
    expected: HashSet<InstanceId>,
    /// Until then nobody else takes them.
    until: Option<Instant>,
    /// How much is under way for each instance, held or not.
    at_work: HashMap<InstanceId, usize>,
}

impl Claims {
    /// Of a process that is alone: all is its own, always.
    pub(crate) const fn alone() -> Self {
        Self(None)
    }

    /// Of one among several: nothing yet.
    pub(crate) fn shared() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether this process acts for the instance now.
    pub(crate) fn holds(&self, instance: InstanceId) -> bool {
        self.lock().is_none_or(|mut shared| shared.holds(instance, Instant::now()))
    }

    /// Something is begun for an instance. Whoever begins looks afterwards whether the instance is still held: one that is
    /// let go of is either seen as not held, or stays until the end of what was begun.
    pub(crate) fn enter(&self, instance: InstanceId) -> AtWork {
        if let Some(mut shared) = self.lock() {
            *shared.at_work.entry(instance).or_default() += 1;
        }
        AtWork { claims: self.clone(), instance }
    }

    /// An instance is claimed, and is acted for as soon as it is taken over.
    pub(super) fn expect(&self, instance: InstanceId) {
        if let Some(mut shared) = self.lock() {
            shared.expected.insert(instance);
        }
    }

    /// Whether an instance is claimed and not acted for yet.
    pub(super) fn expects(&self, instance: InstanceId) -> bool {
        self.lock().is_some_and(|shared| shared.expected.contains(&instance))
    }

    /// An instance that is claimed is taken over. False if it is not claimed any more.
    pub(super) fn gain(&self, instance: InstanceId) -> bool {
        self.lock().is_some_and(|mut shared| {
            let is_expected = shared.expected.remove(&instance);
            is_expected && shared.held.insert(instance)
        })
    }

    /// What was not taken over yet is not going to be.
    pub(super) fn expect_nothing(&self) {
        if let Some(mut shared) = self.lock() {
            shared.expected.clear();
        }
    }

    /// An instance is not claimed any more.
    pub(super) fn lose(&self, instance: InstanceId) {
        if let Some(mut shared) = self.lock() {
            shared.held.remove(&instance);
            shared.expected.remove(&instance);
        }
    }

    /// Lets go of an instance, unless something is under way for it.
    pub(super) fn let_go(&self, instance: InstanceId) -> bool {
        self.lock().is_some_and(|mut shared| {
            !shared.at_work.contains_key(&instance) && shared.held.remove(&instance)
        })
    }

    /// Whatever is held is held until then. Says whether it was not before.
    pub(super) fn renew(&self, until: Instant) -> bool {
        self.lock().is_some_and(|mut shared| shared.until.replace(until).is_none())
    }

    /// What is claimed, as far as the last beat says, taken over or not.
    pub(super) fn held(&self) -> Vec<InstanceId> {
        let all = |shared: MutexGuard<'_, Shared>| shared.held.union(&shared.expected).copied().collect();
        self.lock().map_or_else(Vec::new, all)
    }

    fn lock(&self) -> Option<MutexGuard<'_, Shared>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    fn holds(&mut self, instance: InstanceId, now: Instant) -> bool {
        // Forgotten when it is over, so that a beat finds out.
        self.until = self.until.filter(|until| now + MARGIN < *until);
        self.until.is_some() && self.held.contains(&instance)
    }
}

/// Something is under way for an instance until this is dropped.
#[derive(Debug)]
pub(crate) struct AtWork {
    claims: Claims,
    instance: InstanceId,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let Some(mut shared) = self.claims.lock() else { return };
        let left = shared.at_work.get(&self.instance).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            shared.at_work.remove(&self.instance);
        } else {
            shared.at_work.insert(self.instance, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: InstanceId = InstanceId(1);

    #[test]
    fn who_is_alone_acts_for_all() {
        assert!(Claims::alone().holds(INSTANCE));
    }

    #[test]
    fn a_claim_holds_until_shortly_before_others_may_take_it() {
        let (claims, now) = (Claims::shared(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        let holds = |instance, seconds| claims.lock().unwrap().holds(instance, after(seconds));
        claims.expect(INSTANCE);
        assert!(claims.gain(INSTANCE));
        assert!(!holds(INSTANCE, 0), "nothing says until when");
        assert!(claims.renew(after(6)));
        assert!(!claims.renew(after(6)));
        assert!(holds(INSTANCE, 4) && !holds(InstanceId(2), 4));
        assert!(!holds(INSTANCE, 5));
        assert!(claims.renew(after(12)), "it had run out");
        assert!(holds(INSTANCE, 6));
    }

    #[test]
    fn what_is_under_way_is_counted_whoever_holds_the_claim() {
        let claims = Claims::shared();
        claims.expect(INSTANCE);
        assert!(claims.gain(INSTANCE));
        let (first, second) = (claims.enter(INSTANCE), claims.enter(INSTANCE));
        drop(first);
        assert!(!claims.let_go(INSTANCE));
        drop(second);
        assert!(claims.let_go(INSTANCE));
        assert!(!claims.let_go(INSTANCE), "it is gone");
    }

    #[test]
    fn what_was_lost_before_it_was_taken_over_is_not_acted_for() {
        let claims = Claims::shared();
        claims.expect(INSTANCE);
        claims.lose(INSTANCE);
        assert!(!claims.expects(INSTANCE) && !claims.gain(INSTANCE));
    }
}
