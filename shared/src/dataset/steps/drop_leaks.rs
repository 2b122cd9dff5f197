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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::preparation::Silent;
    use crate::dataset::preparation::tests::prepared;
    use crate::dataset::steps::{Split, Step};

    #[test]
    fn training_rows_that_are_known_from_the_others_are_dropped() {
        // Pairs that share 18 of 22 shingles: the split does not see them as nearly the same, and 0.8 does.
        let text = |pair: usize, last: &str| {
            let words: Vec<String> = (0..20).map(|word| format!("p{pair}w{word}")).collect();
            format!("{{\"text\":\"{} {last} {last}\"}}\n", words.join(" "))
        };
        let file: String = (0..60).map(|pair| text(pair, "one") + &text(pair, "other")).collect();
        let mut preparation = prepared(&file);
        let mut run = |step| pollster::block_on(preparation.run(step, &Silent)).unwrap().counts;
        let near = Similarity::try_from(1.0).unwrap();
        run(Step::Split(Split { train: 0.5, validation: 0.2, test: 0.3, near, ..Split::default() }));
        let counts = run(Step::DropLeaks(DropLeaks::default()));
        let twin = |row: u32| row ^ 1;
        let part = |row: u32| preparation.rows()[row as usize].part.unwrap();
        let known: Vec<u32> =
            (0..120).filter(|row| part(*row) == Part::Train && part(twin(*row)) != Part::Train).collect();
        let dropped: Vec<u32> = (0..120).filter(|row| !preparation.rows()[*row as usize].is_kept()).collect();
        assert_eq!(dropped, known);
        assert!(counts.dropped > 10 && counts.dropped == dropped.len() as u64, "{}", counts.dropped);
        for row in dropped {
            let why = preparation.why_dropped(row).unwrap().unwrap();
            assert_eq!(why, ("validation or test has nearly the same row".to_owned(), Some(twin(row))));
        }
        assert!(pollster::block_on(find(&preparation, Similarity::USUAL, &Silent)).unwrap().is_empty());
    }
}
