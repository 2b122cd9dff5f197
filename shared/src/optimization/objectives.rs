//! What a better prompt is: a higher score, then fewer tokens, then less time.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// Means over the cases that a candidate has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Objectives {
    /// Of the verdicts' scores, from 0 to 1; higher is better.
    pub score: f64,
    /// Tokens of prompt and answer; fewer is better.
    pub tokens: f64,
    /// Seconds until the answer is whole; fewer is better.
    pub seconds: f64,
}

impl Objectives {
    /// The better one first: by score, then tokens, then seconds.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.tokens.total_cmp(&other.tokens))
            .then(self.seconds.total_cmp(&other.seconds))
    }

    /// At least as good in everything and better in something.
    fn dominates(&self, other: &Self) -> bool {
        let is_as_good = self.score >= other.score && self.tokens <= other.tokens && self.seconds <= other.seconds;
        is_as_good && self != other
    }
}

/// Those that no other one beats in everything, the highest score first.
pub(crate) fn pareto_front(all: &[Objectives]) -> Vec<usize> {
    let mut front: Vec<usize> =
        (0..all.len()).filter(|&index| !all.iter().any(|other| other.dominates(&all[index]))).collect();
    front.sort_by(|&a, &b| all[a].compare(&all[b]));
    front
}

/// The best: of those whose score is within `score_tolerance` of the highest, the one with the fewest tokens, then
/// seconds, then the first. `None` of none.
pub(crate) fn best(all: &[Objectives], score_tolerance: f64) -> Option<usize> {
    let highest = all.iter().map(|objectives| objectives.score).max_by(f64::total_cmp)?;
    let rest = |index: &usize| Objectives { score: 0.0, ..all[*index] };
    (0..all.len())
        .filter(|&index| all[index].score >= highest - score_tolerance)
        .min_by(|a, b| rest(a).compare(&rest(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(score: f64, tokens: f64, seconds: f64) -> Objectives {
        Objectives { score, tokens, seconds }
    }

    #[test]
    fn the_front_has_what_nothing_beats_and_the_best_is_short_within_the_tolerance() {
        let all = [of(0.8, 300.0, 2.0), of(0.79, 100.0, 1.0), of(0.5, 100.0, 1.0), of(0.4, 50.0, 3.0)];
        assert_eq!(pareto_front(&all), [0, 1, 3]);
        assert_eq!(best(&all, 0.0), Some(0));
        assert_eq!(best(&all, 0.02), Some(1));
        assert_eq!(best(&[all[2], all[2]], 0.0), Some(0), "of equals the first");
        assert_eq!(best(&[], 0.0), None);
        assert_eq!(pareto_front(&[all[2], all[2]]), [0, 1], "equals do not beat each other");
    }
}
