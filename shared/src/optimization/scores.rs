//! How candidates did on cases, as far as they have been tried.

use std::collections::BTreeMap;

use super::budget::Spend;
use super::objectives::Objectives;
use crate::model_call::ChatMessage;

/// How a candidate did on one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CaseScore {
    pub(crate) objectives: Objectives,
    pub(crate) is_passed: bool,
    /// Why, for a person.
    pub(crate) reason: String,
    pub(crate) answer: String,
    pub(crate) messages: Vec<ChatMessage>,
    /// What answering and judging took, failed attempts included.
    pub(crate) spent: Spend,
}

impl CaseScore {
    /// No answer came.
    pub(crate) fn failed(reason: String, spent: Spend) -> Self {
        let objectives = Objectives { score: 0.0, tokens: spent.tokens as f64, seconds: spent.seconds };
        Self { objectives, reason, spent, ..Self::default() }
    }
}

/// Scores by candidate and case.
#[derive(Debug, Default)]
pub(crate) struct Scores {
    by_candidate: BTreeMap<usize, BTreeMap<usize, CaseScore>>,
}

impl Scores {
    pub(crate) fn insert(&mut self, candidate: usize, case: usize, score: CaseScore) {
        self.by_candidate.entry(candidate).or_default().insert(case, score);
    }

    pub(crate) fn of(&self, candidate: usize, case: usize) -> Option<&CaseScore> {
        self.by_candidate.get(&candidate)?.get(&case)
    }

    /// On how many cases a candidate was scored.
    pub(crate) fn count(&self, candidate: usize) -> usize {
        self.by_candidate.get(&candidate).map_or(0, BTreeMap::len)
    }

    /// Means over a candidate's cases; zeros where there are none.
    pub(crate) fn objectives(&self, candidate: usize) -> Objectives {
        let Some(scores) = self.by_candidate.get(&candidate) else { return Objectives::default() };
        let mean = |of: fn(&Objectives) -> f64| {
            scores.values().map(|score| of(&score.objectives)).sum::<f64>() / scores.len() as f64
        };
        Objectives { score: mean(|it| it.score), tokens: mean(|it| it.tokens), seconds: mean(|it| it.seconds) }
    }

    /// What scoring a candidate on a case has taken so far, on average.
    pub(crate) fn mean_spend(&self) -> Spend {
        let all: Vec<Spend> = self.by_candidate.values().flat_map(BTreeMap::values).map(|score| score.spent).collect();
        let sum = all.iter().fold(Spend::default(), |sum, spent| sum.plus(*spent));
        let count = all.len().max(1);
        Spend {
            tokens: sum.tokens.div_ceil(count as u64),
            money: sum.money / count as f64,
            seconds: sum.seconds / count as f64,
        }
    }

    /// Those of the first `candidates` that were scored on the most cases.
    pub(crate) fn most_scored(&self, candidates: usize) -> Vec<usize> {
        let most = (0..candidates).map(|index| self.count(index)).max().unwrap_or(0);
        (0..candidates).filter(|&index| self.count(index) == most).collect()
    }
}
