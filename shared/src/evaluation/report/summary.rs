//! Numbers per model and prompt: how good, how sure, how fast and how dear.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::Money;
use crate::evaluation::statistics::{Interval, mean_interval};
use crate::evaluation::{Cell, Run};

/// The same scores give the same interval in every report.
pub(super) const SEED: u64 = 0;
/// What scores can be.
const SCORES: Option<(f64, f64)> = Some((0.0, 1.0));

/// A mean and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Where it lies with 95 % confidence; `None` where there are too few cases to say.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// The mean of scores from 0 to 1; `None` where there are none.
    fn of(scores: &[f64]) -> Option<Self> {
        let interval = mean_interval(scores, SCORES, SEED);
        (!scores.is_empty()).then(|| Self { mean: scores.iter().sum::<f64>() / scores.len() as f64, interval })
    }
}

/// Some cells together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Cells.
    pub cells: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that did not because of something else than the answer: no answer, or nobody could judge it.
    pub errors: usize,
    /// From 0 to 1; a cell without an answer scores 0.
    pub score: Estimate,
    /// The share that passed.
    pub pass_rate: Estimate,
}

impl Group {
    fn of(cells: &[&Cell]) -> Option<Self> {
        let scores: Vec<f64> = cells.iter().map(|cell| cell.score()).collect();
        let passes: Vec<f64> = cells.iter().map(|cell| f64::from(u8::from(cell.is_passed()))).collect();
        Some(Self {
            cells: cells.len(),
            passed: cells.iter().filter(|cell| cell.is_passed()).count(),
            errors: cells.iter().filter(|cell| cell.is_error()).count(),
            score: Estimate::of(&scores)?,
            pass_rate: Estimate::of(&passes)?,
        })
    }
}

/// How a quantity is spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Half of the values are at most this.
    pub median: f64,
    /// 95 of 100 values are at most this.
    pub percentile_95: f64,
}

impl Spread {
    /// By the nearest rank; `None` without values.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * values.len() as f64).ceil() as usize;
            values.get(rank.saturating_sub(1)).copied()
        };
        Some(Self { median: at(0.5)?, percentile_95: at(0.95)? })
    }
}

/// One model with one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// The model's label.
    pub model: String,
    /// The prompt's name.
    pub prompt: String,
    /// All cells.
    pub all: Group,
    /// Those of each tag.
    pub tags: BTreeMap<String, Group>,
    /// The mean of each named metric, over the cells that have it.
    pub metrics: BTreeMap<String, Estimate>,
    /// From the call to the last token, over the answers.
    pub latency_seconds: Option<Spread>,
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Tokens of all answers.
    pub completion_tokens: u64,
    /// What all answers cost, one amount per currency. Empty where no price is known.
    pub costs: Vec<Money>,
    /// Answers whose cost is unknown, and which `costs` doesn't hold.
    pub unpriced_answers: usize,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// By model and prompt.
    pub columns: Vec<ColumnSummary>,
    /// Cells of all columns.
    pub cells: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that did not because of something else than the answer.
    pub errors: usize,
}

/// Adds up a run.
pub fn summarize(run: &Run) -> Summary {
    let columns = run.columns();
    let columns =
        columns.iter().filter_map(|(&(model, prompt), cells)| summarize_column(run, model, prompt, cells)).collect();
    Summary {
        columns,
        cells: run.cells.len(),
        passed: run.cells.iter().filter(|cell| cell.is_passed()).count(),
        errors: run.cells.iter().filter(|cell| cell.is_error()).count(),
    }
}

fn summarize_column(run: &Run, model: usize, prompt: usize, cells: &[&Cell]) -> Option<ColumnSummary> {
    let mut tagged: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    let mut metrics: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for cell in cells {
        for tag in run.cases.get(cell.index.case).map_or(&[][..], |case| &case.tags) {
            tagged.entry(tag).or_default().push(cell);
        }
        for (name, score) in cell.verdict().iter().flat_map(|verdict| &verdict.named_scores) {
            metrics.entry(name).or_default().push(*score);
        }
    }
    let answers: Vec<_> = cells.iter().filter_map(|cell| cell.answer()).collect();
    let mut costs: Vec<Money> = Vec::new();
    for cost in answers.iter().filter_map(|answer| answer.cost.as_ref()) {
        match costs.iter_mut().find(|sum| sum.currency == cost.currency) {
            Some(sum) => sum.amount += cost.amount,
            None => costs.push(cost.clone()),
        }
    }
    let seconds = answers.iter().map(|answer| answer.usage.prefill_seconds + answer.usage.decode_seconds);
    Some(ColumnSummary {
        model: run.models.get(model)?.clone(),
        prompt: run.prompts.get(prompt)?.clone(),
        all: Group::of(cells)?,
        tags: tagged.into_iter().filter_map(|(tag, cells)| Some((tag.to_owned(), Group::of(&cells)?))).collect(),
        metrics: metrics
            .into_iter()
            .filter_map(|(name, scores)| Some((name.to_owned(), Estimate::of(&scores)?)))
            .collect(),
        latency_seconds: Spread::of(seconds.collect()),
        prompt_tokens: answers.iter().map(|answer| u64::from(answer.usage.prompt_tokens)).sum(),
        completion_tokens: answers.iter().map(|answer| u64::from(answer.usage.completion_tokens)).sum(),
        costs,
        unpriced_answers: answers.iter().filter(|answer| answer.cost.is_none()).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::run::tests::run_of;
    use serde_json::json;

    #[test]
    fn a_run_is_added_up_by_column_tag_and_metric() {
        let summary = summarize(&run_of(2, &[1.0, 1.0, 0.5, 0.0]));
        assert_eq!((summary.cells, summary.passed, summary.errors), (8, 4, 2));
        assert_eq!(summary.columns.len(), 2);
        let column = &summary.columns[1];
        assert_eq!((&*column.model, &*column.prompt), ("large", "short"));
        let group = serde_json::to_value(&column.all).unwrap();
        assert_eq!(
            (group["cells"].clone(), group["passed"].clone(), group["errors"].clone()),
            (json!(4), json!(2), json!(1))
        );
        assert_eq!((column.all.score.mean, column.all.pass_rate.mean), (0.625, 0.5));
        let interval = column.all.score.interval.unwrap();
        assert!(interval.low < 0.5 && interval.high > 0.8 && interval.high <= 1.0, "{interval:?}");
        assert_eq!(column.tags["even"].cells, 2);
        assert_eq!(column.tags["even"].score.mean, 0.75);
        assert_eq!((column.metrics["tone"].mean, column.prompt_tokens, column.completion_tokens), (2.5 / 3.0, 30, 6));
        assert_eq!(column.latency_seconds, Some(Spread { median: 2.0, percentile_95: 3.0 }));
        assert_eq!(
            (&column.costs[..], column.unpriced_answers),
            (&[Money { amount: 3.0, currency: "USD".into() }][..], 1)
        );
    }

    #[test]
    fn too_few_cases_have_no_interval() {
        let column = &summarize(&run_of(1, &[1.0])).columns[0];
        assert_eq!(column.all.score, Estimate { mean: 1.0, interval: None });
        assert_eq!(summarize(&run_of(1, &[])).columns, []);
    }
}
