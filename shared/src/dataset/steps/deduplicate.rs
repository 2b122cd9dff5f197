//! Dropping rows that say what others say.

use serde::{Deserialize, Serialize};

use crate::dataset::duplicates::{Seen, Shingles, Similarity, find_families, similarity};
use crate::dataset::preparation::{Pass, Preparation, PreparationFault, Progress, Pulse, StepWriter, StoredFile};

/// Which rows say the same, and which of them stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deduplicate {
    /// Nearly the same, from this similarity on; without it, the very same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Similarity>,
    /// Which of them stays.
    #[serde(default)]
    pub keep: Preferred,
}

/// Which of several rows stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preferred {
    /// The first.
    #[default]
    First,
    /// The longest; of equally long ones the first.
    Longest,
}

impl Deduplicate {
    pub(super) fn title(&self) -> String {
        match self.near {
            None => "Drop rows that say the same as another".to_owned(),
            Some(near) => format!("Drop rows that say nearly the same as another ({} alike)", near.get()),
        }
    }
}

pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Deduplicate,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    match step.near {
        None => drop_same(preparation, writer, pulse).await,
        Some(least) => drop_near(preparation, least, step.keep, writer, pulse).await,
    }
}

/// Rows that say the very same are equally long, so the first stays.
async fn drop_same<F: StoredFile>(
    preparation: &Preparation<F>,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let mut seen = Seen::default();
    let mut pass = preparation.pass();
    let rows = preparation.rows().len() as u32;
    let kept = (0..rows).filter(|row| preparation.rows()[*row as usize].is_kept());
    for (place, row) in kept.enumerate() {
        let progress = Progress { stage: "looking for what is the same", done: u64::from(row), total: u64::from(rows) };
        pulse.beat_at(place, progress).await?;
        if let Some(first) = seen.first_like(row, pass.entry(row)?.sample_hash) {
            writer.drop(row, "it says the same as another row", Some(first))?;
        }
    }
    Ok(())
}

/// Only what is as alike as that to a row that stays is dropped: of a chain in which each is like the next, some stay.
async fn drop_near<F: StoredFile>(
    preparation: &Preparation<F>,
    least: Similarity,
    keep: Preferred,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let mut families = find_families(preparation, least, pulse).await?;
    let mut pass = preparation.pass();
    let mut dropped = Vec::new();
    let members = families.members();
    for (number, mut family) in members.iter().cloned().enumerate() {
        preferred_first(&mut family, keep, &mut pass)?;
        let mut staying: Vec<(u32, Shingles)> = Vec::new();
        for row in family {
            let shingles = Shingles::of_row(&pass.row(row)?.1);
            match staying.iter().find(|(_, other)| similarity(&shingles, other) >= least.get()) {
                Some(&(like, _)) => dropped.push((row, like)),
                None => staying.push((row, shingles)),
            }
        }
        let progress = Progress { stage: "choosing what stays", done: number as u64, total: members.len() as u64 };
        pulse.beat(progress).await?;
    }
    dropped.sort_unstable();
    dropped
        .into_iter()
        .try_for_each(|(row, like)| writer.drop(row, "it says nearly the same as another row", Some(like)))
}

/// Puts a family's rows in the order in which they would stay.
pub(super) fn preferred_first<F: StoredFile>(
    family: &mut Vec<u32>,
    keep: Preferred,
    pass: &mut Pass<'_, F>,
) -> Result<(), PreparationFault> {
    if keep == Preferred::Longest {
        let mut lengths = Vec::with_capacity(family.len());
        for row in family.iter() {
            lengths.push((std::cmp::Reverse(pass.entry(*row)?.sample_length), *row));
        }
        lengths.sort_unstable();
        *family = lengths.into_iter().map(|(_, row)| row).collect();
    }
    Ok(())
}
