//! MinHash: of a set, so many smallest values under so many orders that two sets agree in as large a part of them as they
//! share (Broder, "On the resemblance and containment of documents", 1997).

/// Values of a set, whatever groups they are in.
const VALUES: usize = 120;

/// Most values in a group. With twenty groups of six, sets that share 0.8 meet with a chance of 0.998, and sets that share
/// 0.5 with one of 0.27 (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4).
const MOST_BAND_ROWS: usize = 6;

/// The least chance with which two sets that are just alike enough meet; a little above what is promised, because chance
/// scatters.
const LEAST_RECALL: f64 = 0.985;

/// How values are grouped: two rows with a group in common may be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bands {
    /// Groups.
    pub(super) count: usize,
    /// Values in a group.
    rows: usize,
}

impl Bands {
    /// As large groups as find what is as alike as that: larger ones bring fewer rows together that are not alike.
    pub(super) fn finding(least: f64) -> Self {
        let bands = |rows: usize| Self { count: VALUES / rows, rows };
        let finds = |bands: &Self| {
            let misses = (1.0 - least.powi(bands.rows as i32)).powi(bands.count as i32);
            1.0 - misses >= LEAST_RECALL
        };
        (1..=MOST_BAND_ROWS).rev().map(bands).find(finds).unwrap_or(bands(1))
    }
}

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
    pub(super) fn band_keys(&self, hashes: &[u32], bands: Bands) -> impl Iterator<Item = u32> {
        let mut least = [u32::MAX; VALUES];
        for &hash in hashes {
            for ((least, factor), summand) in least.iter_mut().zip(&self.factors).zip(&self.summands) {
                *least = (*least).min(hash.wrapping_mul(*factor).wrapping_add(*summand));
            }
        }
        (0..bands.count).map(move |band| {
            let values = &least[band * bands.rows..][..bands.rows];
            let mixed = values.iter().fold(band as u64 + 1, |mixed, value| {
                (mixed.rotate_left(27) ^ u64::from(*value)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            });
            (mixed >> 32) as u32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_as_large_as_what_is_looked_for_allows() {
        let of = |least| {
            let Bands { count, rows } = Bands::finding(least);
            (count, rows)
        };
        // What is measured at the usual similarity stays as it is.
        assert_eq!([1.0, 0.9, 0.8].map(of), [(20, 6); 3]);
        assert_eq!([0.7, 0.61, 0.55, 0.501].map(of), [(24, 5), (30, 4), (40, 3), (40, 3)]);
    }
}
