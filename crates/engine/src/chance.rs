//! Chance as the system gives it.

use domain::chance::Chance;

/// The system's source of chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fraction(&self) -> f64 {
        rand::random()
    }
}
