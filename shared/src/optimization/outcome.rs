//! What a run found, and how sure that is.

use serde::{Deserialize, Serialize};

use super::budget::{Limit, Spend};
use super::candidate::Candidate;
use super::objectives::Objectives;
use super::traces::Trace;
use crate::evaluation::statistics::{Interval, PairedComparison, compare_pairs, mean_interval};
use crate::prompt::PromptTemplate;

/// The format of [`Outcome`].
pub const OUTCOME_FORMAT: u32 = 1;

/// What a run found. Interruptions leave no mark on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// [`OUTCOME_FORMAT`].
    pub format: u32,
    /// The prompt that did best in the search; the starting prompt where nothing did better.
    pub winner: PromptTemplate,
    /// Its number among the candidates.
    pub winner_candidate: usize,
    /// Whether it is better, on cases that the search never saw.
    pub proof: Proof,
    /// The proof in a sentence.
    pub conclusion: String,
    /// All candidates that were scored, in the order in which they came up; the first is the starting prompt.
    pub candidates: Vec<CandidateReport>,
    /// Of those scored on all of the search's cases, the ones that no other one beats in score, tokens and seconds at
    /// once; by number, the highest score first.
    pub pareto_front: Vec<usize>,
    /// What ended the search, if it was a limit of the budget.
    pub search_ended_by: Option<Limit>,
    /// Calls made.
    pub calls: u64,
    /// What they spent.
    pub spent: Spend,
    /// The cases of the search.
    pub search_cases: Vec<usize>,
    /// The cases held out.
    pub held_out_cases: Vec<usize>,
    /// The winner's answers that passed, on the search's cases.
    pub traces: Vec<Trace>,
}

/// The starting prompt and the winner on held-out cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The starting prompt's mean score.
    pub start: Estimate,
    /// The winner's.
    pub winner: Estimate,
    /// The winner beside the starting prompt, case by case.
    pub comparison: PairedComparison,
    /// The winner is better, and that is more than chance.
    pub is_significant: bool,
    /// How many were held out.
    pub held_out_cases: usize,
}

/// A mean with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Where it may well be; `None` with too few values to say.
    pub interval: Option<Interval>,
}

/// One candidate and how it did in the search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateReport {
    /// Its number, as in the log.
    pub index: usize,
    /// The candidate.
    pub candidate: Candidate,
    /// On how many of the search's cases it was scored.
    pub cases: usize,
    /// Means over them.
    pub objectives: Objectives,
}

impl Proof {
    /// Compares scores on the same cases, pairwise.
    pub(crate) fn new(start: &[f64], winner: &[f64], held_out_cases: usize, seed: u64) -> Self {
        let pairs: Vec<(f64, f64)> = start.iter().copied().zip(winner.iter().copied()).collect();
        let comparison = compare_pairs(&pairs, seed);
        let estimate = |scores: &[f64]| Estimate {
            mean: scores.iter().sum::<f64>() / scores.len().max(1) as f64,
            interval: mean_interval(scores, Some((0.0, 1.0)), seed),
        };
        Self {
            start: estimate(start),
            winner: estimate(winner),
            is_significant: comparison.mean_difference > 0.0 && comparison.is_significant(),
            comparison,
            held_out_cases,
        }
    }

    /// What it comes to, for a person. `is_start` where nothing did better in the search.
    pub(crate) fn conclusion(&self, is_start: bool) -> String {
        let percent = |estimate: Estimate| match estimate.interval {
            Some(Interval { low, high }) => {
                format!("{:.0} % (95 % interval {:.0} to {:.0} %)", 100.0 * estimate.mean, 100.0 * low, 100.0 * high)
            }
            None => format!("{:.0} %", 100.0 * estimate.mean),
        };
        let (start, winner, cases) = (percent(self.start), percent(self.winner), self.comparison.pairs);
        if is_start {
            return match cases {
                0 => "Nothing did better than the starting prompt in the search; keep it.".to_owned(),
                _ => format!(
                    "Nothing did better than the starting prompt in the search; keep it. \
                     It scores {start} on {cases} held-out cases."
                ),
            };
        }
        if cases == 0 {
            return "The budget ended before the winner could be tried on held-out cases, so nothing is shown: \
                    run again with a larger budget."
                .to_owned();
        }
        let scores = format!("On {cases} held-out cases the winner scores {winner}, the starting prompt {start}");
        // There are pairs, so there is a p-value.
        let p = self.comparison.p_value.unwrap_or(1.0);
        if self.is_significant {
            format!("{scores}: significantly better (p = {p:.3}).")
        } else {
            format!(
                "{scores}: not significantly better (p = {p:.3}), so this may be chance. Try more cases, or keep the \
                 starting prompt."
            )
        }
    }
}
