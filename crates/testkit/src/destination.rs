//! A system that deliveries go to.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::outbox::{DestinationKind, Outcome};
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Destination, Effect, Report};

use crate::lock;

/// Takes deliveries down, and answers as it was told to; else with "delivered".
#[derive(Debug)]
pub struct FakeDestination {
    kind: DestinationKind,
    answers: Mutex<VecDeque<(Outcome, Vec<Effect>)>>,
    told: Mutex<Vec<(String, &'static str)>>,
}

impl FakeDestination {
    /// One that delivers everything.
    pub fn new(kind: DestinationKind) -> Self {
        Self { kind, answers: Mutex::default(), told: Mutex::default() }
    }

    /// What becomes of the next attempts.
    pub fn answer_next(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        lock(&self.answers).extend(outcomes.into_iter().map(|outcome| (outcome, Vec::new())));
    }

    /// What becomes of the next attempt, and what it finds out.
    pub fn answer_next_with(&self, outcome: Outcome, effects: Vec<Effect>) {
        lock(&self.answers).push_back((outcome, effects));
    }

    /// All attempts so far: the provider's id of the call, and what was told.
    pub fn told(&self) -> Vec<(String, &'static str)> {
        lock(&self.told).clone()
    }
}

#[async_trait]
impl Destination for FakeDestination {
    fn kind(&self) -> DestinationKind {
        self.kind
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Report {
        lock(&self.told).push((delivery.external_id.to_string(), delivery.notice.word()));
        let (outcome, effects) = lock(&self.answers).pop_front().unwrap_or((Outcome::Delivered, Vec::new()));
        Report { effects, ..Report::new(outcome) }
    }

    async fn check(&self) -> Result<(), RemoteError> {
        Ok(())
    }
}
