//! Sharing rows out to training, validation and test.
//!
//! What belongs together stays together: rows that say nearly the same, rows made from one another, and rows with the same
//! value in a column of the person's choice. The seed orders these families; in that order each goes to the part that lacks
//! most rows, in each stratum by itself.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::each_kept;
use crate::dataset::duplicates::{Families, SampleHash, Seen, Similarity, find_families};
use crate::dataset::preparation::{Effect, Entry, Part, Preparation, PreparationFault, Pulse, StepWriter, StoredFile};
use crate::dataset::row::Row;

/// How rows are shared out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Split {
    /// Another seed gives another split.
    pub seed: u64,
    /// The share of each part; together they are 1.
    pub train: f64,
    /// The share of what is looked at during the training.
    pub validation: f64,
    /// The share of what is looked at afterwards.
    pub test: f64,
    /// Rows as alike as that stay together.
    pub near: Similarity,
    /// A column: rows that share its value stay together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together_by: Option<String>,
    /// A column: each of its values is shared out alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evenly_by: Option<String>,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            seed: 0,
            train: 0.8,
            validation: 0.1,
            test: 0.1,
            near: Similarity::USUAL,
            together_by: None,
            evenly_by: None,
        }
    }
}

impl Split {
    pub(super) fn title(&self) -> String {
        let percent = |share: f64| (share * 100.0).round();
        let (train, validation, test) = (percent(self.train), percent(self.validation), percent(self.test));
        format!("Split {train} / {validation} / {test}, seed {}", self.seed)
    }

    /// Shares must be shares.
    fn shares(&self) -> Result<[(Part, f64); 3], PreparationFault> {
        let shares = [(Part::Train, self.train), (Part::Validation, self.validation), (Part::Test, self.test)];
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        if shares.iter().any(|(_, share)| !(0.0..=1.0).contains(share)) || (sum - 1.0).abs() > 1e-6 {
            return Err(PreparationFault::Refused(format!(
                "the parts {}, {} and {} are together {sum}; they are to be 1 together, as 0.8, 0.1 and 0.1",
                self.train, self.validation, self.test
            )));
        }
        Ok(shares)
    }
}

/// How a part of the rows is filled.
#[derive(Clone, Copy, Default)]
struct Filled {
    rows: [u64; 3],
}

impl Filled {
    /// The part that lacks most once `size` rows more are there, counted in shares of it.
    fn neediest(&self, shares: &[(Part, f64); 3], size: u64) -> usize {
        let total = (self.rows.iter().sum::<u64>() + size) as f64;
        let lacks = |part: usize| shares[part].1 * total - self.rows[part] as f64;
        let mut best = 0;
        for part in 1..3 {
            // The earlier part wins where both lack the same.
            if lacks(part) > lacks(best) + 1e-9 {
                best = part;
            }
        }
        best
    }
}

pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Split,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let shares = step.shares()?;
    let mut families = find_families(preparation, step.near, pulse).await?;
    join_by_key(preparation, &mut families, pulse, |_, entry, _| {
        Some(format!("{}:{}", entry.origin.file, entry.origin.record))
    })
    .await?;
    if let Some(column) = &step.together_by {
        join_by_key(preparation, &mut families, pulse, |_, _, row| row.column_text(column)).await?;
    }
    // By a family's first row: how many rows it has, and its stratum.
    let mut sizes = vec![0_u32; preparation.rows().len()];
    let mut stratum_of = vec![0_u32; preparation.rows().len()];
    let mut strata = HashMap::<String, u32>::new();
    each_kept(preparation, "sharing out", pulse, |row, _, content| {
        let first = families.first(row) as usize;
        if sizes[first] == 0
            && let Some(column) = &step.evenly_by
        {
            let next = strata.len() as u32;
            stratum_of[first] = *strata.entry(content.column_text(column).unwrap_or_default()).or_insert(next);
        }
        sizes[first] += 1;
        Ok(())
    })
    .await?;
    let mut order: Vec<u32> = (0..sizes.len() as u32).filter(|first| sizes[*first as usize] > 0).collect();
    order.sort_unstable_by_key(|first| {
        (stratum_of[*first as usize], xxh3_64_with_seed(&first.to_le_bytes(), step.seed), *first)
    });
    let mut filled = vec![Filled::default(); strata.len().max(1)];
    let mut part_of = vec![None; sizes.len()];
    for first in order {
        let (filled, size) = (&mut filled[stratum_of[first as usize] as usize], u64::from(sizes[first as usize]));
        let part = filled.neediest(&shares, size);
        filled.rows[part] += size;
        part_of[first as usize] = Some(shares[part].0);
    }
    let rows = preparation.rows();
    for row in (0..rows.len() as u32).filter(|row| rows[*row as usize].is_kept()) {
        if let Some(part) = part_of[families.first(row) as usize] {
            writer.mark(row, Effect::Assign(part))?;
        }
    }
    Ok(())
}

/// Joins kept rows with the same key; some have none.
async fn join_by_key<F: StoredFile>(
    preparation: &Preparation<F>,
    families: &mut Families,
    pulse: &impl Pulse,
    key_of: impl Fn(u32, &Entry, &Row) -> Option<String>,
) -> Result<(), PreparationFault> {
    let mut seen = Seen::default();
    each_kept(preparation, "grouping", pulse, |row, entry, content| {
        if let Some(key) = key_of(row, &entry, &content)
            && let Some(first) = seen.first_like(row, SampleHash::of(key.as_bytes()))
        {
            families.join(first, row);
        }
        Ok(())
    })
    .await
}
