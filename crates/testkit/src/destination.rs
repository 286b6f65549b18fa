//! A system that deliveries go to.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::outbox::{DestinationKind, Outcome};
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Destination, Effect, Report};

use crate::lock;

/// Takes deliveries down, and answers as it was told to; else with "delivered", at once.
#[derive(Debug)]
pub struct FakeDestination {
    kind: DestinationKind,
    answers: Mutex<VecDeque<(Outcome, Vec<Effect>)>>,
    /// What becomes of all others.
    usual: Mutex<Outcome>,
    takes: Mutex<Duration>,
    told: Mutex<Vec<(String, &'static str)>>,
}

impl FakeDestination {
    /// One that delivers everything.
    pub fn new(kind: DestinationKind) -> Self {
        let (answers, told, takes) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { kind, answers, usual: Mutex::new(Outcome::Delivered), takes, told }
    }

    /// What becomes of every attempt from now on that nothing else was said of.
    pub fn answer_always(&self, outcome: Outcome) {
        *lock(&self.usual) = outcome;
    }

    /// Takes its time from now on.
    pub fn take(&self, time: Duration) {
        *lock(&self.takes) = time;
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
        let takes = *lock(&self.takes);
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let said = lock(&self.answers).pop_front();
        let (outcome, effects) = said.unwrap_or_else(|| (lock(&self.usual).clone(), Vec::new()));
        Report { effects, ..Report::new(outcome) }
    }

    async fn check(&self) -> Result<(), RemoteError> {
        Ok(())
    }
}
