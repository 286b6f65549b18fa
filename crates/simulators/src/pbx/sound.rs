//! What a recording sounds like: bytes that a test made, or any number of bytes that are made while they are read.

use std::ops::Range;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::hex::hex;

/// The bytes of a recording come in pieces of this size.
const BLOCK: usize = 64 * 1024;
/// Where a generated block has its number, so that no two blocks are the same.
const NUMBER: Range<usize> = 8..16;

/// The bytes of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// As they are.
    Bytes(Bytes),
    /// `size` bytes, each a function of the key and its offset alone; never in memory as a whole.
    Generated { key: String, size: u64 },
}

impl Sound {
    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Generated { size, .. } => *size,
        }
    }

    /// SHA-256 of all bytes, lower-case hex. Reads them all.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        self.blocks(0..self.size()).for_each(|block| hash.update(&block));
        hex(&hash.finalize())
    }

    /// The `ETag`, quotes included: another one for other bytes.
    pub(super) fn etag(&self) -> String {
        let digest = match self {
            Self::Bytes(bytes) => Sha256::digest(bytes),
            // Hashing what names the bytes spares making all of them.
            Self::Generated { key, size } => Sha256::digest(format!("{key} {size}")),
        };
        format!("\"{}\"", hex(&digest[..8]))
    }

    /// The bytes of a range inside the sound, in pieces.
    pub(super) fn blocks(&self, range: Range<u64>) -> impl Iterator<Item = Bytes> + Send + use<> {
        let source = self.clone();
        let tile = match self {
            Self::Bytes(_) => Vec::new(),
            Self::Generated { key, .. } => tile(key),
        };
        let mut at = range.start;
        std::iter::from_fn(move || {
            if at >= range.end {
                return None;
            }
            let number = at / BLOCK as u64;
            let end = range.end.min((number + 1) * BLOCK as u64);
            let within = offset_in_block(at)..=offset_in_block(end - 1);
            at = end;
            Some(source.block(&tile, number).slice(within))
        })
    }

    /// A whole block; the last one may be shorter, or longer than what belongs to the sound.
    fn block(&self, tile: &[u8], number: u64) -> Bytes {
        match self {
            Self::Bytes(bytes) => {
                let start = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(BLOCK);
                bytes.slice(start..bytes.len().min(start + BLOCK))
            }
            Self::Generated { .. } => {
                let mut block = tile.to_vec();
                block[NUMBER].copy_from_slice(&number.to_be_bytes());
                if number == 0 {
                    block[..3].copy_from_slice(b"ID3");
                }
                Bytes::from(block)
            }
        }
    }
}

/// What every generated block of a key begins as. The digest of a counter: bytes that no compression shortens.
fn tile(key: &str) -> Vec<u8> {
    let digests = (0..BLOCK / 32).map(|count| Sha256::digest(format!("{key} {count}")));
    digests.flatten().collect()
}

fn offset_in_block(at: u64) -> usize {
    usize::try_from(at % BLOCK as u64).unwrap_or_default()
}

impl From<Bytes> for Sound {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&'static [u8]> for Sound {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Bytes(Bytes::from_static(bytes))
    }
}

impl From<&'static str> for Sound {
    fn from(text: &'static str) -> Self {
        Self::from(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sound: &Sound, range: Range<u64>) -> Vec<u8> {
        sound.blocks(range).flatten().collect()
    }

    #[test]
    fn a_part_of_a_sound_is_what_the_whole_has_there() {
        let size = 2 * BLOCK as u64 + 100;
        let generated = Sound::Generated { key: "leg-1".into(), size };
        let kept = Sound::Bytes(read(&generated, 0..size).into());
        let end = BLOCK as u64;
        let ranges = [0..size, 0..0, 0..1, 5..end, end - 1..end + 1, end..size, size - 1..size, size..size];
        for range in ranges {
            let part = read(&generated, range.clone());
            assert_eq!(part.len() as u64, range.end - range.start, "{range:?}");
            assert_eq!(part, read(&kept, range.clone()), "{range:?}");
        }
        assert_eq!((generated.size(), generated.sha256()), (kept.size(), kept.sha256()));
    }

    #[test]
    fn sounds_of_other_keys_and_other_blocks_of_one_differ() {
        let sound = |key: &str| Sound::Generated { key: key.into(), size: 4 * BLOCK as u64 };
        assert_ne!(sound("a").sha256(), sound("b").sha256());
        assert_ne!(sound("a").etag(), sound("b").etag());
        let blocks: std::collections::HashSet<_> = sound("a").blocks(0..4 * BLOCK as u64).collect();
        assert_eq!(blocks.len(), 4);
    }
}
