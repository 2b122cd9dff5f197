//! Many candidates on few cases, then the best third on three times as many, until the best are left on all.
//!
//! Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (2016), with the
//! factor of 3 that Li et al. recommend ("Hyperband", 2018).

/// Of how many candidates one goes on.
const FACTOR: usize = 3;

/// Fewer cases than this say nothing about a candidate.
const FEWEST_CASES: usize = 3;

/// A stage of the halving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    /// How many candidates are still in it.
    pub(crate) candidates: usize,
    /// On how many cases, from the first, each is scored.
    pub(crate) cases: usize,
}

/// The stages for so many candidates and cases; the last one has all cases.
pub(crate) fn rungs(candidates: usize, cases: usize) -> Vec<Rung> {
    let mut last = 0;
    let mut divisor = 1;
    while candidates / (divisor * FACTOR) >= 1 && cases / (divisor * FACTOR) >= FEWEST_CASES {
        divisor *= FACTOR;
        last += 1;
    }
    (0..=last)
        .map(|rung| {
            let left_out = FACTOR.pow(last - rung);
            Rung { candidates: (candidates / FACTOR.pow(rung)).max(1), cases: cases.div_ceil(left_out) }
        })
        .collect()
}

/// How many answers the stages take, each candidate answering a case once.
pub(crate) fn answers(rungs: &[Rung]) -> usize {
    let mut before = 0;
    let mut sum = 0;
    for rung in rungs {
        sum += rung.candidates * (rung.cases - before);
        before = rung.cases;
    }
    sum
}

/// The most of `candidates` whose halving takes no more than `answers_left`.
pub(crate) fn affordable(candidates: usize, cases: usize, answers_left: usize) -> usize {
    // Not a bisection: one candidate more can take fewer answers where it adds a stage.
    (0..=candidates).rev().find(|&count| count == 0 || answers(&rungs(count, cases)) <= answers_left).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_third_goes_on_with_three_times_the_cases() {
        let rung = |candidates, cases| Rung { candidates, cases };
        assert_eq!(rungs(9, 27), [rung(9, 3), rung(3, 9), rung(1, 27)]);
        assert_eq!(answers(&rungs(9, 27)), 9 * 3 + 3 * 6 + 18);
        // Too few cases for a second stage, and a lone candidate.
        assert_eq!(rungs(9, 8), [rung(9, 8)]);
        assert_eq!(rungs(1, 27), [rung(1, 27)]);
    }

    proptest! {
        #[test]
        fn stages_narrow_and_what_is_affordable_is_afforded(
            candidates in 1..100_usize, cases in 1..300_usize, left in 0..5000_usize,
        ) {
            let stages = rungs(candidates, cases);
            prop_assert_eq!(stages[0].candidates, candidates);
            prop_assert_eq!(stages[stages.len() - 1].cases, cases);
            prop_assert!(stages.is_sorted_by(|a, b| a.candidates > b.candidates && a.cases < b.cases));
            let count = affordable(candidates, cases, left);
            prop_assert!(count == 0 || answers(&rungs(count, cases)) <= left);
            prop_assert!(count == candidates || answers(&rungs(count + 1, cases)) > left);
        }
    }
}
