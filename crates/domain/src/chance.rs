//! Where chance comes from. Pure code takes a number; simulations hand in a seeded source.

/// A source of chance.
pub trait Chance: Send + Sync {
    /// A number from 0 to 1.
    fn fraction(&self) -> f64;
}
