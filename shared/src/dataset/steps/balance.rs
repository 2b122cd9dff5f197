//! Dropping rows of classes that have too many.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::each_kept;
use crate::dataset::classes::{ClassOf, Classes};
use crate::dataset::preparation::{Preparation, PreparationFault, Pulse, StepWriter, StoredFile};

/// How many rows a class keeps. Rows without a class all stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Balance {
    /// What a row's class is.
    pub by: ClassOf,
    /// The most rows of a class.
    pub most_rows: u64,
    /// Another seed keeps others.
    #[serde(default)]
    pub seed: u64,
}

impl Balance {
    pub(super) fn title(&self) -> String {
        format!("Keep at most {} of each class, by {}", super::counted(self.most_rows as usize, "row"), self.by.title())
    }
}

pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Balance,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let classes = Classes::count(preparation, &step.by, pulse).await?;
    let large = classes.rows.into_iter().filter(|(_, count)| *count > step.most_rows);
    let mut large: HashMap<String, Vec<(u64, u32)>> = large.map(|(class, _)| (class, Vec::new())).collect();
    each_kept(preparation, "choosing what stays", pulse, |number, _, row| {
        if let Some(rows) = step.by.of(&row).and_then(|class| large.get_mut(&class)) {
            rows.push((xxh3_64_with_seed(&number.to_le_bytes(), step.seed), number));
        }
        Ok(())
    })
    .await?;
    let mut dropped = Vec::new();
    for mut rows in large.into_values() {
        rows.sort_unstable();
        dropped.extend(rows.into_iter().skip(step.most_rows as usize).map(|(_, number)| number));
    }
    dropped.sort_unstable();
    dropped.into_iter().try_for_each(|row| writer.drop(row, "its class has more rows than are wanted", None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::preparation::{Silent, tests::prepared};
    use crate::dataset::steps::Step;

    #[test]
    fn large_classes_shrink_and_the_same_rows_stay_for_a_seed() {
        let file: String = (0..100)
            .map(|row| {
                let label = if row % 10 == 0 { "rare" } else { "frequent " };
                format!("{{\"prompt\": \"q{row}\", \"completion\": \"{label}\", \"id\": {row}}}\n")
            })
            .chain(["{\"text\": \"no class\"}\n".to_owned()])
            .collect();
        let kept = |by: ClassOf, seed| {
            let mut preparation = prepared(&file);
            let step = Step::Balance(Balance { by: by.clone(), most_rows: 12, seed });
            pollster::block_on(preparation.run(step, &Silent)).map_err(|fault| fault.to_string())?;
            let classes = pollster::block_on(Classes::count(&preparation, &by, &Silent)).unwrap();
            let rows: Vec<bool> = preparation.rows().iter().map(|row| row.is_kept()).collect();
            Ok::<_, String>((classes, rows))
        };
        let (classes, rows) = kept(ClassOf::Answer, 0).unwrap();
        assert_eq!(classes.rows, [("frequent".to_owned(), 12), ("rare".to_owned(), 10)]);
        assert_eq!(classes.without, 1);
        assert_eq!(kept(ClassOf::Answer, 0).unwrap().1, rows);
        assert_ne!(kept(ClassOf::Answer, 1).unwrap().1, rows);
        assert!(kept(ClassOf::Column("ID".to_owned()), 0).unwrap_err().contains("no row has a column \"ID\""));
        let (classes, _) = kept(ClassOf::Column("id".to_owned()), 0).unwrap();
        assert_eq!((classes.rows.len(), classes.without), (100, 1));
    }
}
