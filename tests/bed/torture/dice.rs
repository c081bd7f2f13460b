//! Numbers that look random, and are the same for the same seed.

use std::ops::RangeInclusive;

/// `SplitMix64` (Steele, Lea, Flood 2014): good enough to choose with, and nothing else.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed, the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of this range. Small ranges only: those at the front are likelier by less than one in 2^32.
    pub fn between(&mut self, range: RangeInclusive<u32>) -> u32 {
        let span = u64::from(range.end() - range.start()) + 1;
        range.start() + u32::try_from(self.next() % span).unwrap_or_default()
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// Whether one of `times` throws comes out.
    pub fn one_in(&mut self, times: u32) -> bool {
        self.between(1..=times) == 1
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let last = u32::try_from(all.len() - 1).expect("a short list");
        all[self.between(0..=last) as usize]
    }
}
