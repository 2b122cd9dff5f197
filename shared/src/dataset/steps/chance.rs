//! What a seed decides, row by row.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::dataset::preparation::Origin;

/// Random numbers by counting: the same for a seed, a row and a place, whatever came before.
pub(in crate::dataset) struct Chance {
    seed: u64,
    row: [u8; 16],
    count: u64,
}

impl Chance {
    pub(in crate::dataset) fn new(seed: u64, origin: Origin) -> Self {
        let mut row = [0; 16];
        row[..2].copy_from_slice(&origin.file.to_le_bytes());
        row[2..6].copy_from_slice(&origin.record.to_le_bytes());
        row[6..8].copy_from_slice(&origin.descendant.to_le_bytes());
        Self { seed, row, count: 0 }
    }

    fn next(&mut self) -> u64 {
        self.row[8..].copy_from_slice(&self.count.to_le_bytes());
        self.count += 1;
        xxh3_64_with_seed(&self.row, self.seed)
    }

    /// True with a chance of `share`.
    pub(in crate::dataset) fn happens(&mut self, share: f64) -> bool {
        ((self.next() >> 11) as f64) < share * (1_u64 << 53) as f64
    }

    /// One of so many, which are at least one.
    pub(in crate::dataset) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}
