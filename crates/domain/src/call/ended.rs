//! When a call ended: as the provider said, else as had to be inferred.

use super::Call;
use super::leg::Leg;
use super::past::Past;
use crate::clock::Timestamp;

impl Call {
    /// When the call ended, once it has. What the provider said of it always wins over an inferred end.
    ///
    /// An inferred end is the last sign of life: longer than that nothing is known to have lasted, so durations are
    /// lower bounds and no conversation is made up.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.told_end().or_else(|| self.inferred_over.then(|| self.last_sign_at()))
    }

    /// When the leg ended, once it has: by itself, or with its call.
    pub fn leg_ended_at(&self, leg: &Leg) -> Option<Timestamp> {
        leg.ended_at().or_else(|| self.ended_at())
    }

    /// Whether the call is over.
    pub fn is_closed(&self) -> bool {
        self.has_told_end() || self.inferred_over
    }

    /// Whether the call counts as over although the provider never said so.
    pub fn end_is_inferred(&self) -> bool {
        self.inferred_over && !self.has_told_end()
    }

    /// Whether the call once counted as over, and the provider said later when it really ended.
    pub fn end_was_corrected(&self) -> bool {
        self.inferred_over && self.has_told_end()
    }

    fn has_told_end(&self) -> bool {
        self.finished.is_some() || self.failed.is_some() || self.past.is_some()
    }

    fn told_end(&self) -> Option<Timestamp> {
        let heard = self.finished.as_ref().or(self.failed.as_ref()).map(|fact| fact.at);
        heard.or_else(|| self.past.as_ref().map(Past::finished_at))
    }

    /// The latest time at which the call is known to have been going on, by the provider's clock. A recording gets
    /// ready after its call: it is no sign of life.
    fn last_sign_at(&self) -> Timestamp {
        let of_legs = self.legs.values().flat_map(Leg::times);
        let of_call = [self.first_at, self.started_at, self.went_on_at].into_iter().flatten();
        of_call.chain(of_legs).max().unwrap_or_default()
    }
}

impl Leg {
    fn times(&self) -> impl Iterator<Item = Timestamp> {
        [
            self.first_at,
            self.rang_at,
            self.answered_at,
            self.ended.as_ref().map(|fact| fact.at),
            self.held.as_ref().map(|fact| fact.at),
        ]
        .into_iter()
        .flatten()
    }
}
