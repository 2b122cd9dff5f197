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
use crate::dataset::named_column::NamedColumn;
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
                "train {}, validation {} and test {} are no shares of the rows: each is between 0 and 1, and together they are \
                 1, as 0.8, 0.1 and 0.1 for 80, 10 and 10 percent",
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
    join_by_key(preparation, &mut families, pulse, |entry, _| {
        Some(format!("{}:{}", entry.origin.file, entry.origin.record))
    })
    .await?;
    if let Some(column) = &step.together_by {
        let mut column = NamedColumn::new(column);
        join_by_key(preparation, &mut families, pulse, |_, row| column.text_of(row)).await?;
        column.must_be_there()?;
    }
    // By a family's first row: how many rows it has, and its stratum.
    let mut sizes = vec![0_u32; preparation.rows().len()];
    let mut stratum_of = vec![0_u32; preparation.rows().len()];
    let mut strata = HashMap::<String, u32>::new();
    let mut evenly_by = step.evenly_by.as_deref().map(NamedColumn::new);
    each_kept(preparation, "sharing out", pulse, |row, _, content| {
        let first = families.first(row) as usize;
        if let Some(column) = &mut evenly_by {
            let value = column.text_of(&content);
            // A family is in the stratum of its first row.
            if sizes[first] == 0 {
                let next = strata.len() as u32;
                stratum_of[first] = *strata.entry(value.unwrap_or_default()).or_insert(next);
            }
        }
        sizes[first] += 1;
        Ok(())
    })
    .await?;
    evenly_by.map_or(Ok(()), NamedColumn::must_be_there)?;
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
    mut key_of: impl FnMut(&Entry, &Row) -> Option<String>,
) -> Result<(), PreparationFault> {
    let mut seen = Seen::default();
    each_kept(preparation, "grouping", pulse, |row, entry, content| {
        if let Some(key) = key_of(&entry, &content)
            && let Some(first) = seen.first_like(row, SampleHash::of(key.as_bytes()))
        {
            families.join(first, row);
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::preparation::tests::prepared;
    use crate::dataset::preparation::{MemoryFile, Silent};
    use crate::dataset::steps::{DropRows, KeepRows, Noise, NoiseKind, Step};

    const WORDS: [&str; 4] = ["geese swim in the cold lake", "mills grind grain", "bees make honey", "rivers run"];

    fn run(preparation: &mut Preparation<MemoryFile>, step: Step) -> Result<(), String> {
        pollster::block_on(preparation.run(step, &Silent)).map(|_| ()).map_err(|fault| fault.to_string())
    }

    fn parts(preparation: &Preparation<MemoryFile>) -> Vec<Option<Part>> {
        preparation.rows().iter().map(|row| row.part).collect()
    }

    fn noise(part: Option<Part>) -> Step {
        Step::Noise(Noise { kind: NoiseKind::Casing, share: 1.0, of_rows: 1.0, seed: 1, part })
    }

    /// Rows of one column each, all unlike.
    fn rows_of(values: impl Iterator<Item = String>) -> String {
        let row = |(number, value): (usize, String)| {
            let prompt = format!("q{number} {} {number}z", WORDS[number % 4]);
            format!("{{\"prompt\":\"{prompt}\",\"completion\":\"a{number}\",\"who\":{value}}}\n")
        };
        values.enumerate().map(row).collect()
    }

    #[test]
    fn rows_that_share_a_value_stay_together_with_all_that_is_like_them() {
        // Ten people with twenty rows each; rows 0, 1 and 2 are nearly the same and of three people.
        let mut file = rows_of((0..200).map(|row| format!("\"p{}\"", row % 10)));
        for who in [0, 1, 2] {
            let words: String = (0..30).map(|word| format!("word{word} ")).collect();
            file.push_str(&format!("{{\"prompt\":\"{words}{who}\",\"completion\":\"a\",\"who\":\"p{who}\"}}\n"));
        }
        let mut preparation = prepared(&file);
        run(&mut preparation, noise(None)).unwrap();
        let step =
            Split { train: 0.5, validation: 0.2, test: 0.3, together_by: Some("who".to_owned()), ..Split::default() };
        run(&mut preparation, Step::Split(step)).unwrap();
        let mut pass = preparation.pass();
        let mut part_of = HashMap::new();
        for row in 0..preparation.rows().len() as u32 {
            let who = pass.row(row).unwrap().1.column_text("who").unwrap();
            // What is alike joins the three people.
            let who = if ["p1", "p2"].contains(&&*who) { "p0".to_owned() } else { who };
            let part = preparation.rows()[row as usize].part.unwrap();
            assert_eq!(*part_of.entry(who.clone()).or_insert(part), part, "{who}");
        }
        assert_eq!(part_of.len(), 8);
        assert!(Part::ALL.iter().all(|part| part_of.values().any(|other| other == part)), "{part_of:?}");
    }

    #[test]
    fn each_value_is_shared_out_alike() {
        let mut preparation =
            prepared(&rows_of((0..400).map(|row| (if row % 4 == 0 { "\"rare\"" } else { "\"often\"" }).to_owned())));
        run(&mut preparation, Step::Split(Split { evenly_by: Some("who".to_owned()), ..Split::default() })).unwrap();
        let mut counts = HashMap::<(String, Part), u32>::new();
        let mut pass = preparation.pass();
        for row in 0..400 {
            let who = pass.row(row).unwrap().1.column_text("who").unwrap();
            *counts.entry((who, preparation.rows()[row as usize].part.unwrap())).or_default() += 1;
        }
        let count = |who: &str, part| counts[&(who.to_owned(), part)];
        assert_eq!(Part::ALL.map(|part| count("rare", part)), [80, 10, 10]);
        assert_eq!(Part::ALL.map(|part| count("often", part)), [240, 30, 30]);
    }

    #[test]
    fn a_column_that_no_row_has_is_refused() {
        let mut preparation = prepared(&rows_of((0..9).map(|row| row.to_string())));
        for (together_by, evenly_by) in [(Some("Who".to_owned()), None), (None, Some("Who".to_owned()))] {
            let fault = run(&mut preparation, Step::Split(Split { together_by, evenly_by, ..Split::default() }));
            let told = "no row has a column \"Who\": the columns beside what is learned are who";
            assert_eq!(fault.unwrap_err(), told);
        }
        let step = Split { evenly_by: Some("who".to_owned()), ..Split::default() };
        let none = run(&mut prepared("{\"text\":\"a\"}\n"), Step::Split(step)).unwrap_err();
        assert!(none.contains("they have no columns"), "{none}");
    }

    #[test]
    fn rows_made_after_the_split_go_where_their_parents_are() {
        let mut preparation = prepared(&rows_of((0..40).map(|row| row.to_string())));
        assert!(run(&mut preparation, noise(Some(Part::Train))).unwrap_err().contains("split the rows first"));
        let dropped = vec!["a.jsonl:7".to_owned()];
        run(&mut preparation, Step::DropRows(DropRows { rows: dropped.clone(), reason: "no".to_owned() })).unwrap();
        run(&mut preparation, Step::Split(Split::default())).unwrap();
        run(&mut preparation, noise(None)).unwrap();
        let all = parts(&preparation);
        let mut pass = preparation.pass();
        for made in 40..all.len() {
            let parent = pass.entry(made as u32).unwrap().origin.record as usize - 1;
            assert!(all[made] == all[parent] && all[made].is_some(), "{made} of {parent}");
        }
        assert!(Part::ALL.iter().all(|part| all[40..].contains(&Some(*part))), "{all:?}");

        // What the split never saw is in no part, and so is what is made of it.
        run(&mut preparation, Step::KeepRows(KeepRows { rows: dropped })).unwrap();
        assert_eq!(parts(&preparation)[6], None);
        let training = all.iter().filter(|part| **part == Some(Part::Train)).count();
        run(&mut preparation, noise(Some(Part::Train))).unwrap();
        assert!(parts(&preparation)[all.len()..].iter().all(|part| *part == Some(Part::Train)));
        assert!((training / 2..=training).contains(&(preparation.rows().len() - all.len())));
    }
}
