//! Dropping rows of the training part that validation or test would find known.

use serde::{Deserialize, Serialize};

use crate::dataset::duplicates::{Shingles, Similarity, find_families, similarity};
use crate::dataset::preparation::{Part, Preparation, PreparationFault, Pulse, StepWriter, StoredFile};

/// What counts as known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DropLeaks {
    /// As alike as that.
    #[serde(default)]
    pub near: Similarity,
}

impl DropLeaks {
    pub(super) fn title(&self) -> String {
        format!("Drop rows of the training part that are known from validation or test ({} alike)", self.near.get())
    }
}

pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &DropLeaks,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    for (row, held_out) in find(preparation, step.near, pulse).await? {
        writer.drop(row, "validation or test has nearly the same row", Some(held_out))?;
    }
    Ok(())
}

/// Rows of the training part that are as alike as that to one of another part, with that one.
pub(crate) async fn find<F: StoredFile>(
    preparation: &Preparation<F>,
    least: Similarity,
    pulse: &impl Pulse,
) -> Result<Vec<(u32, u32)>, PreparationFault> {
    let part_of = |row: u32| preparation.rows()[row as usize].part;
    let mut families = find_families(preparation, least, pulse).await?;
    let mut pass = preparation.pass();
    let mut leaks = Vec::new();
    for family in families.members() {
        let (training, held_out): (Vec<u32>, Vec<u32>) = family
            .into_iter()
            .filter(|row| part_of(*row).is_some())
            .partition(|row| part_of(*row) == Some(Part::Train));
        if training.is_empty() || held_out.is_empty() {
            continue;
        }
        let mut known = Vec::with_capacity(held_out.len());
        for row in held_out {
            known.push((row, Shingles::of_row(&pass.row(row)?.1)));
        }
        for row in training {
            let shingles = Shingles::of_row(&pass.row(row)?.1);
            if let Some((other, _)) = known.iter().find(|(_, other)| similarity(&shingles, other) >= least.get()) {
                leaks.push((row, *other));
            }
        }
    }
    leaks.sort_unstable();
    Ok(leaks)
}
