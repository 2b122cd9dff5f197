//! MinHash: of a set, so many smallest values under so many orders that two sets agree in as large a part of them as they
//! share (Broder, "On the resemblance and containment of documents", 1997).

/// Groups of values: two rows with a group in common may be alike.
pub(super) const BANDS: usize = 20;

/// Values in a group. With twenty groups of six, sets that share 0.8 meet with a chance of 0.998, and sets that share 0.5
/// with one of 0.27 (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4).
const BAND_ROWS: usize = 6;

const VALUES: usize = BANDS * BAND_ROWS;

/// The orders, as `value * factor + summand` modulo 2^32.
pub(super) struct MinHash {
    factors: [u32; VALUES],
    summands: [u32; VALUES],
}

impl MinHash {
    pub(super) fn new() -> Self {
        // SplitMix64 (Steele et al., 2014) from zero: the same orders everywhere.
        let mut state = 0_u64;
        let mut next = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)) as u32
        };
        Self { factors: std::array::from_fn(|_| next() | 1), summands: std::array::from_fn(|_| next()) }
    }

    /// The key of each group; an empty set has keys as well.
    pub(super) fn band_keys(&self, hashes: &[u32]) -> [u32; BANDS] {
        let mut least = [u32::MAX; VALUES];
        for &hash in hashes {
            for ((least, factor), summand) in least.iter_mut().zip(&self.factors).zip(&self.summands) {
                *least = (*least).min(hash.wrapping_mul(*factor).wrapping_add(*summand));
            }
        }
        std::array::from_fn(|band| {
            let values = &least[band * BAND_ROWS..][..BAND_ROWS];
            let mixed = values.iter().fold(band as u64 + 1, |mixed, value| {
                (mixed.rotate_left(27) ^ u64::from(*value)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            });
            (mixed >> 32) as u32
        })
    }
}
