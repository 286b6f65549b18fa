//! How many deliveries may be under way at once: of one queue, to one destination, in all. Pure.
//!
//! A *queue* is what one workspace has for one destination.

/// A queue with fewer than this under way may use the reserve.
const FEW: usize = 4;

/// The limits. Sockets, memory and the store's readers are finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of one queue.
    pub per_queue: usize,
    /// To one destination, over all workspaces.
    pub per_destination: usize,
    /// In all.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_queue: 64, per_destination: 256, total: 512 }
    }
}

/// What is under way to a destination and in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// To the destination, over all workspaces.
    pub destination: usize,
    /// In all.
    pub total: usize,
}

impl Limits {
    /// Whether a queue with `own` deliveries under way may have another one.
    ///
    /// The last quarter of what is shared is a reserve for queues with little under way: a few queues whose
    /// destination hangs cannot use everything up, and whoever comes with a single call finds room.
    pub fn admit(&self, own: usize, load: Load) -> bool {
        let (of_destination, of_all) = self.free(load);
        let shared_is_ample = of_destination > reserve(self.per_destination) && of_all > reserve(self.total);
        own < self.per_queue && of_destination > 0 && of_all > 0 && (own < FEW || shared_is_ample)
    }

    /// Whether another queue may ask whether its destination is back, while `probes` of them do. However many are away,
    /// they get no more than a quarter.
    pub fn admit_probe(&self, probes: usize, load: Load) -> bool {
        let (of_destination, of_all) = self.free(load);
        of_destination > 0 && of_all > 0 && probes < reserve(self.per_destination)
    }

    fn free(&self, load: Load) -> (usize, usize) {
        (self.per_destination.saturating_sub(load.destination), self.total.saturating_sub(load.total))
    }
}

fn reserve(of: usize) -> usize {
    of.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lets queues of one destination take what they can get, one after the other, until none gets more.
    fn fill(limits: Limits, queues: usize) -> Vec<usize> {
        let (mut own, mut taken) = (vec![0; queues], 0);
        for one in &mut own {
            while limits.admit(*one, Load { destination: taken, total: taken }) {
                *one += 1;
                taken += 1;
            }
        }
        own
    }

    #[test]
    fn one_queue_alone_gets_all_that_a_queue_may_have() {
        assert_eq!(fill(Limits::default(), 1), [64]);
    }

    #[test]
    fn greedy_queues_leave_the_reserve_to_others() {
        assert_eq!(fill(Limits::default(), 5), [64, 64, 64, 4, 4]);
        let taken: usize = fill(Limits::default(), 10).iter().sum();
        assert!(Limits::default().admit(0, Load { destination: taken, total: taken }), "{taken}");
    }

    #[test]
    fn one_destination_leaves_room_to_the_others() {
        let full = Load { destination: 0, total: Limits::default().per_destination };
        assert!(Limits::default().admit(63, full));
    }

    #[test]
    fn those_that_are_away_get_a_quarter() {
        let limits = Limits::default();
        assert!(limits.admit_probe(63, Load::default()));
        assert!(!limits.admit_probe(64, Load::default()));
        assert!(!limits.admit_probe(0, Load { destination: 256, total: 256 }));
        assert!(Limits { per_queue: 1, per_destination: 1, total: 1 }.admit_probe(0, Load::default()));
    }

    proptest! {
        #[test]
        fn no_limit_is_exceeded_and_none_is_useless(
            per_queue in 1_usize..20,
            per_destination in 1_usize..60,
            total in 1_usize..60,
            queues in 1_usize..30,
        ) {
            let own = fill(Limits { per_queue, per_destination, total }, queues);
            let sum: usize = own.iter().sum();
            prop_assert!(own.iter().all(|&one| one <= per_queue));
            prop_assert!(sum <= per_destination && sum <= total);
            let least = per_queue.min(FEW);
            prop_assert!(sum >= (queues * least).min(per_destination).min(total), "{own:?}");
        }
    }
}
