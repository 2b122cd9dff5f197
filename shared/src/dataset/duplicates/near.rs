//! Rows that say nearly the same: candidates by MinHash, and every one of them looked at.
//!
//! Memory is a few bytes a row: the keys of all groups wait in the scratch file, and one group is sorted at a time.

use serde::{Deserialize, Serialize};

use super::families::Families;
use super::minhash::{Bands, MinHash};
use super::shingles::{Shingles, similarity};
use crate::dataset::preparation::{Preparation, PreparationFault, Progress, Pulse, StoredFile};

/// How alike two rows are that count as nearly the same, above 0.5 and up to 1: shared shingles as a part of all, or the
/// cosine between what they mean.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Similarity(f64);

impl Similarity {
    /// What is usual.
    pub const USUAL: Self = Self(0.8);

    /// What is usual where meanings are compared: much of what is less alike is only about the same.
    pub const USUAL_OF_MEANINGS: Self = Self(0.95);

    /// As a number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Similarity {
    fn default() -> Self {
        Self::USUAL
    }
}

impl From<Similarity> for f64 {
    fn from(similarity: Similarity) -> Self {
        similarity.0
    }
}

impl TryFrom<f64> for Similarity {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if number > 0.5 && number <= 1.0 {
            return Ok(Self(number));
        }
        Err(format!("a similarity of {number} makes no sense here: it is above 0.5 and at most 1, usually 0.8"))
    }
}

/// Rows whose keys are written at a time.
const BLOCK_ROWS: usize = 1 << 16;

/// Rows of a bucket that others are compared with. So many that are all unlike share a key only by a text around them.
const MOST_LEADERS: usize = 1000;

/// Joins kept rows that are as alike as that, directly or through others. Rows that are not kept stay alone.
///
/// # Errors
/// The storage fails, or somebody asked to stop.
pub async fn find_families<F: StoredFile>(
    preparation: &Preparation<F>,
    least: Similarity,
    pulse: &impl Pulse,
) -> Result<Families, PreparationFault> {
    let rows = preparation.rows().len() as u32;
    let kept: Vec<u32> = (0..rows).filter(|row| preparation.rows()[*row as usize].is_kept()).collect();
    let bands = Bands::finding(least.0);
    let keys = write_keys(preparation, &kept, bands, pulse).await?;
    let mut families = Families::new(rows);
    let mut pass = preparation.pass();
    let mut pairs = Vec::with_capacity(kept.len());
    for band in 0..bands.count {
        read_band(keys, band, bands, &kept, &mut pairs)?;
        pairs.sort_unstable();
        let mut looked_at = 0_usize;
        for bucket in pairs.chunk_by(|one, other| one >> 32 == other >> 32).filter(|bucket| bucket.len() > 1) {
            // Rows of the bucket that are alike no earlier one of it: each row is compared with those only.
            let mut leaders: Vec<(u32, Shingles)> = Vec::new();
            for row in bucket.iter().map(|pair| *pair as u32) {
                let family = families.first(row);
                if leaders.iter().any(|(leader, _)| families.first(*leader) == family) {
                    continue;
                }
                let shingles = Shingles::of_row(&pass.row(row)?.1);
                if shingles.hashes().is_empty() {
                    continue;
                }
                match leaders.iter().find(|(_, other)| similarity(&shingles, other) >= least.0) {
                    Some(&(leader, _)) => families.join(row, leader),
                    None if leaders.len() < MOST_LEADERS => leaders.push((row, shingles)),
                    None => {}
                }
                looked_at += 1;
                pulse.beat_at(looked_at, progress("comparing", band, bands.count)).await?;
            }
        }
        pulse.beat(progress("comparing", band + 1, bands.count)).await?;
    }
    Ok(families)
}

fn progress(stage: &'static str, done: usize, total: usize) -> Progress {
    Progress { stage, done: done as u64, total: total as u64 }
}

/// Writes the keys of all rows into the scratch file, which it gives back.
async fn write_keys<'a, F: StoredFile>(
    preparation: &'a Preparation<F>,
    kept: &[u32],
    bands: Bands,
    pulse: &impl Pulse,
) -> Result<&'a F, PreparationFault> {
    let scratch = preparation.scratch()?;
    let minhash = MinHash::new();
    let mut pass = preparation.pass();
    let mut offset = 0;
    for (block_number, block) in kept.chunks(BLOCK_ROWS).enumerate() {
        // The keys of one group after those of another, so that a group is read in long runs.
        let mut keys = vec![0_u8; block.len() * bands.count * 4];
        for (place, row) in block.iter().enumerate() {
            let shingles = Shingles::of_row(&pass.row(*row)?.1);
            for (band, key) in minhash.band_keys(shingles.hashes(), bands).enumerate() {
                keys[(band * block.len() + place) * 4..][..4].copy_from_slice(&key.to_le_bytes());
            }
            let done = block_number * BLOCK_ROWS + place;
            pulse.beat_at(done, progress("looking for what is alike", done, kept.len())).await?;
        }
        scratch.write_all_at(offset, &keys)?;
        offset += keys.len() as u64;
    }
    Ok(scratch)
}

/// The keys of one group, each in the upper half of a number whose lower half is the row.
fn read_band<F: StoredFile>(
    keys: &F,
    band: usize,
    bands: Bands,
    kept: &[u32],
    pairs: &mut Vec<u64>,
) -> Result<(), PreparationFault> {
    pairs.clear();
    let mut offset = 0;
    for block in kept.chunks(BLOCK_ROWS) {
        let mut bytes = vec![0; block.len() * 4];
        keys.read_exact_at(offset + (band * block.len() * 4) as u64, &mut bytes)?;
        offset += (block.len() * bands.count * 4) as u64;
        let (words, _) = bytes.as_chunks::<4>();
        pairs.extend(
            words.iter().zip(block).map(|(key, row)| u64::from(u32::from_le_bytes(*key)) << 32 | u64::from(*row)),
        );
    }
    Ok(())
}
