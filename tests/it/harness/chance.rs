//! Chance that can be had again: stories that need it say which.

use rand::SeedableRng;
use rand::rngs::StdRng;

const SEED: u64 = 20_261_122;

/// A generator that gives the same numbers in every run, or others when `TEST_SEED` says so. A test that fails shows
/// the seed.
pub(crate) fn chance() -> StdRng {
    let given = std::env::var_os("TEST_SEED").and_then(|seed| seed.to_str()?.parse().ok());
    let seed = given.unwrap_or(SEED);
    eprintln!("TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
