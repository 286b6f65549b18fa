//! Numbers of new rows, taken from the database's sequences a block at a time. Pure.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::session::Ids;

/// Numbers that a sequence goes on by; the migrations say the same.
pub(super) const BLOCK: i64 = 64;

/// What is left of a block is not used after that: lists are ordered by these numbers, and others take later ones.
const FRESH: Duration = Duration::from_secs(1);

/// Numbers at hand.
#[derive(Debug, Default)]
pub(super) struct Blocks(HashMap<Ids, Vec<Block>>);

#[derive(Debug)]
struct Block {
    numbers: Range<i64>,
    taken_at: Instant,
}

impl Blocks {
    /// A number, if there is one.
    pub(super) fn next(&mut self, of: Ids, now: Instant) -> Option<i64> {
        let blocks = self.0.get_mut(&of)?;
        blocks.retain(|block| now.duration_since(block.taken_at) < FRESH && !block.numbers.is_empty());
        // The first is the oldest: numbers are used in their order.
        blocks.first_mut()?.numbers.next()
    }

    /// How many blocks have to be taken so that there are so many numbers.
    pub(super) fn missing(&self, of: Ids, wanted: usize, now: Instant) -> i64 {
        let fresh = self.0.get(&of).into_iter().flatten();
        let fresh = fresh.filter(|block| now.duration_since(block.taken_at) < FRESH);
        let there: i64 = fresh.map(|block| block.numbers.end - block.numbers.start).sum();
        let missing = i64::try_from(wanted).unwrap_or(i64::MAX).saturating_sub(there);
        (missing.max(0) + BLOCK - 1) / BLOCK
    }

    /// A block was taken that begins with `first`.
    pub(super) fn add(&mut self, of: Ids, first: i64, now: Instant) {
        let block = Block { numbers: first..first + BLOCK, taken_at: now };
        self.0.entry(of).or_default().push(block);
    }

    /// What is left may not be used.
    pub(super) fn forget(&mut self, of: Ids) {
        self.0.remove(&of);
    }
}
