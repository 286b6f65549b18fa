//! Chance that can be had again: every decision of a schedule is thrown here.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::chance::Chance;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A seeded source of chance, shared by all that happens in a schedule. One thread plays a schedule, so the order of
/// throws follows from the seed as well.
pub(super) struct Dice(Mutex<StdRng>);

impl Dice {
    /// `purpose` keeps what is decided beforehand apart from what is decided on the way.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed.wrapping_mul(2).wrapping_add(purpose))))
    }

    fn throw<T>(&self, throw: impl FnOnce(&mut StdRng) -> T) -> T {
        throw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// True in that many of a hundred cases.
    pub(super) fn chance(&self, percent: u32) -> bool {
        self.throw(|dice| dice.random_range(0..100) < percent)
    }

    /// A number between the two, both included.
    pub(super) fn between(&self, low: u64, high: u64) -> u64 {
        self.throw(|dice| dice.random_range(low..=high))
    }

    /// A time between two, in milliseconds. Mostly short, since it matters more what happens at once.
    pub(super) fn millis(&self, low: u64, high: u64) -> Duration {
        let high = if self.chance(70) { low + (high - low) / 4 } else { high };
        Duration::from_millis(self.between(low, high))
    }

    /// One of several.
    pub(super) fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.throw(|dice| dice.random_range(0..from.len()))]
    }

    /// Brings them into another order.
    pub(super) fn shuffle<T>(&self, all: &mut [T]) {
        for place in (1..all.len()).rev() {
            all.swap(place, self.throw(|dice| dice.random_range(0..=place)));
        }
    }
}

impl Chance for Dice {
    fn fraction(&self) -> f64 {
        self.throw(|dice| dice.random())
    }
}
