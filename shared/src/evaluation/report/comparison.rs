//! Two columns over the same cases, paired case by case: what changed, and whether that is more than chance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::summary::SEED;
use crate::evaluation::statistics::{PairedComparison, compare_pairs, mcnemar_p_value};
use crate::evaluation::{Cell, Run};

/// One model with one prompt in a run: positions in the run's lists.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The run.
    pub run: &'a Run,
    /// The model.
    pub model: usize,
    /// The prompt.
    pub prompt: usize,
}

/// A case that passes on one side only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// The case's title.
    pub case: String,
    /// It passes now.
    pub is_passed: bool,
    /// Why it passed or failed before.
    pub reason_before: String,
    /// Why it fails or passes now.
    pub reason_now: String,
}

/// Two columns, the first being before and the second now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnComparison {
    /// Model and prompt before.
    pub before: (String, String),
    /// Model and prompt now.
    pub now: (String, String),
    /// The scores of the cases that both have, now minus before.
    pub score: PairedComparison,
    /// The share of those cases that passed, now minus before.
    pub pass_rate_difference: f64,
    /// How often passes change that much in either direction by chance (`McNemar`'s exact test); `None` without pairs.
    pub pass_p_value: Option<f64>,
    /// Cases that pass on one side only.
    pub flips: Vec<Flip>,
    /// Cases that only one side has, and which count nowhere.
    pub unpaired_cases: usize,
}

/// Compares two columns, of one run or of two. Cases are the same where their variables are.
pub fn compare_columns(before: Column<'_>, now: Column<'_>) -> ColumnComparison {
    let (first, second) = (cells_by_case(before), cells_by_case(now));
    let pairs: Vec<(&str, &Cell, &Cell)> =
        first.iter().filter_map(|(id, (_, cell))| Some((*id, *cell, second.get(id)?.1))).collect();
    // In the order of the second run's cases.
    let mut pairs: Vec<(usize, &str, &Cell, &Cell)> =
        pairs.into_iter().map(|(id, one, other)| (other.index.case, id, one, other)).collect();
    pairs.sort_by_key(|(position, ..)| *position);
    let scores: Vec<(f64, f64)> = pairs.iter().map(|(_, _, one, other)| (one.score(), other.score())).collect();
    let flips: Vec<Flip> = pairs
        .iter()
        .filter(|(_, _, one, other)| one.is_passed() != other.is_passed())
        .map(|(_, id, one, other)| Flip {
            case: second.get(id).map(|(title, _)| (*title).to_owned()).unwrap_or_default(),
            is_passed: other.is_passed(),
            reason_before: one.reason().to_owned(),
            reason_now: other.reason().to_owned(),
        })
        .collect();
    let won = flips.iter().filter(|flip| flip.is_passed).count();
    let lost = flips.len() - won;
    ColumnComparison {
        before: before.names(),
        now: now.names(),
        score: compare_pairs(&scores, SEED),
        pass_rate_difference: if pairs.is_empty() { 0.0 } else { (won as f64 - lost as f64) / pairs.len() as f64 },
        pass_p_value: (!pairs.is_empty()).then(|| mcnemar_p_value(lost as u64, won as u64)),
        flips,
        unpaired_cases: first.len() + second.len() - 2 * pairs.len(),
    }
}

/// Compares the columns that two runs have in common, by the model's label and the prompt's name.
pub fn compare_runs(before: &Run, now: &Run) -> Vec<ColumnComparison> {
    let columns = |run| -> Vec<Column<'_>> {
        Run::columns(run).keys().map(|&(model, prompt)| Column { run, model, prompt }).collect()
    };
    let old = columns(before);
    let same = |now: Column<'_>| old.iter().find(|before| before.names() == now.names()).copied();
    columns(now).into_iter().filter_map(|now| Some(compare_columns(same(now)?, now))).collect()
}

impl Column<'_> {
    fn names(&self) -> (String, String) {
        let name = |names: &[String], index: usize| names.get(index).cloned().unwrap_or_default();
        (name(&self.run.models, self.model), name(&self.run.prompts, self.prompt))
    }
}

/// A column's cells with their titles, by the case's id.
fn cells_by_case<'a>(column: Column<'a>) -> BTreeMap<&'a str, (&'a str, &'a Cell)> {
    let run = column.run;
    let cells = run.cells.iter().filter(|cell| (cell.index.model, cell.index.prompt) == (column.model, column.prompt));
    cells
        .filter_map(|cell| {
            let case = run.cases.get(cell.index.case)?;
            Some((case.id.as_str(), (case.title.as_str(), cell)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::run::tests::run_of;

    #[test]
    fn cases_are_paired_by_what_they_are_and_not_by_their_place() {
        let before = run_of(1, &[1.0, 0.0, 0.5, 0.25]);
        let mut now = run_of(1, &[1.0, 1.0, 1.0, 0.25, 1.0]);
        // The same cases in another order.
        now.cases.swap(0, 3);
        for cell in &mut now.cells {
            cell.index.case = match cell.index.case {
                0 => 3,
                3 => 0,
                other => other,
            };
        }
        let comparison = &compare_runs(&before, &now)[0];
        assert_eq!((comparison.score.pairs, comparison.score.better, comparison.score.worse), (4, 2, 0));
        assert_eq!((comparison.score.mean_difference, comparison.pass_rate_difference), (0.375, 0.5));
        assert_eq!((comparison.pass_p_value, comparison.unpaired_cases), (Some(0.5), 1));
        let flips: Vec<&str> = comparison.flips.iter().map(|flip| flip.case.as_str()).collect();
        assert_eq!(flips, ["number: 1", "number: 2"]);
        assert_eq!(comparison.flips[0].reason_before, "the model said nothing");
    }

    #[test]
    fn columns_of_one_run_and_runs_without_common_columns_compare() {
        let run = run_of(2, &[1.0, 0.5]);
        let column = |model| Column { run: &run, model, prompt: 0 };
        let comparison = compare_columns(column(0), column(1));
        assert_eq!((comparison.score.mean_difference, &comparison.flips[..]), (0.0, &[][..]));
        assert_eq!(comparison.now, ("large".into(), "short".into()));
        let mut other = run.clone();
        other.prompts = vec!["long".into()];
        assert_eq!(compare_runs(&run, &other), []);
    }
}
