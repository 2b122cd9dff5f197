//! Rows whose samples are the same, byte for byte, however their files wrote them.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_128;

/// What was seen. 128 bits of XXH3 stand for a sample: that two of a thousand million different ones share them has a
/// chance below 1e-20. It takes about 25 bytes a row.
#[derive(Debug, Default)]
pub struct Seen {
    hashes: Vec<u128>,
    rows: Vec<u32>,
    /// Places in `hashes`.
    table: HashTable<u32>,
}

impl Seen {
    /// The row that said the same before; else notes this one.
    pub fn first_like(&mut self, row: u32, sample: &[u8]) -> Option<u32> {
        let hash = xxh3_128(sample);
        if let Some(&place) = self.table.find(hash as u64, |&place| self.hashes[place as usize] == hash) {
            return Some(self.rows[place as usize]);
        }
        let place = self.hashes.len() as u32;
        self.hashes.push(hash);
        self.rows.push(row);
        let hashes = &self.hashes;
        self.table.insert_unique(hash as u64, place, |&place| hashes[place as usize] as u64);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_samples_is_found() {
        let mut seen = Seen::default();
        let found: Vec<_> = ["a", "b", "a", "c", "b", "a"]
            .iter()
            .enumerate()
            .map(|(row, sample)| seen.first_like(row as u32 * 10, sample.as_bytes()))
            .collect();
        assert_eq!(found, [None, None, Some(0), None, Some(10), Some(0)]);
    }
}
