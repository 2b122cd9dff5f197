//! Rows whose samples are the same, byte for byte, however their files wrote them.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use xxhash_rust::xxh3::xxh3_128;

/// What stands for a sample: 96 bits of XXH3. That two of a thousand million different samples share them has a chance below
/// 1e-11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SampleHash([u32; 3]);

impl SampleHash {
    /// Bytes of one.
    pub const BYTES: usize = 12;

    /// The hash of a sample as it is kept.
    pub fn of(sample: &[u8]) -> Self {
        let hash = xxh3_128(sample);
        Self([hash as u32, (hash >> 32) as u32, (hash >> 64) as u32])
    }

    /// As bytes.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (bytes, part) in bytes.chunks_exact_mut(4).zip(self.0) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self([[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_le_bytes))
    }

    /// The bits by which a table places it.
    fn place(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 32
    }

    /// Which of the tables it belongs to, by bits that don't place it there.
    fn table(self) -> usize {
        self.0[2] as usize % TABLES
    }
}

/// Tables among which samples are shared out.
const TABLES: usize = 16;

/// What was seen, and in which row first; 20 to 40 bytes a row.
///
/// Of several tables, so that only a part of it is there twice while it grows: of one, that is more than a tab has for the
/// rows of five gigabytes. With room for all rows from the beginning it would be twice as large as it need be where many rows
/// are the same, and slower for it.
#[derive(Debug, Default)]
pub struct Seen {
    /// Hash and row lie together: each is fetched from far away.
    tables: [HashTable<(SampleHash, u32)>; TABLES],
}

impl Seen {
    /// The row that said the same before; else notes this one.
    pub fn first_like(&mut self, row: u32, sample: SampleHash) -> Option<u32> {
        let table = &mut self.tables[sample.table()];
        match table.entry(sample.place(), |(other, _)| *other == sample, |(other, _)| other.place()) {
            Entry::Occupied(first) => Some(first.get().1),
            Entry::Vacant(place) => {
                place.insert((sample, row));
                None
            }
        }
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
            .map(|(row, sample)| seen.first_like(row as u32 * 10, SampleHash::of(sample.as_bytes())))
            .collect();
        let hash = SampleHash::of(b"a");
        assert_eq!(SampleHash::from_bytes(hash.to_bytes()), hash);
        assert_eq!(found, [None, None, Some(0), None, Some(10), Some(0)]);
    }
}
